package responder

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"

	"netready/internal/seed"
	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
)

// Every flow leaves the wheel with the first step after it is due: none early, none
// forgotten, whatever the packet times, and however long the wheel stood still.
func TestWheelGivesEveryFlowItsTurn(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 5))
	for range 100 {
		var w wheel
		now := time.Duration(r.Int64N(int64(time.Hour)))
		flows := make([]*flow, 1+r.IntN(300))
		sent := map[*flow]int{}
		for i := range flows {
			ptime := time.Duration(5+r.IntN(96)) * time.Millisecond
			flows[i] = &flow{ptime: ptime, start: now + time.Duration(r.Int64N(int64(ptime)))}
			flows[i].due = flows[i].start
			w.put(flows[i])
		}
		for range 200 {
			now += time.Duration(r.Int64N(int64(time.Millisecond)))
			if r.IntN(50) == 0 {
				now += time.Duration(r.Int64N(int64(3 * time.Second))) // the host stood still
			}
			for range 3000 {
				if next, ok := w.next(); !ok || next > now {
					break
				}
				for _, f := range w.take(now, nil) {
					if f.due > now {
						t.Fatalf("%v early", f.due-now)
					}
					sent[f]++
					f.next++
					f.due = f.start + time.Duration(f.next)*f.ptime
					w.put(f)
				}
			}
		}
		for i, f := range flows {
			want := 0
			if turn := now.Truncate(wheelStep); turn >= f.start {
				want = int((turn-f.start)/f.ptime) + 1
			}
			if sent[f] != want {
				t.Errorf("flow %d of %d (every %v) had %d turns, want %d", i, len(flows), f.ptime, sent[f], want)
			}
		}
	}
}

// No packet of a call costs an allocation, up or down, once a second's worth of
// records has its place.
func TestPacketsCostNoAllocation(t *testing.T) {
	s := start(t, Local())
	long := request
	long.Duration = 10 * time.Minute
	call := s.find(open(t, s, long).Grant().Session).calls[0]
	agent := dial(t, s)
	from := agent.LocalAddr().(*net.UDPAddr).AddrPort()
	call.prove(from, stamp.Now()+time.Hour) // for as long as this takes
	down := newSender(s.media[0])
	sealer, err := wire.NewSealer(wire.DownFlow(call.request, call.grant))
	if err != nil {
		t.Fatal(err)
	}
	f := newFlow(call, sealer)
	f.start, f.due = stamp.Now(), stamp.Now()
	up, err := wire.NewSealer(wire.UpFlow(call.request, call.grant))
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	got := testing.AllocsPerRun(1000, func() {
		b := up.Seal(n, 0)
		s.datagram(b, stamp.Arrival{N: len(b), From: from, At: stamp.Now(), DSCP: 46}, nil)
		if why := down.packet(f); why != "" {
			t.Fatal(why)
		}
		down.flush()
		if n++; n%50 == 0 {
			call.news()
		}
	})
	if got > 0.5 && !isRaced { // a second's records are spread over its packets
		t.Errorf("a packet each way takes %v allocations", got)
	}
	if len(call.up.news) == 0 || f.next < 1000 {
		t.Error("nothing was counted")
	}
}

// A packet that the system takes long after its stamp is counted for its call,
// and the count travels with the trace.
func TestSlowHandoverTravelsWithTheTrace(t *testing.T) {
	s := start(t, Local())
	call := s.find(open(t, s, request).Grant().Session).calls[0]
	call.prove(dial(t, s).LocalAddr().(*net.UDPAddr).AddrPort(), stamp.Now())
	slow := newSender(s.media[0])
	sealer, err := wire.NewSealer(wire.DownFlow(call.request, call.grant))
	if err != nil {
		t.Fatal(err)
	}
	f := newFlow(call, sealer)
	f.start, f.due = stamp.Now(), stamp.Now()
	for i, wait := range []time.Duration{0, wire.SlowHandover + time.Millisecond, 2 * time.Second, 0} {
		if why := slow.packet(f); why != "" {
			t.Fatal(why)
		}
		slow.waiting[0].at -= wait // as if the system had been that slow
		slow.flush()
		want, e := min(i, 2), call.news()
		if e.Slow != want {
			t.Errorf("after packet %d: %d slow ones are told, want %d", i, e.Slow, want)
		}
		leeway, err := wire.UnpackDepartures(e.Leeway, call.packets, call.packets)
		if told := len(leeway) > 0 && leeway[0].Seq == int64(i) && leeway[0].Sent >= wait; err != nil || told != (wait > 0) && wait > 0 {
			t.Errorf("packet %d waited %v, and told is %v, %v", i, wait, leeway, err)
		}
	}
	if got := p99(stamp.Now(), &slow.gap); got < 2*time.Second {
		t.Errorf("the host's p99 is %v, want 2 s", got)
	}
}

// A proof is renewed well before consent ends, with many tries, and not for every check of
// the agent.
func TestProofIsRenewedNowAndThen(t *testing.T) {
	c := newSession(request, netip.MustParseAddr("127.0.0.1")).calls[0]
	at := netip.MustParseAddrPort("127.0.0.1:9")
	begun := stamp.Now()
	c.prove(at, begun)
	asked := 0
	for now := begun; now < begun+consent; now += 200 * time.Millisecond {
		answer, check := c.mayGet(at, now)
		if !answer {
			t.Fatalf("no answer %v after the proof", now-begun)
		}
		if check {
			asked++
		}
		if check && now-begun < renewAfter {
			t.Errorf("asked again %v after the proof", now-begun)
		}
	}
	if asked < 20 {
		t.Errorf("%d tries before consent lapses, want 20 or more", asked)
	}
	if answer, check := c.mayGet(at, begun+consent); answer || !check {
		t.Error("an address whose proof has lapsed is not asked for another one first")
	}
}
