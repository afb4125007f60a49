package capture

import (
	"math/rand/v2"
	"testing"
	"time"

	"netready/internal/seed"
)

// Odd timestamps, high or low, few or several, at the start, in the middle or at
// the end, near or far: no more than they themselves are discarded, and the path
// did not change.
func TestOddTimestamps(t *testing.T) {
	seed := seed.Of(t)
	for _, place := range []string{"first", "middle", "last", "scattered", "in a row"} {
		for run := range uint64(20) {
			r := rand.New(rand.NewPCG(seed, run))
			n := 400 + r.IntN(1600)
			p := makePart(r, n, uint16(r.Uint32()), r.Uint32(), 0, r.Float64()*0.05)
			k := 1
			if place == "scattered" || place == "in a row" {
				k = 1 + r.IntN(max(1, len(p.packets)/100-1))
			}
			from, same := r.IntN(len(p.packets)-k), r.Uint64()
			for i := range k {
				if place == "in a row" {
					r = rand.New(rand.NewPCG(same, 0)) // all by as much
				}
				at := map[string]int{"first": 0, "middle": len(p.packets) / 2, "last": len(p.packets) - 1, "scattered": r.IntN(len(p.packets)), "in a row": from + i}[place]
				off := uint32(8 * (70 + r.IntN(900))) // 70 to 970 ms
				switch r.IntN(4) {
				case 0:
					off = 8 * uint32(1000+r.IntN(1<<24)) // up to hours
				case 1:
					off = 800
				}
				if r.IntN(2) == 0 {
					off = -off
				}
				p.packets[at].timestamp += off
			}
			_, m := only(t, read(t, ngFile(t, wrappings()[0], p.packets), Options{}))
			if m.Discarded > k || len(m.Shifts) > 0 || m.Sent != n || m.Lost != p.lost {
				t.Errorf("%s, run %d: %d odd of %d: %d discards, shifts %v, %d sent, %d lost", place, run, k, n, m.Discarded, m.Shifts, m.Sent, m.Lost)
			}
		}
	}
}

// A timestamp that is half a minute ahead, and some others that are odd, were taken for a clock
// of 12 kHz, by which every packet was late, or for none.
func TestOddTimestampIsNoOtherClock(t *testing.T) {
	for run := range uint64(10) {
		r := rand.New(rand.NewPCG(run, 1))
		p := makePart(r, 1700, 1, 1, 0, 0.02)
		for _, odd := range []struct{ at, ms int }{{216, 232}, {428, -100}, {698 - int(run), 35411}, {1156, 774}, {1398, 589}} {
			p.packets[odd.at].timestamp += uint32(int32(8 * odd.ms))
		}
		s, m := only(t, read(t, ngFile(t, wrappings()[0], p.packets), Options{}))
		if s.ClockRate != 8000 || m.Discarded > 5 {
			t.Errorf("run %d: a clock of %d Hz, %d discards", run, s.ClockRate, m.Discarded)
		}
	}
}

