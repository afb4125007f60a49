package capture

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"netready/internal/seed"
)

// Clocks of every usual rate are recognized from the packets, over paths of all kinds;
// other clocks are not mistaken for one of them.
func TestClocksFromPackets(t *testing.T) {
	seed := seed.Of(t)
	for _, hz := range []uint32{8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 9600, 11000, 18900, 20000, 37800, 64000} {
		t.Run(fmt.Sprint(hz), func(t *testing.T) {
			for run := range uint64(20) {
				r := rand.New(rand.NewPCG(seed, run))
				n := network{
					packets: 200 + r.IntN(1500), ssrc: 1, kind: 96 + uint8(r.IntN(31)), firstTS: r.Uint32(), firstSeq: uint16(r.Uint32()),
					step: hz / 50, ptime: time.Duration(float64(hz/50) / float64(hz) * 1e9),
					loss: r.Float64() * 0.1, jitter: time.Duration(1+r.IntN(25)) * time.Millisecond, skewPPM: float64(r.IntN(300) - 150),
				}
				packets, _, _ := n.run(r)
				s, m := only(t, read(t, ngFile(t, wrappings()[0], packets), Options{}))
				want := hz
				if !slices.Contains(clockRates, hz) {
					want = 0
				}
				if s.ClockRate != want && s.ClockRate != 0 {
					t.Errorf("run %d: %d packets, jitter %v: clock %d, want %d", run, n.packets, n.jitter, s.ClockRate, want)
				}
				if s.ClockRate == 0 && (m.Jitter != nil || m.Discard != nil || m.PDVp99 != nil || m.Loss == nil) {
					t.Errorf("run %d: without a clock got %+v", run, m)
				}
				if want != 0 && hz%50 == 0 && s.ClockRate == 0 {
					t.Errorf("run %d: %d packets, jitter %v: no clock, want %d; %q", run, n.packets, n.jitter, want, s.Notes)
				}
				if s.ClockRate != 0 && m.Discarded > 0 {
					t.Errorf("run %d: %d discards", run, m.Discarded)
				}
			}
		})
	}
}

// A payload type whose clock is fixed, and whose packets contradict it, is measured by the
// clock that the packets show, or not at all.
func TestClocksThatContradict(t *testing.T) {
	tests := []struct {
		name string
		kind uint8
		step uint32
		o    Options
		want uint32
	}{
		{"G.722 that counts samples", 9, 320, Options{}, 16000},
		{"G.711 that counts half", 0, 80, Options{}, 0},
		{"G.711 whose clock stands still", 8, 0, Options{}, 0},
		{"a codec that the user mistook", 97, 320, Options{Payloads: map[uint8]Payload{97: {Codec: "opus", ClockRate: 48000}}}, 16000},
		{"G.711 as it is", 0, 160, Options{}, 8000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			packets, _, _ := network{packets: 500, ssrc: 1, kind: tt.kind, step: 160, jitter: 5 * time.Millisecond}.run(fixed(1))
			for i := range packets {
				packets[i].timestamp = packets[i].timestamp / 160 * tt.step
			}
			s, m := only(t, read(t, ngFile(t, wrappings()[0], packets), tt.o))
			if s.ClockRate != tt.want || m.Discarded > 0 {
				t.Errorf("clock %d, %d discards, want %d and 0; %q", s.ClockRate, m.Discarded, tt.want, s.Notes)
			}
			if odd := tt.name != "G.711 as it is"; odd != (len(s.Notes) > 0) {
				t.Errorf("notes %q", s.Notes)
			}
		})
	}
}

// A queue that fills does not change the clock of a known codec.
func TestAQueueIsNoOtherClock(t *testing.T) {
	for _, kind := range []uint8{0, 97} {
		packets, _, _ := network{packets: 500, ssrc: 1, kind: kind}.run(fixed(1))
		for i := range packets {
			packets[i].at += time.Duration(i) * 160 * time.Microsecond // 80 ms in 10 s
		}
		s, m := only(t, read(t, ngFile(t, wrappings()[0], packets), Options{}))
		if s.ClockRate != 8000 || m.Discarded < 100 {
			t.Errorf("payload type %d: clock %d, %d discards", kind, s.ClockRate, m.Discarded)
		}
	}
}

// What is not speech is named, and gets no grade that is meant for speech.
func TestStreamsThatAreNoSpeech(t *testing.T) {
	event := func(p []sent) { // digits of ten packets each
		for i := range p {
			p[i].timestamp, p[i].payload, p[i].kind = p[i/10*10].timestamp, 4, 101
			p[i].marker = i%10 == 0
		}
	}
	tests := []struct {
		name  string
		bend  func([]sent)
		n     int
		o     Options
		class Class
		rate  uint32
	}{
		{"one telephone event", func(p []sent) { event(p) }, 10, Options{}, Events, 0},
		{"many telephone events", event, 300, Options{}, Events, 0},
		{"telephone events of another number", func(p []sent) {
			event(p)
			for i := range p {
				p[i].kind = 96
			}
		}, 60, Options{}, Events, 0},
		{"telephone events that the user named", event, 60, Options{Payloads: map[uint8]Payload{101: {Codec: "telephone-event", ClockRate: 8000}}}, Events, 0},
		{"comfort noise", func(p []sent) {
			for i := range p {
				p[i].kind, p[i].payload = comfortNoise, 1
			}
		}, 60, Options{}, Noise, 8000},
		{"speech with more events than speech", func(p []sent) {
			event(p[100:])
		}, 300, Options{}, Speech, 8000},
		{"speech", func([]sent) {}, 60, Options{}, Speech, 8000},
		{"a codec of four bytes a packet", func(p []sent) {
			for i := range p {
				p[i].kind, p[i].payload = 97, 4
			}
		}, 100, Options{}, Speech, 8000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			packets := perfect(tt.n)
			tt.bend(packets)
			s, m := only(t, read(t, ngFile(t, wrappings()[0], packets), tt.o))
			if s.Class != tt.class || s.ClockRate != tt.rate || m.Discarded > 0 || m.Lost > 0 || len(m.Shifts) > 0 {
				t.Errorf("%s at %d Hz, %+v", s.Class, s.ClockRate, m)
			}
			if tt.class != Speech && !strings.Contains(strings.Join(s.Notes, " "), "no speech") {
				t.Errorf("notes %q", s.Notes)
			}
		})
	}
}
