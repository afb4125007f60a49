package probe

import (
	"context"
	"net/netip"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/dial"
	"netready/probe/machine"
	"netready/probe/path"
	"netready/probe/ping"
	"netready/probe/stream"
)

// noPath is a path that was not examined, and why.
func noPath(code, reason string) facts.Path {
	return facts.Path{Hops: []facts.Hop{}, Code: code, Reason: reason, MarkReason: reason, MTU: facts.MTU{Code: facts.MTUUnknown, Reason: reason}}
}

// watchPath asks the routers on the path during the call. The returned
// function ends that and gives the questions to the first behind the gateway.
func (r *run) watchPath(ctx context.Context, gateway string) (stop func() []ping.Question) {
	nothing := func() []ping.Question { return nil }
	target, err := r.farAddress(ctx)
	if err == nil {
		r.result.Path.Via = via(ctx, target.Addr())
	}
	switch {
	case !r.plan.asks(facts.PartPing):
		r.found(noPath(facts.CodeNotAsked, facts.NotAsked))
		return nothing
	case err != nil:
		r.found(noPath(facts.PathNoCall, err.Error()))
		return nothing
	case machine.Towards(ctx, target.Addr().String()).Kind == facts.Loopback:
		r.found(noPath(facts.PathLoopback, facts.NothingBetween))
		return nothing
	}
	w := path.Start(ctx, path.Settings{
		Target: target, Gateway: gateway, Size: rtpHeader + r.codec.PayloadBytes(stream.PacketTime),
		DSCP: r.plan.DSCP, JitterBuffer: r.plan.JitterBuffer,
	})
	return func() []ping.Question {
		p, hop := w.Stop()
		r.found(p)
		return hop
	}
}

// found takes what is known of the path. Its largest packet and whether it passes a gateway
// were measured apart.
func (r *run) found(p facts.Path) {
	p.MTU, p.Via = r.result.Path.MTU, r.result.Path.Via
	r.result.Path = p
}

// via says whether packets to the far end pass a gateway.
func via(ctx context.Context, target netip.Addr) string {
	isNeighbour, known := machine.IsNeighbour(ctx, target)
	switch {
	case !known || target.Unmap().IsLoopback():
		return ""
	case isNeighbour:
		return facts.ViaDirect
	}
	return facts.ViaGateway
}

// largestPacket asks which size gets through to the responder.
func (r *run) largestPacket(ctx context.Context, ready <-chan struct{}) facts.MTU {
	<-ready
	s := r.portSession()
	if s == nil {
		return facts.MTU{Code: facts.MTUUnknown, Reason: r.noSession()}
	}
	media, err := r.farAddress(ctx)
	if err != nil {
		return facts.MTU{Code: facts.MTUUnknown, Reason: err.Error()}
	}
	return path.Largest(ctx, media, s.Nonce, machine.Towards(ctx, r.farHost()).MTU)
}

// farAddress is where the calls go.
func (r *run) farAddress(ctx context.Context) (netip.AddrPort, error) {
	if r.relay != nil {
		return r.relay.AddrPort(), nil
	}
	media, err := r.session.Control().Media()
	if err != nil {
		return netip.AddrPort{}, err
	}
	all, err := dial.Addresses(ctx, nil, media)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return all[0], nil
}

// besideHop lays the answers of the first hop behind the gateway beside the
// seconds of a call that began at started, on the same clock.
func besideHop(line []facts.Second, started time.Duration, all []ping.Question, jitterBuffer time.Duration) {
	fastest := time.Duration(1<<63 - 1)
	for _, q := range all {
		if q.Trip != nil {
			fastest = min(fastest, *q.Trip)
		}
	}
	sums := make([]time.Duration, len(line))
	for _, q := range all {
		at := int((q.Sent - started) / time.Second)
		if q.Sent < started || at >= len(line) {
			continue
		}
		if line[at].Hop == nil {
			line[at].Hop = &facts.HopSecond{}
		}
		h := line[at].Hop
		h.Asked++
		if q.Trip == nil {
			continue
		}
		h.Answered++
		sums[at] += *q.Trip
		if *q.Trip-fastest > jitterBuffer {
			h.Late++
		}
	}
	for i, s := range line {
		if h := s.Hop; h != nil && h.Answered > 0 {
			mean := sums[i] / time.Duration(h.Answered)
			h.AvgMS = facts.Milliseconds(&mean)
		}
	}
}
