package stream

import (
	"math"
	"slices"
	"testing"
	"time"
)

// arrivals makes a trace of packets that arrive in this order, 20 ms apart,
// 30 ms after they were sent.
func arrivals(sent int, seqs ...int64) Trace {
	t := Trace{Sent: sent, PacketTime: 20 * ms}
	for _, s := range seqs {
		at := time.Duration(s) * 20 * ms
		t.Arrivals = append(t.Arrivals, Arrival{Seq: s, Sent: at, Received: at + 30*ms, DSCP: NoDSCP})
	}
	return t
}

// except lists 0 to n-1 without some.
func except(n int, without ...int64) []int64 {
	var seqs []int64
	for s := range int64(n) {
		if !slices.Contains(without, s) {
			seqs = append(seqs, s)
		}
	}
	return seqs
}

func TestCounts(t *testing.T) {
	tests := []struct {
		name                                           string
		trace                                          Trace
		received, lost, duplicates, reordered, longest int
	}{
		{"all", arrivals(5, 0, 1, 2, 3, 4), 5, 0, 0, 0, 0},
		{"loss in the middle", arrivals(8, 0, 1, 4, 6, 7), 5, 3, 0, 0, 2},
		{"leading and trailing loss", arrivals(10, 3, 4, 5), 3, 7, 0, 0, 4},
		{"duplicates are not received twice", arrivals(4, 0, 1, 1, 2, 1), 3, 1, 2, 0, 1},
		{"a pair swapped", arrivals(5, 0, 2, 1, 3, 4), 5, 0, 0, 1, 0},
		{"one early packet makes all it passed late", arrivals(5, 4, 0, 1, 2, 3), 5, 0, 0, 4, 0},
		{"a late packet's copy is not reordered again", arrivals(4, 0, 2, 1, 1, 3), 4, 0, 1, 1, 0},
		{"a copy is late, its first was in order", arrivals(4, 0, 1, 2, 3, 1), 4, 0, 1, 0, 0},
		{"numbers that were never sent", arrivals(3, -1, 0, 1, 2, 3, math.MaxInt64, math.MinInt64), 3, 0, 0, 0, 0},
		{"nothing arrived", arrivals(7), 0, 7, 0, 0, 7},
		{"nothing sent", arrivals(0, 0, 1), 0, 0, 0, 0, 0},
		{"less than nothing sent", arrivals(-3, 0, 1), 0, 0, 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := Measure(tt.trace, 60*ms)
			got := [...]int{m.Received, m.Lost, m.Duplicates, m.Reordered, m.LongestRun}
			want := [...]int{tt.received, tt.lost, tt.duplicates, tt.reordered, tt.longest}
			if got != want {
				t.Errorf("received, lost, duplicates, reordered, longest run: got %v, want %v", got, want)
			}
			if m.Sent != max(tt.trace.Sent, 0) {
				t.Errorf("sent: got %d, want %d", m.Sent, tt.trace.Sent)
			}
		})
	}
}

func TestSharesAreOfWhatWasSent(t *testing.T) {
	m := Measure(arrivals(10, 3, 5, 4, 6), 60*ms)
	wantFloat(t, "loss", m.Loss, 0.6)
	wantFloat(t, "discard", m.Discard, 0)
	wantFloat(t, "in order", m.InOrder, 0.75)
}

func TestNothingArrived(t *testing.T) {
	m := Measure(arrivals(150), 60*ms)
	wantFloat(t, "loss", m.Loss, 1)
	wantFloat(t, "discard", m.Discard, 0)
	wantFloat(t, "worst window", m.WorstWindow, 1)
	wantFloat(t, "burst", m.BurstR, 1) // a mean run of 150, times 1 - 100 %
	if m.InOrder != nil || m.Jitter != nil || m.JitterMax != nil || m.PDVp99 != nil || m.SkewPPM != nil || m.DSCP != nil {
		t.Errorf("figures without a packet: %+v", m)
	}
}

func TestNothingSent(t *testing.T) {
	m := Measure(Trace{}, 60*ms)
	if m.Loss != nil || m.Discard != nil || m.InOrder != nil || m.BurstR != nil || m.WorstWindow != nil || m.Jitter != nil {
		t.Errorf("shares of nothing: %+v", m)
	}
}

func TestJitterNeedsTenPackets(t *testing.T) {
	if m := Measure(arrivals(20, except(9)...), 60*ms); m.Jitter != nil || m.JitterMax != nil {
		t.Errorf("nine packets: got %v, want not measured", *m.Jitter)
	}
	nine := arrivals(20, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8)
	if m := Measure(nine, 60*ms); m.Jitter != nil {
		t.Errorf("nine packets and two copies: got %v, want not measured", *m.Jitter)
	}
	m := Measure(arrivals(20, except(10)...), 60*ms)
	if m.Jitter == nil || *m.Jitter != 0 || m.JitterMax == nil || *m.JitterMax != 0 {
		t.Errorf("ten punctual packets: got %v, want 0", m.Jitter)
	}
}

func TestDSCPIsTheMostFrequentMark(t *testing.T) {
	tests := []struct {
		name  string
		marks []int
		want  int // NoDSCP: not measured
	}{
		{"one", []int{46, 46, 46}, 46},
		{"bleached on the way", []int{46, 0, 0}, 0},
		{"not readable", []int{NoDSCP, NoDSCP, NoDSCP}, NoDSCP},
		{"seldom readable", []int{NoDSCP, NoDSCP, 34}, 34},
		{"a tie", []int{46, 0, 46, 0}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := arrivals(10, except(len(tt.marks))...)
			for i, m := range tt.marks {
				tr.Arrivals[i].DSCP = m
			}
			got := NoDSCP
			if d := Measure(tr, 60*ms).DSCP; d != nil {
				got = *d
			}
			if got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func wantFloat(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if got == nil {
		t.Errorf("%s: not measured, want %v", what, want)
	} else if math.Abs(*got-want) > 1e-12 {
		t.Errorf("%s: got %v, want %v", what, *got, want)
	}
}
