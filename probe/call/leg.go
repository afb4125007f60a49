package call

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

const (
	// checkEvery is five a second: enough samples for a round trip, and many may be
	// lost in a row before consent (5 s) ends.
	checkEvery = 200 * time.Millisecond
	// checkLost is when an unanswered check is given up.
	checkLost = 2 * time.Second
	// downLag is how much later than ours the responder's stream may end. If the
	// first proof took longer than that, the rest of the stream is not awaited.
	downLag = 8 * time.Second
	// unwanted is how long packets go up without a sign that the far end wants
	// them, see wanted.
	unwanted = 2 * time.Second
	// rarely is how often an address is asked that has never answered: the path may
	// open later, or the address may be of somebody who wants nothing from us.
	rarely = time.Second
	// standstill is how long this computer may pause between two packets. After a
	// longer pause the far end's silence means nothing: what it sent was not read yet.
	standstill = 500 * time.Millisecond
	// proofWait is how long the up stream waits for an answered check. Then it
	// starts without one, so that a dead path shows as 100 % loss.
	proofWait = 1500 * time.Millisecond
)

// A leg is the agent's side of one of the calls: a media socket of its own,
// the checks, the stream up and the arrivals of the stream down.
type leg struct {
	request    wire.Request
	grant      wire.CallGrant
	packets    int           // to send
	offset     time.Duration // of this call's packets from the others', within a packet time
	begun      time.Duration // when the calls began
	conn       stamp.PacketConn
	sealer     *wire.Sealer
	credential *wire.Credential
	opener     *wire.Opener
	mark       Mark
	sameHost   bool // the control connection goes, directly, to the media's own host

	proved chan struct{} // closed when a check was first answered
	sent   chan struct{} // closed when the up stream is over

	challenge atomic.Uint64 // that the stream down carried last; the stream up carries it back

	stamped bool // the system stamps what arrives, so that reading it late does no harm

	mu       sync.Mutex // guards the rest
	pending  map[wire.TransactionID]time.Duration
	askedAt  time.Duration // when a check was sent last; 0: never
	trips    []stream.RoundTrip
	lost     int // checks
	mapped   netip.AddrPort
	changes  []PathChange
	start    time.Duration // when packet 0 is due
	started  bool
	sentAt   []time.Duration // of each packet that was due: sent, given up or held back
	lateness []time.Duration
	took     []time.Duration                      // how long after its stamp the system had each packet
	written  int                                  // packets up to the last that was really sent
	held     []int64                              // packets that were held back, see wanted
	reached  []time.Duration                      // when checks left that were answered too late to count
	overdue  map[wire.TransactionID]time.Duration // checks that were given up, and when they left
	answerAt time.Duration                        // when a check was answered last
	wokeAt   time.Duration                        // when this computer continued after a standstill, or began
	lineAt   time.Duration                        // when a line of this call came last over the control connection
	copies   stream.Copies
	down     []stream.Arrival
	downZero time.Duration // when packet 0 of the down stream would have come with the fastest transit
	foreign  int
	dropped  uint32
	seconds  []Second      // of the stream up, as far as this end's socket shows them
	toldDrop uint32        // of the socket, by the datagram before
	drops    uint32        // of the socket before the call
	heard    time.Duration // when an authentic datagram came last
	isHeard  bool
	far      report
}

// newLeg prepares a call over a socket.
func newLeg(r wire.Request, g wire.CallGrant, conn stamp.PacketConn) (*leg, error) {
	l := &leg{
		request: r, grant: g, conn: conn,
		proved: make(chan struct{}), sent: make(chan struct{}), stamped: stamp.Kernel,
		pending: map[wire.TransactionID]time.Duration{}, overdue: map[wire.TransactionID]time.Duration{},
	}
	var err error
	if l.sealer, err = wire.NewSealer(wire.UpFlow(r, g)); err != nil {
		return nil, err
	}
	if l.opener, err = wire.NewOpener(wire.DownFlow(r, g)); err != nil {
		return nil, err
	}
	if l.credential, err = g.Credential(); err != nil {
		return nil, err
	}
	l.mark.Asked = r.DSCP
	set, doubt := conn.SetDSCP(r.DSCP)
	if l.mark.Doubt = doubt; doubt == "" {
		l.mark.Set = &set
	}
	l.drops = conn.Drops()
	l.toldDrop = l.drops
	return l, nil
}

// read handles what arrives until the socket is closed.
func (l *leg) read(ctx context.Context) {
	b := make([]byte, stamp.MaxDatagram)
	for ctx.Err() == nil {
		a, err := l.conn.Read(b)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			// The path may recover; the pause keeps a lasting error from using all of a core.
			stamp.Pause(ctx, 20*time.Millisecond)
		case wire.IsCheck(b[:a.N]):
			l.check(b[:a.N], a)
		case wire.IsRTP(b[:a.N]):
			l.packet(b[:a.N], a)
		}
	}
}

