package capture

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"netready/internal/seed"
	"netready/probe/stream"
)

// A senderPart is what a sender sends until it begins anew.
type senderPart struct {
	packets []sent
	lost    int
}

// part sends n packets from a sequence number and a timestamp on; its first and
// last five arrive on time, so that its span is what was sent.
func makePart(r *rand.Rand, n int, seq uint16, ts uint32, start time.Duration, loss float64) senderPart {
	var p senderPart
	for i := range n {
		edge := i < 5 || i >= n-5
		if !edge && r.Float64() < loss {
			p.lost++
			continue
		}
		at := start + time.Duration(i)*20*time.Millisecond
		if !edge {
			at += time.Duration(r.Int64N(int64(35 * time.Millisecond))) // some overtake others
		}
		p.packets = append(p.packets, sent{at: at, ssrc: 5, seq: seq + uint16(i), timestamp: ts + uint32(i)*160, payload: 160})
	}
	return p
}

// restart is how a sender begins anew.
type restart struct {
	name string
	seq  func(r *rand.Rand, last uint16, n int) uint16 // of the first packet, after the last one's and n packets
	ts   func(r *rand.Rand, last, first uint32, back int) uint32
	loss float64 // most, inside each part
}

func restarts() []restart {
	fresh := func(r *rand.Rand, _, _ uint32, _ int) uint32 { return r.Uint32() }
	goesOn := func(_ *rand.Rand, last, _ uint32, _ int) uint32 { return last + 160 }
	clip := func(_ *rand.Rand, last, _ uint32, back int) uint32 { return last - uint32(back)*160 }
	backBy := func(from, to int) func(*rand.Rand, uint16, int) uint16 {
		return func(r *rand.Rand, last uint16, n int) uint16 { return last - uint16(from+r.IntN(min(to, n)-from+1)) }
	}
	anywhere := func(r *rand.Rand, last uint16, _ int) uint16 { return last + 4000 + uint16(r.IntN(1<<16-8000)) }
	ahead := func(r *rand.Rand, last uint16, _ int) uint16 { return last + 300 + uint16(r.IntN(2700)) }
	return []restart{
		{"back 101 to 3000, another timestamp", backBy(101, 3000), fresh, 0.3},
		{"back 101 to 3000, the clock goes on", backBy(101, 3000), goesOn, 0.3},
		{"back 101 to 3000, the clip again", backBy(101, 3000), clip, 0.3},
		{"back 1 to 100, another timestamp", backBy(1, 100), fresh, 0},
		{"back 2 to 100, the clip again", backBy(2, 100), clip, 0},
		{"anywhere, another timestamp", anywhere, fresh, 0.3},
		{"anywhere, the clock goes on", anywhere, goesOn, 0.3},
		{"ahead by more than can be lost, another timestamp", ahead, fresh, 0.3},
		{"ahead by more than can be lost, the clock goes on", ahead, goesOn, 0.3},
	}
}

// A sender that begins anew, whatever its numbers, hides no loss: the packets lost in each
// part are counted, and nothing else.
func TestSendersThatBeginAnew(t *testing.T) {
	seed := seed.Of(t)
	for _, k := range restarts() {
		t.Run(k.name, func(t *testing.T) {
			for run := range uint64(20) {
				r := rand.New(rand.NewPCG(seed, run))
				var all []sent
				var want []string
				seq, ts, at := uint16(r.Uint32()), r.Uint32(), time.Duration(0)
				if run%3 == 0 {
					seq = 65535 - uint16(r.IntN(600)) // the numbers wrap beside a restart
				}
				for i := range 2 + r.IntN(3) {
					n := 200 + r.IntN(700)
					if i > 0 {
						last := all[len(all)-1]
						first := k.seq(r, seq, n)
						back := int(int16(seq - first))
						seq, ts = first, k.ts(r, last.timestamp, 0, back)
					}
					p := makePart(r, n, seq, ts, at, r.Float64()*k.loss)
					all = append(all, p.packets...)
					want = append(want, fmt.Sprintf("%d sent, %d lost", n, p.lost))
					seq, at = seq+uint16(n-1), at+time.Duration(n)*20*time.Millisecond
				}
				sorted(all)
				c := read(t, ngFile(t, wrappings()[0], all), Options{})
				var got []string
				for _, s := range c.Streams {
					m := stream.Measure(s.Trace(), 60*time.Millisecond)
					got = append(got, fmt.Sprintf("%d sent, %d lost", m.Sent, m.Lost))
					if m.Duplicates > 0 || m.Discarded > 0 || len(m.Shifts) > 0 || *m.JitterMax > 35*time.Millisecond {
						t.Errorf("run %d: %d duplicates, %d discards, shifts %v, jitter %v", run, m.Duplicates, m.Discarded, m.Shifts, *m.JitterMax)
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("run %d: got %q, want %q; %q", run, got, want, c.Streams[0].Notes)
				}
			}
		})
	}
}

// Packets that are reordered across a restart, or come late after it, are of the
// part that they belong to.
func TestLatePacketsAcrossARestart(t *testing.T) {
	seed := seed.Of(t)
	for run := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, run))
		n := 300 + r.IntN(300)
		seq, ts := uint16(r.Uint32()), r.Uint32()
		first := makePart(r, n, seq, ts, 0, 0.05)
		back := 150 + r.IntN(2500)
		second := makePart(r, n, seq+uint16(n-1-back), r.Uint32(), time.Duration(n)*20*time.Millisecond, 0.05)
		for i := range 1 + r.IntN(6) {
			first.packets[len(first.packets)-2-i].at += time.Duration(r.IntN(1500)) * time.Millisecond
		}
		all := append(first.packets, second.packets...)
		sorted(all)
		c := read(t, ngFile(t, wrappings()[0], all), Options{})
		sent, lost := 0, 0
		for _, s := range c.Streams {
			m := stream.Measure(s.Trace(), 60*time.Millisecond)
			sent, lost = sent+m.Sent, lost+m.Lost
		}
		if len(c.Streams) != 2 || sent != 2*n || lost != first.lost+second.lost {
			t.Errorf("run %d, %d back: %d parts, %d sent, %d lost, want 2, %d, %d", run, back, len(c.Streams), sent, lost, 2*n, first.lost+second.lost)
		}
	}
}

