package responder

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/responder/listen"
	"netready/probe/responder/share"
	"netready/probe/stream"
)

const (
	// consent is how long a proof of address lasts (30 s in RFC 7675 5.1; a test call
	// is shorter, and the stream to a wrong target must stop sooner).
	consent = 5 * time.Second
	// challengeLasts is how long the stream down carries the same challenge. The first
	// packet up with it, or with the one before it, renews the proof.
	challengeLasts = time.Second
	// renewAfter is how old a proof is before it is renewed: that costs little, and
	// leaves many tries before consent ends, since an agent's check comes five times a
	// second.
	renewAfter = 600 * time.Millisecond
	// questionLife is how long an answer to a check of ours counts: longer than the queue of
	// a full line.
	questionLife = 4 * time.Second
	// idle is how long a session without any request or proof of its agent is kept.
	idle = 30 * time.Second
	// signFor is how long a session keeps its loan without a sign that somebody is
	// there. Its firewall checks, which come first, are signs.
	signFor = 10 * time.Second
	// spare is how much longer than its calls a session may last: for ports before
	// them, and late packets and bandwidth after them.
	spare = 3 * time.Minute
)

// A session is what one agent was granted.
type session struct {
	id          string
	client      netip.Addr // of the control connection
	request     wire.Request
	grant       wire.Grant
	calls       []*call
	begun       time.Duration
	since       time.Time       // the same, by the system's clock
	holder      holder          // of the token that it was granted for
	loan        *share.Loan     // its part of what the responder can carry; returned while there is no sign
	sign        atomic.Int64    // on the clock of stamp.Now: when it last showed that somebody is there
	drops       func() uint32   // of the media socket, ever; nil: not counted
	dropsBefore uint32          // the session
	ctx         context.Context //nolint:containedctx // the session's own life
	cancel      context.CancelFunc

	mu        sync.Mutex // guards the rest
	seen      time.Duration
	busy      int // requests under way
	closed    string
	finished  chan struct{} // closed by PathFinish
	isDone    bool
	listening bool
	transfers int
	handedOn  bool             // its run is another session's
	signed    wire.SignRequest // what was signed of its result
	answered  map[asked]uint8  // firewall checks' questions, and how often
}

// call is one call of a session.
type call struct {
	session    *session
	request    wire.Request
	grant      wire.CallGrant
	credential *wire.Credential
	packets    int
	// mostRecords is mostUnread: a division for each packet takes its time.
	mostRecords int

	mu          sync.Mutex // guards the rest, of which every packet needs what comes first
	opener      *wire.Opener
	proved      netip.AddrPort
	provedAt    time.Duration
	challenge   uint64    // that the stream down carries
	awaited     [2]uint64 // challenges that were not answered yet, 0: none
	challengeAt time.Duration
	heard       time.Duration // when a packet of the stream up came last
	stopped     bool          // the session is over
	unread      bool          // nobody reads the records, so they are dropped
	down        []wire.Departure
	leeway      []wire.Departure // packets down that may have left so much later than their stamp
	up          upTrace
	event       wire.Event // what is counted so far
	seenIDs     map[wire.TransactionID]struct{}
	turn        netip.AddrPort // the address without proof whose next check gets its answer
	flows       bool           // the down stream has begun
	reported    string         // the proved address that the agent knows
}

// newSession makes a session with random secrets.
func newSession(r wire.Request, client netip.Addr) *session {
	s := &session{
		id: token(16), client: client, request: r, begun: stamp.Now(), since: time.Now(), seen: stamp.Now(), finished: make(chan struct{}),
	}
	s.grant = wire.Grant{
		Version: wire.Version, Session: s.id, Duration: r.Duration, Nonce: hex.EncodeToString(random(16)),
	}
	for range r.Calls {
		c := &call{session: s, request: r, packets: int(r.Duration / r.Ptime), mostRecords: mostUnread(r.Ptime), seenIDs: map[wire.TransactionID]struct{}{}}
		c.up = upTrace{packets: c.packets, ptime: r.Ptime}
		n := random(20)
		c.grant = wire.CallGrant{
			Username: token(9), Password: token(18), Key: random(32),
			UpSSRC: binary.BigEndian.Uint32(n), DownSSRC: binary.BigEndian.Uint32(n[4:]),
			UpSeq: binary.BigEndian.Uint16(n[8:]), UpTime: binary.BigEndian.Uint32(n[10:]),
			DownSeq: binary.BigEndian.Uint16(n[14:]), DownTime: binary.BigEndian.Uint32(n[16:]),
		}
		c.credential, _ = c.grant.Credential() // fails for a long name alone
		s.calls = append(s.calls, c)
	}
	return s
}

