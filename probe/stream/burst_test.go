package stream

import (
	"math"
	"math/rand/v2"
	"testing"

	"netready/internal/seed"
)

func TestBurstR(t *testing.T) {
	tests := []struct {
		name  string
		trace Trace
		want  float64
	}{
		{"no loss", arrivals(100, except(100)...), 1},
		{"one packet lost", arrivals(100, except(100, 50)...), 1},
		{"two apart", arrivals(100, except(100, 20, 50)...), 1}, // 0.98, and never below 1
		{"two in a row", arrivals(100, except(100, 20, 21)...), 2 * 0.98},
		{"runs of three and one", arrivals(100, except(100, 20, 21, 22, 70)...), 2 * 0.96},
		{"at both ends", arrivals(100, except(100, 0, 1, 98, 99)...), 2 * 0.96},
		{"a run of twenty", arrivals(100, except(100, run20()...)...), 8}, // 16, and never above 8
		{"all lost", arrivals(100), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantFloat(t, "burst ratio", Measure(tt.trace, 60*ms).BurstR, tt.want)
		})
	}
}

func run20() []int64 {
	var seqs []int64
	for s := int64(40); s < 60; s++ {
		seqs = append(seqs, s)
	}
	return seqs
}

// A packet that is too late is as good as lost, and joins the runs.
func TestBurstRCountsDiscards(t *testing.T) {
	tr := arrivals(100, except(100, 21, 60, 61)...)
	for i := range tr.Arrivals {
		if s := tr.Arrivals[i].Seq; s == 20 || s == 22 {
			tr.Arrivals[i].Received += 100 * ms
		}
	}
	m := Measure(tr, 60*ms)
	if m.Discarded != 2 || m.Lost != 3 || m.LongestRun != 2 {
		t.Errorf("got %d discards, %d lost, longest run %d, want 2, 3, 2", m.Discarded, m.Lost, m.LongestRun)
	}
	wantFloat(t, "burst ratio", m.BurstR, 2.5*0.95)
}

func TestWorstWindow(t *testing.T) {
	tests := []struct {
		name string
		sent int
		lost []run
		want float64
	}{
		{"none lost", 100, nil, 0},
		{"all of exactly a window", 100, []run{{0, 99}}, 1},
		{"at the start", 1000, []run{{0, 4}}, 0.05},
		{"at the end", 1000, []run{{990, 999}}, 0.10},
		{"longer than the window", 1000, []run{{300, 499}}, 1},
		{"two that fit together", 1000, []run{{300, 309}, {390, 399}}, 0.20},
		{"two that nearly fit", 1000, []run{{300, 309}, {391, 400}}, 0.19},
		{"two that do not", 1000, []run{{300, 309}, {500, 504}}, 0.10},
		{"near the start", 150, []run{{2, 3}, {60, 60}, {101, 101}}, 0.04},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantFloat(t, "worst window", worstWindow(tt.lost, tt.sent), tt.want)
		})
	}
	if got := worstWindow([]run{{0, 98}}, 99); got != nil {
		t.Errorf("99 sent: got %v, want not measured", *got)
	}
}

// The counts do not depend on how many were sent: a sender that ran for a year
// and a receiver that heard it for a second.
func TestHugeSentCostsNothing(t *testing.T) {
	tr := arrivals(1<<40, except(50)...)
	start := len(tr.Arrivals)
	m := Measure(tr, 60*ms)
	if m.Received != start || m.Lost != 1<<40-start || m.LongestRun != 1<<40-start {
		t.Errorf("got %+v", m)
	}
	if m.WorstWindow == nil || *m.WorstWindow != 1 {
		t.Errorf("worst window: got %v, want 1", m.WorstWindow)
	}
}

// The dispersion of losses is that of windows that are counted one by one.
func TestDispersionCountsEveryWindow(t *testing.T) {
	r := rand.New(rand.NewPCG(seed.Of(t), 6))
	for range 300 {
		sent := 200 + r.IntN(400)
		var hits []int64
		for seq := int64(0); seq < int64(sent); seq++ {
			if r.IntN(4) == 0 {
				for n := int64(r.IntN(1 + r.IntN(60))); n >= 0 && seq < int64(sent); n-- {
					hits = append(hits, seq)
					seq++
				}
			}
		}
		if len(hits) == 0 {
			continue
		}
		got := dispersion(together(hits), sent)
		windows := (sent - int(hits[0])) / evenWindow
		in := make([]float64, windows)
		for _, seq := range hits {
			if at := int(seq-hits[0]) / evenWindow; at < windows {
				in[at]++
			}
		}
		sum, variance := 0.0, 0.0
		for _, n := range in {
			sum += n
		}
		mean := sum / float64(windows)
		for _, n := range in {
			variance += (n - mean) * (n - mean) / float64(windows)
		}
		if chance := mean * (1 - mean/evenWindow); windows < evenWindows || chance == 0 {
			if got != nil {
				t.Fatalf("%+v of %d windows", got, windows)
			}
		} else if got == nil || got.Windows != windows || math.Abs(got.Ratio-variance/chance) > 1e-9 {
			t.Fatalf("%+v, want %v of %d windows", got, variance/chance, windows)
		}
	}
}
