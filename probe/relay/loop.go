package relay

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"netready/probe/emodel"
	"netready/probe/internal/stamp"
	"netready/probe/internal/turn"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// channel is the number of the one channel that an allocation has here.
const channel = turn.FirstChannel

// A loop is one stream through the server and back.
type loop struct {
	up, down turn.Transport
	packets  int           // to send
	offset   time.Duration // of this loop's packets from the others', within a packet time
	flow     wire.Flow
	sealer   *wire.Sealer
	opener   *wire.Opener
	hello    []byte // sent before the call, to see that the loop works

	first  *turn.Allocation // the packets are sent into it; nil: socket sends
	second *turn.Allocation // the packets come out of it; nil: socket receives
	socket *stamp.Conn      // in place of one of them, nil: both are relays
	peers  chan netip.AddrPort
	closed chan struct{} // when hello came back
	once   sync.Once
	done   chan struct{} // when the stream is sent
	reads  sync.WaitGroup

	mu       sync.Mutex // guards the rest
	start    time.Duration
	sentAt   []time.Duration
	took     []time.Duration // how long after its stamp the system had each packet; of a leg up by UDP
	lateness []time.Duration
	arrivals []stream.Arrival
	seen     map[int64]struct{}
	left     time.Duration // when the last packet had left; on a leg up that loses nothing: had reached the server
	foreign  int
	dropped  uint32
	broken   error // why it ended early
	unsure   error // why it is not known whether all has arrived
}

func newLoop(codec emodel.Codec, up, down turn.Transport, packets int) (*loop, error) {
	var b [32 + 12 + 24]byte
	_, _ = rand.Read(b[:]) // never fails
	l := &loop{
		up: up, down: down, packets: packets, hello: b[44:],
		peers: make(chan netip.AddrPort, 8), closed: make(chan struct{}), done: make(chan struct{}), seen: map[int64]struct{}{},
		flow: wire.Flow{
			Key: b[:32], SSRC: binary.BigEndian.Uint32(b[32:]), Seq: binary.BigEndian.Uint16(b[36:]), Time: binary.BigEndian.Uint32(b[38:]),
			Type: codec.PayloadType, Payload: codec.PayloadBytes(stream.PacketTime), Step: codec.TimestampStep(stream.PacketTime),
		},
	}
	l.hello[0] = 'N' // neither RTP nor STUN (RFC 7983)
	var err error
	if l.sealer, err = wire.NewSealer(l.flow); err != nil {
		return nil, err
	}
	l.opener, err = wire.NewOpener(l.flow)
	return l, err
}

// isUp says that all losses of the loop are of the way up, isDown of the way down.
func (l *loop) isUp() bool   { return !l.up.IsReliable() && l.down.IsReliable() }
func (l *loop) isDown() bool { return l.up.IsReliable() && !l.down.IsReliable() }

// take handles what comes out of the second relay.
func (l *loop) take(d turn.Datum) {
	if d.Channel == channel {
		l.packet(d.Bytes, d.Arrival)
		return
	}
	l.knocked(d)
}

// knocked notes the address from which the socket's hello reached the relay.
func (l *loop) knocked(d turn.Datum) {
	if d.Channel != 0 || !bytes.Equal(d.Bytes, l.hello) {
		return
	}
	select {
	case l.peers <- d.Peer:
	default: // enough of them
	}
}

// packet adds what came back to the trace.
func (l *loop) packet(b []byte, a stamp.Arrival) {
	if bytes.Equal(b, l.hello) {
		l.once.Do(func() { close(l.closed) })
		return
	}
	index, sent, err := l.opener.Open(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped = max(l.dropped, a.Dropped)
	// A path may double every packet; more than that is not from the path.
	if err != nil || index >= int64(l.packets) || len(l.arrivals) >= 2*l.packets+100 {
		l.foreign++
		return
	}
	l.arrivals = append(l.arrivals, stream.Arrival{Seq: index, Sent: sent, Received: a.At, DSCP: a.DSCP})
	l.seen[index] = struct{}{}
}

// read handles what comes to the socket until it is closed.
func (l *loop) read() {
	b := make([]byte, stamp.MaxDatagram)
	for {
		a, err := l.socket.Read(b)
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(20 * time.Millisecond) // the path may recover; do not spin on it
		default:
			l.packet(b[:a.N], a)
		}
	}
}

// send passes bytes into the loop.
func (l *loop) send(b []byte) error {
	if l.first == nil {
		return l.socket.Write(b, netip.AddrPort{})
	}
	return l.first.Send(channel, b)
}

// stream sends the packets, each when it is due, until all are sent or ctx ends.
func (l *loop) stream(ctx context.Context, begun time.Duration) {
	defer close(l.done)
	defer l.drain(ctx)
	defer stamp.Thread()()
	l.mu.Lock()
	l.start = begun + l.offset
	l.mu.Unlock()
	for i := range l.packets {
		due := stream.Due(l.start, i, stream.PacketTime)
		stamp.SleepUntil(due)
		if ctx.Err() != nil || l.isBroken() {
			return
		}
		l.sendOne(int64(i), due)
	}
}

// sendOne stamps and sends a packet. One that the system refuses counts as sent:
// the call loses it as it loses one on the path.
func (l *loop) sendOne(i int64, due time.Duration) {
	at := stamp.Now()
	err := l.send(l.sealer.Seal(i, at))
	took := stamp.Now() - at
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sentAt = append(l.sentAt, at)
	if l.up.IsReliable() {
		took = 0 // it waits for the network, not for this PC
	}
	l.took = append(l.took, took)
	l.left = at
	l.lateness = append(l.lateness, at-due)
	if err != nil && l.up.IsReliable() && l.broken == nil {
		l.broken = err
	}
}

// drain waits until the server has received everything, where the leg up loses
// nothing. The time for late packets begins only then.
func (l *loop) drain(ctx context.Context) {
	if l.first == nil || !l.up.IsReliable() || l.isBroken() {
		return
	}
	wait := fenceWait
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), errEnough) {
		wait = settle
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
	defer cancel()
	l.awaitDelivery(ctx, l.first)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = stamp.Now()
}

// awaitDelivery waits until a leg that loses nothing has delivered everything.
func (l *loop) awaitDelivery(ctx context.Context, a *turn.Allocation) {
	if err := a.Fence(ctx); err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.unsure = fmt.Errorf("what was under way was not delivered in time: %w", err)
	}
}

// end notes why a loop ended early.
func (l *loop) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = err
	}
}

func (l *loop) isBroken() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken != nil
}

// isWhole says whether every packet came back.
func (l *loop) isWhole() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.seen) == len(l.sentAt)
}

// relays are the loop's allocations.
func (l *loop) relays() []*turn.Allocation {
	var all []*turn.Allocation
	for _, a := range []*turn.Allocation{l.first, l.second} {
		if a != nil {
			all = append(all, a)
		}
	}
	return all
}

// release gives the relays back to the server and waits for the readers.
func (l *loop) release(ctx context.Context) {
	var wg sync.WaitGroup
	for _, a := range l.relays() {
		wg.Go(func() { _ = a.Release(ctx) }) // one that cannot be released runs out by itself
	}
	if l.socket != nil {
		_ = l.socket.Close()
	}
	wg.Wait()
	l.reads.Wait()
}
