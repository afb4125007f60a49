package relay

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/stream"
)

// deliver waits for the packets that are still in the network. reason is why the
// calls ended early, nil if they did not.
func (c *calls) deliver(ctx context.Context, reason error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fenceWait)
	defer cancel()
	if reason != nil {
		stamp.Pause(ctx, settle)
	}
	var wg sync.WaitGroup
	for _, l := range c.loops() {
		wg.Go(func() { l.deliver(ctx) })
	}
	wg.Wait()
	for _, l := range c.loops() {
		l.mu.Lock()
		broken := l.broken
		if broken == nil {
			broken = l.unsure
		}
		l.mu.Unlock()
		if broken != nil {
			return fmt.Errorf("the loop up by %s and down by %s: %w", l.up, l.down, broken)
		}
	}
	return nil
}

// deliver asks a question on a leg down that loses nothing. The answer comes after
// all packets sent before it, so what is missing then is lost.
func (l *loop) deliver(ctx context.Context) {
	if l.second != nil && l.down.IsReliable() && !l.isBroken() && !l.isWhole() {
		l.awaitDelivery(ctx, l.second)
	}
}

// outcome puts together what is known. died says why the server or the connection
// is gone, nil if neither is.
func (c *calls) outcome(reason, died error) *Outcome {
	s := c.session
	o := &Outcome{Server: s.server(), Software: s.software, Peer: c.peer, Complete: reason == nil, Started: c.begun, RTTByTCP: s.datagram == nil}
	if reason != nil {
		o.Reason = reason.Error()
	}
	for _, call := range c.calls {
		var out Call
		for _, l := range call {
			out.Loops = append(out.Loops, l.result(died))
			o.Lateness = append(o.Lateness, l.lateness...)
			for _, a := range l.relays() {
				up, down := a.Bytes()
				o.BytesUp, o.BytesDown = o.BytesUp+up, o.BytesDown+down
			}
		}
		o.Calls = append(o.Calls, out)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o.RoundTrips, o.Lost = c.trips, c.lost
	return o
}

// soFar is what is known of the packets that were sent before a moment.
func (c *calls) soFar(before time.Duration) *Outcome {
	o := &Outcome{Server: c.session.server(), Peer: c.peer, Complete: true, Enough: true, Started: c.begun, RTTByTCP: c.session.datagram == nil}
	for _, call := range c.calls {
		var out Call
		for _, l := range call {
			out.Loops = append(out.Loops, l.soFar(before))
		}
		o.Calls = append(o.Calls, out)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o.RoundTrips, o.Lost = slices.Clone(c.trips), c.lost
	return o
}

// soFar leaves out the packets that may still be under way.
func (l *loop) soFar(before time.Duration) Loop {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := Loop{UpLeg: string(l.up), DownLeg: string(l.down), Foreign: l.foreign, Dropped: l.dropped}
	r.PacketTime = stream.PacketTime
	for r.Sent < len(l.sentAt) && l.sentAt[r.Sent] < before {
		r.Sent++
	}
	for _, a := range l.arrivals {
		if a.Seq < int64(r.Sent) {
			r.Arrivals = append(r.Arrivals, a)
		}
	}
	return r
}

// A meter reports provisional figures of the first call once a second.
type meter struct {
	second int
	live   []stream.Live
	seen   []int
}

// tick is called often and reports once a second, each second two seconds after
// its end.
func (m *meter) tick(c *calls, now time.Duration) {
	first := c.calls[0]
	length := time.Duration(first[0].packets) * stream.PacketTime
	at := c.begun + time.Duration(m.second)*time.Second
	if c.plan.Live == nil || now-at < time.Second+lateWait || time.Duration(m.second)*time.Second >= length {
		return
	}
	if m.live == nil {
		m.live, m.seen = make([]stream.Live, len(first)), make([]int, len(first))
	}
	l := Live{Second: m.second, RTT: c.meanTrip(at, at+time.Second)}
	for i, one := range first {
		s := m.read(i, one, at+time.Second)
		switch {
		case one.isUp():
			l.Up = s
		case one.isDown():
			l.Down = s
		default:
			l.Loop = s
		}
	}
	m.second++
	c.plan.Live(l)
}

// read takes the new arrivals of a loop, and gives the figures of the packets that
// were sent before a moment.
func (m *meter) read(i int, l *loop, before time.Duration) *stream.Second {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.arrivals[m.seen[i]:] {
		m.live[i].Add(a)
	}
	m.seen[i] = len(l.arrivals)
	sent := 0
	for sent < len(l.sentAt) && l.sentAt[sent] < before {
		sent++
	}
	return new(m.live[i].Second(sent))
}

// meanTrip is the mean of the round trips that were asked in a span of time.
func (c *calls) meanTrip(from, to time.Duration) *time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return stream.MeanRTT(c.trips, from, to)
}
