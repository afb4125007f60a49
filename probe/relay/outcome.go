package relay

import (
	"slices"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/stamp"
	"netready/probe/internal/turn"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// An Outcome is what is known of the calls once they are over.
type Outcome struct {
	Server   string // turn:NAME and the ways that were used
	Software string // how the server calls itself, "" if it does not
	Peer     string // facts.PeerRelayed or facts.PeerPublic
	Calls    []Call
	// RoundTrips are those of STUN Binding requests on a relay's own connection,
	// by UDP or, if RTTByTCP, by TCP. Lost are those without an answer for two
	// seconds.
	RoundTrips []stream.RoundTrip // on the clock of Started
	Lost       int
	RTTByTCP   bool
	// Lateness is by how much each packet left after it was due.
	Lateness []time.Duration
	// BytesUp and BytesDown went through the server, RTP without headers below.
	BytesUp, BytesDown int64
	Started            time.Duration // when the first packet was due, on the clock of the round trips
	// Complete is false if the calls ended early; Reason says why.
	Complete bool
	// Enough: Plan.Enough ended the calls before their time.
	Enough bool
	Reason string
}

// A Call is the loops of one call.
type Call struct{ Loops []Loop }

// A Loop is one stream up, through the server, and down again.
type Loop struct {
	stream.Trace

	UpLeg, DownLeg string // udp, dtls, tcp, tls
	Reason         string // why there is nothing to measure, "" if there is
	Foreign        int    // packets that are not of the stream
	Dropped        uint32 // by this machine's own socket for lack of buffer space
	NoDSCP         string // why received marks cannot be read, "" if they can
	ReadLate       int    // packets read after a pause of this machine, where nothing stamps what arrives
	// Unsure counts lost packets next to a standstill of the leg that loses
	// nothing: the server itself may have dropped them.
	Unsure int
}

// isReliable says that a leg loses nothing.
func isReliable(leg string) bool { return turn.Transport(leg).IsReliable() }

// Up says that all losses of the loop happened on the way up.
func (l Loop) Up() bool { return !isReliable(l.UpLeg) && isReliable(l.DownLeg) }

// Down says that all losses of the loop happened on the way down.
func (l Loop) Down() bool { return isReliable(l.UpLeg) && !isReliable(l.DownLeg) }

// ThereAndBack says that the figures of the loop are of both ways together, since
// both legs are of one kind.
func (l Loop) ThereAndBack() bool { return !l.Up() && !l.Down() }

// Live are provisional figures of the first call, once a second: of the packets
// that were sent in that second, reported two seconds later. nil: not measured.
type Live struct {
	Second         int
	Loop, Up, Down *stream.Second
	RTT            *time.Duration
}

// result is what is known of the loop. Packets that were sent after the last
// arrival through a server or connection that died are not known to be lost.
func (l *loop) result(died error) Loop {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := Loop{UpLeg: string(l.up), DownLeg: string(l.down), Foreign: l.foreign, Dropped: l.dropped}
	r.PacketTime, r.Arrivals, r.Sent = stream.PacketTime, l.inTime(), len(l.sentAt)
	if !l.isStamped() {
		r.ReadLate = stream.NewPauses(l.start, stream.PacketTime, l.lateness).Allow(r.Arrivals)
	}
	switch {
	case l.second != nil:
		r.NoDSCP = l.second.NoDSCP()
		r.Dropped = max(r.Dropped, l.second.Dropped())
	case l.socket != nil:
		r.NoDSCP = l.socket.NoDSCP()
	}
	why := died
	for _, err := range []error{l.broken, l.unsure} {
		if err != nil {
			why = err
		}
	}
	if why != nil {
		r.Sent = known(r.Arrivals, r.Sent)
	}
	if r.Sent == 0 {
		r.Reason = facts.CallNeverSent
		if why != nil {
			r.Reason = why.Error()
		}
	}
	if r.Up() || r.Down() {
		r.Unsure = unsure(r.Trace)
	}
	return r
}

// isStamped says that the kernel stamps what comes out of the loop. What comes by TCP, TLS or
// DTLS is stamped when it is read.
func (l *loop) isStamped() bool { return stamp.Kernel && (l.second == nil || l.down == turn.UDP) }

// inTime leaves out what came more than two seconds after the last packet was
// sent, in a loop by UDP alone. A leg by TCP repeats what it loses, so a packet
// that comes late there is not lost. The lock is held.
func (l *loop) inTime() []stream.Arrival {
	arrivals := slices.Clone(l.arrivals)
	for i, a := range arrivals {
		if a.Seq < int64(len(l.took)) && l.took[a.Seq] > wire.ExactHandover {
			arrivals[i].Leeway = l.took[a.Seq]
		}
	}
	if l.isUp() || l.isDown() || len(l.sentAt) == 0 {
		return arrivals
	}
	end := l.sentAt[len(l.sentAt)-1] + lateWait
	return slices.DeleteFunc(arrivals, func(a stream.Arrival) bool { return a.Received > end })
}

// known is how many of the packets are known to have arrived or to be lost:
// those up to the last that arrived.
func known(arrivals []stream.Arrival, sent int) int {
	most := int64(-1)
	for _, a := range arrivals {
		most = max(most, a.Seq)
	}
	return min(int(most)+1, sent)
}

// standstill is how long a leg that loses nothing may stop before the server may
// have no more room for packets to pass on: coturn keeps 32 kB, about 3 s of G.711.
const standstill = time.Second

// unsure counts the lost packets next to a standstill: the packet before or after
// the gap took longer than the fastest one by more than that.
func unsure(t stream.Trace) int {
	if len(t.Arrivals) == 0 {
		return 0
	}
	transit := make(map[int64]time.Duration, len(t.Arrivals))
	fastest := time.Duration(1<<63 - 1)
	for _, a := range t.Arrivals {
		took := a.Received - a.Sent
		if _, ok := transit[a.Seq]; !ok {
			transit[a.Seq] = took
		}
		fastest = min(fastest, took)
	}
	n, run := 0, 0
	slow, before := false, false
	for seq := range int64(t.Sent) + 1 {
		took, arrived := transit[seq]
		if !arrived && seq < int64(t.Sent) {
			run++
			slow = slow || before
			continue
		}
		before = arrived && took-fastest > standstill
		if run > 0 && (slow || before) {
			n += run
		}
		run, slow = 0, false
	}
	return n
}
