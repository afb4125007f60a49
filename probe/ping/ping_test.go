package ping

import (
	"context"
	"strings"
	"testing"
	"time"

	"netready/probe/facts"
)

func TestLoopback(t *testing.T) {
	got := Run(t.Context(), "127.0.0.1", Settings{Count: 3, Interval: 20 * time.Millisecond})
	if got.Samples == 0 && strings.Contains(got.Reason, "administrators") {
		t.Skip(got.Reason) // the honest answer of a system that forbids it
	}
	if got.Samples != 3 || got.Lost != 0 || got.Reason != "" {
		t.Fatalf("Run = %+v, want 3 samples, none lost", got)
	}
	if *got.MinMS <= 0 || *got.MinMS > *got.AvgMS || *got.AvgMS > *got.MaxMS {
		t.Errorf("min %v, avg %v, max %v are out of order", *got.MinMS, *got.AvgMS, *got.MaxMS)
	}
}

// Over IPv6 too there is a figure or its reason.
func TestLoopbackOverIPv6(t *testing.T) {
	got := Run(t.Context(), "::1", Settings{Count: 2, Interval: 20 * time.Millisecond})
	if (got.AvgMS == nil) != (got.Samples == 0) || got.AvgMS == nil && got.Reason == "" {
		t.Errorf("Run = %+v, want a figure or a reason", got)
	}
}

func TestEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	got := Run(ctx, "127.0.0.1", Settings{Interval: 10 * time.Millisecond})
	if got.Lost != 0 {
		t.Errorf("Lost = %d, want 0: a question cut off by the end is not lost (%+v)", got.Lost, got)
	}
}

// There was neither a figure nor a reason when the run ended at once.
func TestEndedBeforeAnAnswer(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	got := Run(ctx, "127.0.0.1", Settings{Count: 3})
	if got.AvgMS == nil && got.Reason == "" {
		t.Errorf("Run = %+v, want a reason", got)
	}
}

func TestUnknownHost(t *testing.T) {
	got := Run(t.Context(), "no such host.invalid", Settings{Count: 1})
	if got.Samples != 0 || got.AvgMS != nil || !strings.Contains(got.Reason, "looking up no such host.invalid") {
		t.Errorf("Run = %+v, want no figure and the look-up's error", got)
	}
}

func TestSummary(t *testing.T) {
	var r facts.Ping
	summarise(&r, []time.Duration{30 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond})
	if *r.MinMS != 10 || *r.AvgMS != 20 || *r.MaxMS != 30 || r.Samples != 3 {
		t.Errorf("summary = %v %v %v of %d", *r.MinMS, *r.AvgMS, *r.MaxMS, r.Samples)
	}
	var none facts.Ping
	summarise(&none, nil)
	if none.AvgMS != nil {
		t.Errorf("Avg of nothing = %v, want nil", *none.AvgMS)
	}
}
