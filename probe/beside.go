package probe

import (
	"context"
	"time"

	"netready/probe/call"
	"netready/probe/emodel"
	"netready/probe/facts"
	"netready/probe/machine"
	"netready/probe/pc"
	"netready/probe/ping"
	"netready/probe/radio"
	"netready/probe/stream"
)

// beside is what was observed during a call apart from the call itself, all on its clock.
type beside struct {
	gateway []ping.Question
	hop     []ping.Question // the first behind the gateway
	pc      *pc.Seen        // this machine
	radio   func(started, ended time.Duration) *facts.WifiLink
}

// watch begins to observe gateway, path, this machine and Wi-Fi. The returned function ends
// that.
func (r *run) watch(ctx context.Context) (stop func() beside) {
	i := machine.Towards(ctx, r.farHost())
	gateway, hop, this := r.watchGateway(ctx, i.Gateway), r.watchPath(ctx, i.Gateway), pc.Start(ctx, i.Name)
	air := radio.Start(ctx, i.Name)
	return func() beside {
		return beside{gateway: gateway(), hop: hop(), pc: this.Stop(ctx), radio: air.Stop()}
	}
}

// lay adds it to the seconds of a call that began at started. What this machine's socket saw
// and how late it sent come from that call, where they are known.
func (r *run) lay(b beside, started time.Duration, own call.Call) {
	v := &r.result.Voice
	addGateway(v.Timeline, started, b.gateway)
	besideHop(v.Timeline, started, b.hop, r.plan.JitterBuffer)
	b.layPC(v, started, own)
	r.result.Machine.Interface.Wifi = b.radio(started, started+time.Duration(len(v.Timeline))*time.Second)
}

// layPC adds this machine and its interface's traffic to the seconds.
func (b beside) layPC(v *facts.Voice, started time.Duration, own call.Call) {
	late := latestBySecond(own.Lateness, len(v.Timeline))
	seconds := make([]*facts.PCSecond, len(v.Timeline))
	for i := range v.Timeline {
		s := &v.Timeline[i]
		from := started + time.Duration(i)*time.Second
		one := b.pc.Second(from, from+time.Second)
		one.SendLateMS = facts.Milliseconds(late[i])
		if i < len(own.Seconds) {
			if seen := own.Seconds[i]; seen.Waited > 0 {
				one.ReadLateMS = facts.Milliseconds(&seen.Waited)
			}
			one.SocketDropped = own.Seconds[i].Dropped
		}
		s.PC, seconds[i] = &one, &one
		if up, down, ok := b.pc.Traffic(from, from+time.Second); ok {
			s.Line = lineSecond(*s, up, down, v)
		}
	}
	whole := b.pc.Whole(seconds, started, started+time.Duration(len(v.Timeline))*time.Second)
	v.PC = &whole
}

// latestBySecond is the latest departure in each second, of packets that are due
// every packet time; nil where none was sent.
func latestBySecond(lateness []time.Duration, seconds int) []*time.Duration {
	latest := make([]*time.Duration, seconds)
	for i, late := range lateness {
		at := int(time.Duration(i) * stream.PacketTime / time.Second)
		if at < seconds && (latest[at] == nil || late > *latest[at]) {
			latest[at] = &late
		}
	}
	return latest
}

// headers of a packet as an interface counts it: RTP, UDP, IPv4, Ethernet.
const headers = rtpHeader + 8 + 20 + 14

// lineSecond is the interface's traffic, and what of it was not this run's.
func lineSecond(s facts.Second, up, down float64, v *facts.Voice) *facts.LineSecond {
	codec, _ := emodel.FindCodec(v.Codec)
	size := float64(codec.PayloadBytes(stream.PacketTime) + headers)
	sent, received := ownPackets(s, v)
	if s.Gateway != nil {
		sent, received = sent+float64(s.Gateway.Asked), received+float64(s.Gateway.Asked-s.Gateway.Lost)
	}
	if s.Hop != nil {
		sent, received = sent+float64(s.Hop.Asked), received+float64(s.Hop.Answered)
	}
	const mega = 8 / 1e6
	return &facts.LineSecond{
		UpMbps: facts.Round(up), DownMbps: facts.Round(down),
		OthersUpMbps: facts.Round(max(0, up-sent*size*mega)), OthersDownMbps: facts.Round(max(0, down-received*size*mega)),
	}
}

// ownPackets are those of all calls in a second, sent and received.
func ownPackets(s facts.Second, v *facts.Voice) (sent, received float64) {
	arrived := func(side *facts.SecondSide) float64 {
		if side == nil || side.LossPercent == nil {
			return 0
		}
		return float64(side.Sent) * (1 - *side.LossPercent/100)
	}
	if v.Relay != nil && s.Loop != nil { // every stream goes up and comes down again
		streams := float64(len(v.Relay.Loops) * v.Calls)
		return streams * float64(s.Loop.Sent), streams * arrived(s.Loop)
	}
	if s.Up != nil {
		sent = float64(s.Up.Sent * v.Calls)
	}
	return sent, float64(v.Calls) * arrived(s.Down)
}
