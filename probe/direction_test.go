package probe

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"netready/probe/facts"

	"netready/probe/emodel"
	"netready/probe/stream"
)

func codec(t *testing.T, name string) emodel.Codec {
	t.Helper()
	c, ok := emodel.FindCodec(name)
	if !ok {
		t.Fatalf("no codec %s", name)
	}
	return c
}

func quality(t *testing.T, name string) Quality {
	t.Helper()
	return Quality{Codec: codec(t, name), PacketTime: 20 * time.Millisecond, JitterBuffer: 60 * time.Millisecond, MinRTTMS: new(80.0)}
}

func TestNewDirection(t *testing.T) {
	m := stream.Metrics{
		Sent: 1500, Received: 1487, Lost: 13, Discarded: 7, Reordered: 2,
		Loss: new(13.0 / 1500), Discard: new(7.0 / 1500), InOrder: new(1485.0 / 1487),
		Jitter: new(4_359_612 * time.Nanosecond), JitterMax: new(9 * time.Millisecond),
		BurstR: new(1.23456), LongestRun: 4, SkewPPM: new(-12.34567),
		Shifts: []stream.Shift{{At: 15 * time.Second, By: 80 * time.Millisecond}},
	}
	d := NewDirection(m, quality(t, "pcmu"))
	for _, tt := range []struct {
		name string
		got  *float64
		want float64
	}{
		{"loss_percent", d.LossPercent, 0.867},
		{"discard_percent", d.DiscardPercent, 0.467},
		{"in_order_percent", d.InOrderPercent, 99.866},
		{"jitter_ms", d.JitterMS, 4.36},
		{"burst_r", d.Burst.BurstR, 1.235},
		{"clock_skew_ppm", d.ClockSkewPPM, -12.346},
	} {
		if tt.got == nil || *tt.got != tt.want {
			t.Errorf("%s = %v, want %g", tt.name, tt.got, tt.want)
		}
	}
	if len(d.Shifts) != 1 || d.Shifts[0] != (facts.Shift{AtS: 15, ByMS: 80}) {
		t.Errorf("shifts = %+v", d.Shifts)
	}
	// The sum as a reader of the JSON does it: 40 + 60 + 20 + 0.25 ms.
	p := emodel.Defaults(emodel.Narrowband).OneWay(120.25)
	p.Bpl, p.Ppl, p.BurstR = 25.1, 0.867+0.467, 1.235
	r := p.Rate().R()
	if want := math.Round(r*1000) / 1000; *d.R != want {
		t.Errorf("R = %g, want %g", *d.R, want)
	}
	if want := math.Round(emodel.MOS(r, emodel.Narrowband)*1000) / 1000; *d.MOS != want || d.MOSBasis != "pcmu" {
		t.Errorf("MOS = %g on %s, want %g", *d.MOS, d.MOSBasis, want)
	}
}

func TestNewDirectionNotMeasured(t *testing.T) {
	t.Run("nothing sent", func(t *testing.T) {
		d := NewDirection(stream.Metrics{}, quality(t, "pcmu"))
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"loss_percent", "jitter_ms", "in_order_percent", "mos", "r", "pdv_p99_ms", "burst_r"} {
			if !strings.Contains(string(text), `"`+field+`":null`) {
				t.Errorf("%s is not null in %s", field, text)
			}
		}
	})
	t.Run("nothing arrived", func(t *testing.T) {
		d := NewDirection(stream.Metrics{Sent: 100, Lost: 100, Loss: new(1.0), Discard: new(0.0), LongestRun: 100}, quality(t, "pcmu"))
		if *d.LossPercent != 100 || d.JitterMS != nil || *d.MOS < 1 || *d.MOS > 1.3 {
			t.Errorf("got %+v, MOS %g", d, *d.MOS)
		}
	})
}

func TestAssumptions(t *testing.T) {
	tests := []struct {
		name, codec string
		change      func(*Quality)
		says        []string
		not         string
	}{
		{"G.711", "pcmu", nil, []string{"G.711 Appendix I", "extrapolation", "half the smallest round trip of 80 ms", "120.25 ms"}, "not its own"},
		{"G.711 at 10 ms", "pcmu", func(q *Quality) { q.PacketTime = 10 * time.Millisecond }, nil, "extrapolation"},
		{"G.729", "g729", nil, []string{"look-ahead 5 ms"}, "extrapolation"},
		{"Opus", "opus", nil, []string{"No Ie and Bpl", "look-ahead 0.25 ms"}, "wideband"},
		{"round trip unknown", "pcmu", func(q *Quality) { q.MinRTTMS = nil }, []string{"taken as 0"}, "round trip"},
		{"own values", "pcmu", func(q *Quality) { q.Bpl = new(4.3) }, []string{"--bpl"}, "extrapolation"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := quality(t, tt.codec)
			if tt.change != nil {
				tt.change(&q)
			}
			all := strings.Join(q.Assumptions(), "\n")
			for _, want := range tt.says {
				if !strings.Contains(all, want) {
					t.Errorf("%q is not in\n%s", want, all)
				}
			}
			if tt.not != "" && strings.Contains(all, tt.not) {
				t.Errorf("%q is in\n%s", tt.not, all)
			}
		})
	}
}

func TestWorstCall(t *testing.T) {
	call := func(up, down, loss float64) facts.CallPair {
		return facts.CallPair{Up: &facts.Direction{MOS: &up, LossPercent: &loss}, Down: &facts.Direction{MOS: &down, LossPercent: new(0.0)}}
	}
	tests := []struct {
		name  string
		calls []facts.CallPair
		want  int
	}{
		{"none", nil, -1},
		{"one", []facts.CallPair{{}}, 0},
		{"lowest MOS of either direction", []facts.CallPair{call(4.4, 4.4, 0), call(4.3, 3.9, 0), call(4, 4.4, 9)}, 1},
		{"then most loss", []facts.CallPair{call(1, 1, 80), call(1, 4, 90), call(1, 1, 85)}, 1},
		{"nothing measured is not the worst", []facts.CallPair{{}, call(4, 4, 1)}, 1},
	}
	for _, tt := range tests {
		if got := worstCall(tt.calls); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}