// A number that returns with another timestamp, or seconds later, is not a copy of the
// packet; one that returns at once is.
func TestNumbersThatReturn(t *testing.T) {
	tests := []struct {
		name       string
		bend       func(*sent)
		duplicates int
	}{
		{"at once", func(p *sent) { p.at += time.Millisecond }, 1},
		{"after a second", func(p *sent) { p.at += time.Second }, 1},
		{"with another timestamp", func(p *sent) { p.at += time.Millisecond; p.timestamp += 16000 }, 0},
		{"with a timestamp a little off", func(p *sent) { p.at += time.Millisecond; p.timestamp += 160 }, 0},
		{"seconds later", func(p *sent) { p.at += 2500 * time.Millisecond }, 0},
		{"seconds later, of slow packets", func(p *sent) { p.at += 2500 * time.Millisecond }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, at := range []int{3, 250, 480} {
				packets := perfect(500)
				if tt.name == "seconds later, of slow packets" {
					for i := range packets {
						packets[i].at, packets[i].timestamp = packets[i].at*3, uint32(i)*480
					}
				}
				again := packets[at]
				tt.bend(&again)
				packets = append(packets, again)
				sorted(packets)
				s, m := only(t, read(t, ngFile(t, wrappings()[0], packets), Options{}))
				if m.Sent != 500 || m.Lost != 0 || m.Duplicates != tt.duplicates {
					t.Errorf("packet %d: %d sent, %d lost, %d duplicates, want %d; %q", at, m.Sent, m.Lost, m.Duplicates, tt.duplicates, s.Notes)
				}
			}
		})
	}
}

// Faults of the network are no restart: loss of any length, up to the second, and bursts of
// copies and of late packets.
func TestTheNetworkMakesNoRestart(t *testing.T) {
	seed := seed.Of(t)
	for run := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, run))
		n := 800 + r.IntN(3000)
		p := makePart(r, n, uint16(r.Uint32()), r.Uint32(), 0, r.Float64()*0.5)
		from := 10 + r.IntN(len(p.packets)/2)
		gap := r.IntN(len(p.packets) - from - 20)
		p.lost += gap
		p.packets = slices.Delete(p.packets, from, from+gap)
		for range r.IntN(5) { // a few packets come again, all at once
			at := r.IntN(len(p.packets) - 10)
			if p.packets[at+10].at-p.packets[at].at > time.Second {
				continue // the gap
			}
			for _, again := range p.packets[at : at+r.IntN(10)] {
				again.at = p.packets[at+10].at + time.Duration(r.IntN(500))*time.Microsecond
				p.packets = append(p.packets, again)
			}
			sorted(p.packets)
		}
		_, m := only(t, read(t, ngFile(t, wrappings()[0], p.packets), Options{}))
		if m.Sent != n || m.Lost != p.lost {
			t.Errorf("run %d: %d sent, %d lost, want %d, %d", run, m.Sent, m.Lost, n, p.lost)
		}
	}
}
