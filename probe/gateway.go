package probe

import (
	"context"
	"time"

	"netready/probe/facts"
	"netready/probe/ping"
	"netready/probe/stream"
)

// gatewayEvery is how often the gateway is asked during a call, with packets of the
// call's own size: often enough to see the loss that is graded. 20 a second show 2 %
// of loss in a call of 30 s.
const gatewayEvery = 50 * time.Millisecond

// rtpHeader is the size of a packet's RTP header, in bytes.
const rtpHeader = 12

// watchGateway asks the default gateway while the call lasts: it tells a bad LAN
// from what lies behind it. The returned function ends that.
func (r *run) watchGateway(ctx context.Context, gateway string) (stop func() []ping.Question) {
	if gateway == "" || !r.plan.asks(facts.PartPing) {
		return func() []ping.Question { return nil }
	}
	type series struct {
		ping      facts.Ping
		questions []ping.Question
	}
	asking, cancel := context.WithCancel(ctx)
	found := make(chan series, 1)
	go func() {
		p, q := ping.Series(asking, gateway, ping.Settings{Interval: gatewayEvery, Size: rtpHeader + r.codec.PayloadBytes(stream.PacketTime)})
		found <- series{p, q}
	}()
	return func() []ping.Question {
		cancel()
		s := <-found
		s.ping.Role = facts.RoleGateway
		s.ping.JitterMS, s.ping.Late = unevenness(s.questions, r.plan.JitterBuffer)
		r.result.Ping = append(r.result.Ping, s.ping)
		return s.questions
	}
}

// unevenness is the mean difference between neighbouring round trips, and how many
// took longer than the fastest by more than the jitter buffer.
func unevenness(all []ping.Question, jitterBuffer time.Duration) (jitterMS *float64, late int) {
	var trips []time.Duration
	for _, q := range all {
		if q.Trip != nil {
			trips = append(trips, *q.Trip)
		}
	}
	if len(trips) < 2 {
		return nil, 0
	}
	fastest, sum := trips[0], time.Duration(0)
	for i, t := range trips {
		fastest = min(fastest, t)
		if i > 0 {
			sum += (t - trips[i-1]).Abs()
		}
	}
	for _, t := range trips {
		if t-fastest > jitterBuffer {
			late++
		}
	}
	mean := sum / time.Duration(len(trips)-1)
	return facts.Milliseconds(&mean), late
}

// addGateway adds the gateway's answers to the seconds of a call that began at started,
// on the same clock.
func addGateway(line []facts.Second, started time.Duration, all []ping.Question) {
	sums := make([]time.Duration, len(line))
	for _, q := range all {
		at := int((q.Sent - started) / time.Second)
		if q.Sent < started || at >= len(line) {
			continue
		}
		if line[at].Gateway == nil {
			line[at].Gateway = &facts.GatewaySecond{}
		}
		g := line[at].Gateway
		g.Asked++
		if q.Trip == nil {
			g.Lost++
			continue
		}
		sums[at] += *q.Trip
	}
	for i, s := range line {
		if g := s.Gateway; g != nil && g.Asked > g.Lost {
			mean := sums[i] / time.Duration(g.Asked-g.Lost)
			g.AvgMS = facts.Milliseconds(&mean)
		}
	}
}
