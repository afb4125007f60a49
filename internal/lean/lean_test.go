package lean

import (
	"runtime/debug"
	"testing"
)

// The setting is as before when the last one has ended, in whatever order they do.
func TestLastOneRestores(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(77))
	first := Begin()
	second := Begin()
	first()
	if got := debug.SetGCPercent(percent); got != percent {
		t.Errorf("got %d while one is left, want %d", got, percent)
	}
	second()
	if got := debug.SetGCPercent(77); got != 77 {
		t.Errorf("got %d at the end, want 77", got)
	}
}
