package stream

import (
	"testing"
	"time"
)

func TestDueDoesNotDrift(t *testing.T) {
	tests := []struct {
		start time.Duration
		i     int
		ptime time.Duration
		want  time.Duration
	}{
		{0, 0, 20 * ms, 0},
		{5 * time.Second, 1, 20 * ms, 5020 * ms},
		{-time.Second, 50, 20 * ms, 0},
		{0, 30_000, 20 * ms, 10 * time.Minute},
		{7, 3, 33_333_333, 100_000_006},
	}
	for _, tt := range tests {
		if got := Due(tt.start, tt.i, tt.ptime); got != tt.want {
			t.Errorf("Due(%v, %d, %v): got %v, want %v", tt.start, tt.i, tt.ptime, got, tt.want)
		}
	}
}

func TestLateness(t *testing.T) {
	if got := LatenessOf(nil); got != nil {
		t.Errorf("no packets: got %v, want nil", *got)
	}
	if got, want := *LatenessOf([]time.Duration{-ms}), (Lateness{}); got != want {
		t.Errorf("early: got %v, want %v", got, want)
	}
	var late []time.Duration
	for i := range 200 { // 200 ms down to 1 ms
		late = append(late, time.Duration(200-i)*ms)
	}
	if got, want := *LatenessOf(late), (Lateness{100 * ms, 198 * ms, 200 * ms}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if late[0] != 200*ms {
		t.Error("the argument was sorted")
	}
}