// packet adds a packet of the down stream to the trace.
func (l *leg) packet(b []byte, a stamp.Arrival) {
	index, sent, err := l.opener.Open(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	// A number beyond the end of the call is not of the call, even where its tag is
	// right: one in four billion is, by chance.
	if err != nil || index >= int64(l.packets) {
		l.foreign++
		return
	}
	l.heard, l.isHeard = a.At, true
	l.challenge.Store(wire.Challenge(b))
	l.socket(a)
	if !l.copies.Take(index, l.packets) {
		return
	}
	zero := a.At - time.Duration(index)*l.request.Ptime
	if len(l.down) == 0 || zero < l.downZero {
		l.downZero = zero
	}
	l.down = append(l.down, stream.Arrival{Seq: index, Sent: sent, Received: a.At, DSCP: a.DSCP})
}

// socket notes how this end's socket fared with a datagram, in the second of the
// call that it came in.
func (l *leg) socket(a stamp.Arrival) {
	dropped := a.Dropped - l.toldDrop
	l.toldDrop = a.Dropped
	at := int((a.At - l.start) / time.Second)
	if !l.started || a.At < l.start || at > l.packets {
		return
	}
	for at >= len(l.seconds) {
		l.seconds = append(l.seconds, Second{})
	}
	s := &l.seconds[at]
	s.Waited = max(s.Waited, a.Waited)
	s.Dropped += int(dropped)
}

// stream has the packets up sent, each when it is due, until they are all sent
// or ctx ends.
func (l *leg) stream(ctx context.Context, p *pacer) {
	defer close(l.sent)
	timer := time.NewTimer(proofWait)
	defer timer.Stop()
	select {
	case <-l.proved:
	case <-timer.C:
	case <-ctx.Done():
		return
	}
	start := l.grid(stamp.Now())
	l.mu.Lock()
	l.start, l.started, l.wokeAt = start, true, start
	l.mu.Unlock()
	select {
	case <-p.add(l, start):
	case <-ctx.Done():
	}
}

// grid is the next moment after now at which this call's packets may be due, so
// that the packets of several calls are evenly spread.
func (l *leg) grid(now time.Duration) time.Duration {
	first := l.begun + l.offset
	return stream.Due(first, int((now-first)/l.request.Ptime)+1, l.request.Ptime)
}

// send stamps and sends one packet. A packet that the system refuses counts as
// sent: the call loses it as it loses one on the path. A packet that is due for too
// long is given up, as the responder does too. While the far end does not seem to
// want the stream, packets are held back.
func (l *leg) send(i int64, due time.Duration) {
	at := stamp.Now()
	giveUp, wanted := at-due > wire.TooLate, l.wanted(at)
	if !giveUp && wanted {
		l.sealer.SetChallenge(l.challenge.Load())
		_ = l.conn.Write(l.sealer.Seal(i, at), netip.AddrPort{})
	}
	taken := stamp.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sentAt = append(l.sentAt, at)
	l.lateness = append(l.lateness, at-due)
	l.took = append(l.took, taken-at)
	switch {
	case giveUp:
	case wanted:
		l.written = len(l.sentAt)
	default:
		l.held = append(l.held, i)
	}
}

// wanted says whether the far end has shown lately that it wants the stream. The
// maker of the invite may have named somebody else's address, so one of these is
// needed:
//   - it answered a check, which nobody without the credentials can do;
//   - it reports new arrivals over the control connection, and the media's address
//     has answered once or is the host of the control connection;
//   - both of those hold for the address, and it reports anything at all: so a path
//     that dies on the way up is measured to its end.
func (l *leg) wanted(now time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.sentAt); n > 0 && now-l.sentAt[n-1] > standstill {
		l.wokeAt = now
	}
	last := l.wokeAt
	if l.isProved() {
		last = max(last, l.answerAt)
	}
	if l.far.got && (l.isProved() || l.sameHost) {
		last = max(last, l.far.gotAt)
	}
	if l.isProved() && l.sameHost {
		last = max(last, l.lineAt)
	}
	return now-last < unwanted
}

// mediaEnd is when the last packet of either direction is due here, and whether
// that is known yet.
func (l *leg) mediaEnd() (time.Duration, bool) {
	select {
	case <-l.sent:
	default:
		return 0, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.started {
		return stamp.Now(), true
	}
	last := time.Duration(l.packets-1) * l.request.Ptime
	end := l.start + last
	if n := len(l.sentAt); n > 0 {
		end = max(end, l.sentAt[n-1]) // a computer that stood still sent it later
	}
	if len(l.down) > 0 {
		// The responder's stream ends as long after its start as ours.
		end = max(end, min(l.downZero+last, end+downLag))
	}
	return end, true
}