// Hold and silence: whatever the sender's timestamps do in a pause, the path did not change
// and nothing came too late.
func TestHoldAndSilence(t *testing.T) {
	tests := []struct {
		name   string
		marker bool
		noise  bool
		least  time.Duration                                 // of a pause
		counts func(r *rand.Rand, rest time.Duration) uint32 // what the timestamp grows by beyond the usual
	}{
		{"not counted, marked", true, false, 0, func(*rand.Rand, time.Duration) uint32 { return 0 }},
		{"not counted, after noise", false, true, 50 * time.Millisecond, func(*rand.Rand, time.Duration) uint32 { return 0 }},
		{"not counted nor marked, on hold", false, false, 2 * time.Second, func(*rand.Rand, time.Duration) uint32 { return 0 }},
		{"counted, marked", true, false, 0, func(_ *rand.Rand, rest time.Duration) uint32 { return uint32(rest / 125000) }},
		{"counted, not marked", false, false, 100 * time.Millisecond, func(_ *rand.Rand, rest time.Duration) uint32 { return uint32(rest / 125000) }},
		{"counted badly", true, false, 200 * time.Millisecond, func(r *rand.Rand, rest time.Duration) uint32 {
			return uint32(float64(rest/125000) * (0.5 + r.Float64()))
		}},
		{"begun anew", true, false, 0, func(r *rand.Rand, _ time.Duration) uint32 { return r.Uint32() }},
		{"begun anew, not marked", false, false, 2 * time.Second, func(r *rand.Rand, _ time.Duration) uint32 { return 1<<30 + r.Uint32()/4 }},
	}
	seed := seed.Of(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for run := range uint64(12) {
				r := rand.New(rand.NewPCG(seed, run))
				n := 500 + r.IntN(1500)
				p := makePart(r, n, uint16(r.Uint32()), r.Uint32(), 0, r.Float64()*0.03)
				pauses := 0
				var ts uint32
				var late time.Duration
				for i, next := range p.packets {
					if i > 0 && r.IntN(150) == 0 {
						rest := tt.least + time.Duration(r.Int64N(int64(9*time.Second)))
						late += rest
						ts += tt.counts(r, rest)
						p.packets[i].marker = tt.marker
						if tt.noise {
							p.packets[i-1].kind, p.packets[i-1].payload = comfortNoise, 1
						}
						pauses++
					}
					p.packets[i].at, p.packets[i].timestamp = next.at+late, next.timestamp+ts
				}
				sorted(p.packets)
				_, m := only(t, read(t, ngFile(t, wrappings()[0], p.packets), Options{}))
				// An error of the sender's clock in a short spurt of packets cannot be told
				// from a late packet.
				few, jitter := 0, 35*time.Millisecond
				if tt.name == "counted badly" {
					few, jitter = 1+pauses/5, time.Second
				}
				if m.Discarded > few || len(m.Shifts) > 0 || m.Sent != n || m.Lost != p.lost || *m.JitterMax > jitter {
					t.Errorf("run %d, %d pauses: %d discards, shifts %v, jitter %v, %d of %d sent, %d lost of %d", run, pauses, m.Discarded, m.Shifts, *m.JitterMax, m.Sent, n, m.Lost, p.lost)
				}
			}
		})
	}
}

// A path that stands still for seconds and then catches up is no pause: its
// packets came too late.
func TestAStandstillIsNoPause(t *testing.T) {
	for run := range uint64(20) {
		r := fixed(run)
		packets := perfect(1500)
		held := time.Duration(1500+r.IntN(2000)) * time.Millisecond
		from := 300 + r.IntN(600)
		until := packets[from].at + held
		want := 0
		for i := from; i < len(packets); i++ {
			until += 2 * time.Millisecond // how fast the queue drains
			if packets[i].at >= until {
				break
			}
			if until-packets[i].at > 60*time.Millisecond {
				want++
			}
			packets[i].at = until
		}
		_, m := only(t, read(t, ngFile(t, wrappings()[0], packets), Options{}))
		if m.Discarded < want-1 || m.Discarded > want+1 || len(m.Shifts) > 0 {
			t.Errorf("run %d: %d discards, want %d; shifts %v", run, m.Discarded, want, m.Shifts)
		}
	}
}

// Discards are those of the true delays, whatever the sender does besides.
func TestDiscardsOfTrueDelays(t *testing.T) {
	seed := seed.Of(t)
	for run := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, run))
		n := 600 + r.IntN(1400)
		p := makePart(r, n, uint16(r.Uint32()), r.Uint32(), 0, 0.02)
		want := 0
		for i := range p.packets {
			if i > 5 && r.IntN(30) == 0 {
				p.packets[i].at += time.Duration(100+r.IntN(200)) * time.Millisecond
				want++
			}
		}
		sorted(p.packets)
		_, m := only(t, read(t, ngFile(t, wrappings()[0], p.packets), Options{}))
		if m.Discarded != want || m.Lost != p.lost {
			t.Errorf("run %d: %d discards, want %d; %d lost, want %d", run, m.Discarded, want, m.Lost, p.lost)
		}
	}
}