// prepareCalls prepares the calls once their SSRCs are settled.
func (s *session) prepareCalls() error {
	for i, c := range s.calls {
		opener, err := wire.NewOpener(wire.UpFlow(s.request, c.grant))
		if err != nil {
			return fmt.Errorf("preparing call %d: %w", i+1, err)
		}
		c.mu.Lock()
		c.opener, c.event.Call = opener, i
		c.mu.Unlock()
		s.grant.Calls = append(s.grant.Calls, c.grant)
	}
	return nil
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

func token(n int) string { return base64.RawURLEncoding.EncodeToString(random(n)) }

// costOf is what a session takes: its packets, both ways, and a place.
func costOf(r wire.Request) share.Cost {
	return share.Cost{Packets: 2 * r.Calls * int((time.Second+r.Ptime-1)/r.Ptime), Sessions: 1}
}

// showSign notes a sign that somebody is there: an address was proved, or a packet of the
// call or a question of its firewall checks came, which only its agent can make.
func (s *session) showSign() { s.sign.Store(int64(stamp.Now())) }

// lastSign is when the last sign came, 0 for never.
func (s *session) lastSign() time.Duration {
	last := time.Duration(s.sign.Load())
	for _, c := range s.calls {
		c.mu.Lock()
		last = max(last, c.heard)
		c.mu.Unlock()
	}
	return last
}

// returnLoanIfIdle returns the loan of a session without a sign for a while. It is taken again when
// the call begins.
func (s *session) returnLoanIfIdle(now time.Duration) {
	if now-max(s.begun, s.lastSign()) > signFor {
		s.loan.Return()
	}
}

// over says why a session should end, "" if it should not.
func (s *session) over(now time.Duration) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case now-s.begun > s.request.Duration+spare:
		return "limit"
	case s.busy == 0 && now-max(s.seen, s.lastProof()) > idle:
		return "idle"
	}
	return ""
}

// lastProof is when an address of one of the calls was proved last: a call
// goes on while its media does, even if its control connection broke.
func (s *session) lastProof() (last time.Duration) {
	for _, c := range s.calls {
		c.mu.Lock()
		if c.proved.IsValid() {
			last = max(last, c.provedAt)
		}
		c.mu.Unlock()
	}
	return last
}

// begin notes the beginning of a request, end its end.
func (s *session) begin() (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.busy--
		s.seen = stamp.Now()
	}
}

const (
	// sameQuestion is how often one question is answered.
	sameQuestion = 8
	// mostQuestions of one session are answered: eight times what an Opener
	// opens for it at once.
	mostQuestions = 8 * listen.DefaultPerSession
)

// asked is a question, and whether it came from the address of the session's control
// connection, or over a connection. Copies from other addresses are counted separately, so
// that they do not use up the agent's own.
type asked struct {
	question [16]byte
	own      bool
}

// mayAnswer counts a question of a firewall check, and says whether it may be
// answered.
func (s *session) mayAnswer(question asked) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, known := s.answered[question]
	if n >= sameQuestion || !known && len(s.answered) >= mostQuestions {
		return false
	}
	if s.answered == nil {
		s.answered = map[asked]uint8{}
	}
	s.showSign()
	s.answered[question] = n + 1
	return true
}

// finish says that the calls are over.
func (s *session) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isDone {
		return
	}
	s.isDone = true
	for _, c := range s.calls {
		c.mu.Lock()
		c.up.finish()
		c.mu.Unlock()
	}
	close(s.finished)
}

// close ends the session for a reason; the first one counts.
func (s *session) close(why string) {
	s.mu.Lock()
	if s.closed == "" {
		s.closed = why
	}
	s.mu.Unlock()
	s.cancel()
}

// stop ends the streams of a session that is over.
func (s *session) stop() {
	for _, c := range s.calls {
		c.mu.Lock()
		c.stopped = true
		c.mu.Unlock()
	}
}

func (s *session) whyClosed() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// packet counts one packet of the up stream.
func (c *call) packet(b []byte, a stamp.Arrival) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opener == nil {
		return
	}
	index, sent, err := c.opener.Open(b)
	if err != nil || index >= int64(c.packets) {
		c.event.Foreign++
		return
	}
	c.heard = a.At
	c.renew(a.From, wire.Challenge(b), stamp.Now())
	arrival := stream.Arrival{Seq: index, Sent: sent, Received: a.At, DSCP: a.DSCP}
	c.up.take(arrival, a.From, !c.proved.IsValid() || !allowed(c.provedAt, a.At))
	c.bound()
}

// renew renews the proof of an address that answers the challenge in the stream down: it
// receives that stream. Each challenge counts once: an agent repeats the last one that arrived,
// also when nothing arrives any more. Only a check proves another address. The lock is held.
func (c *call) renew(from netip.AddrPort, answer uint64, now time.Duration) {
	if from != c.proved || !allowed(c.provedAt, now) {
		return
	}
	for i, awaited := range c.awaited {
		if awaited != 0 && awaited == answer {
			c.awaited[i], c.provedAt = 0, now
		}
	}
}

// challengeFor is the challenge that a packet down carries. The lock is held.
func (c *call) challengeFor(now time.Duration) uint64 {
	if c.challenge == 0 || now-c.challengeAt >= challengeLasts {
		c.challenge, c.challengeAt = binary.BigEndian.Uint64(random(8)), now
		c.awaited = [2]uint64{c.challenge, c.awaited[0]}
	}
	return c.challenge
}

// isNewCheck says whether a check of the agent is new. A second one with the same
// transaction is a copy, by the network or by somebody who replays it.
func (c *call) isNewCheck(id wire.TransactionID, from netip.AddrPort) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, seen := c.seenIDs[id]; seen || len(c.seenIDs) > c.mostChecks() {
		return false
	}
	c.seenIDs[id] = struct{}{}
	c.event.Checks++
	c.up.hear(from)
	return true
}

// mayGet says what may be sent to an address for one check. A proved address gets the answer
// and, if its proof is not new, a check of the responder. Any other address gets one datagram:
// the responder's check for the first question, the answer for the next, and so on. So a victim
// whose address is forged never gets more than was sent in its name.
func (c *call) mayGet(to netip.AddrPort, now time.Duration) (answer, check bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.proved == to && allowed(c.provedAt, now) {
		return true, now-c.provedAt >= renewAfter
	}
	if c.turn == to {
		c.turn = netip.AddrPort{}
		return true, false
	}
	c.turn = to
	return false, true
}

// mostChecks is far more than five a second for the longest life of a session.
func (c *call) mostChecks() int {
	return 10 * int((c.request.Duration+spare)/time.Second)
}

// prove notes that an address receives. It says whether the down stream is to
// begin now.
func (c *call) prove(at netip.AddrPort, now time.Duration) (begin bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.session.showSign()
	c.proved, c.provedAt = at, now
	c.up.prove(at)
	begin = !c.flows
	c.flows = true
	return begin
}

// depart notes that a flow's next packet is about to be sent, and returns where to, or why
// none may be sent any more.
func (c *call) depart(f *flow, now time.Duration) (to netip.AddrPort, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.stopped:
		return to, endedStopped
	case !allowed(c.provedAt, now):
		return to, endedConsent
	}
	if !c.unread {
		c.down = append(c.down, wire.Departure{Seq: int64(f.next), Sent: now})
		c.bound()
	}
	f.sealer.SetChallenge(c.challengeFor(now))
	return c.proved, ""
}

// allowed says whether a proof still counts.
func allowed(provedAt, now time.Duration) bool { return now-provedAt < consent }

// noteHandover notes how long after its stamp the system took a packet, if that was not
// at once.
func (c *call) noteHandover(seq int64, took time.Duration) {
	if took <= wire.ExactHandover {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if took > wire.SlowHandover {
		c.event.Slow++
	}
	if !c.unread {
		c.leeway = append(c.leeway, wire.Departure{Seq: seq, Sent: took})
	}
}

func (c *call) ended(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.event.Ended = why
}

// news is the event with what came since the last one.
func (c *call) news() wire.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.event
	if c.session.drops != nil {
		e.Dropped = c.session.drops() - c.session.dropsBefore // right across a wrap, too
	}
	e.Up, e.Down, e.Leeway = wire.PackArrivals(c.up.news), wire.PackDepartures(c.down), wire.PackDepartures(c.leeway)
	c.up.news, c.down, c.leeway = c.up.news[:0], c.down[:0], c.leeway[:0]
	if now := c.proved; now.IsValid() && now.String() != c.reported {
		c.reported = now.String()
		e.Proved = c.reported
	}
	return e
}
