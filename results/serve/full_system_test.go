//go:build system && linux

package serve_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"netready/internal/smalldisk"
	"netready/probe/responder/tokens"
	"netready/results"
	"netready/results/send"
)

// TestAFullStoreIsWaitedFor: the responder's disk has no room. The agent is told to come later,
// tries no second result, and loses none; with room again all are stored.
func TestAFullStoreIsWaitedFor(t *testing.T) {
	dir := smalldisk.New(t, 4096)
	f := startIn(t, dir)
	to := f.invited(t, tokens.Token{Org: "ACME"})
	box := send.Outbox{Dir: t.TempDir()}
	keep := func() {
		t.Helper()
		rep, raw := run(t, to, "ping")
		if err := box.Add(rep.RunID, send.AddressOf(to), raw); err != nil {
			t.Fatal(err)
		}
	}
	keep()
	keep()
	for _, left := range []int{100, 0} { // below the floor, and none at all
		full := smalldisk.Fill(t, dir, left)
		f.log.Reset()
		for _, o := range box.Send(t.Context(), to, nil) {
			if o.State != send.Waiting || o.Code != results.StoreFull {
				t.Errorf("%d KiB left: %+v, want it to wait because of %s", left, o, results.StoreFull)
			}
		}
		if tried := strings.Count(f.log.String(), "could not be stored"); tried != 1 || len(box.Waiting(to)) != 2 {
			t.Errorf("%d KiB left: %d tried, %d wait, want 1 and 2", left, tried, len(box.Waiting(to)))
		}
		if err := os.Remove(full); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range box.Send(t.Context(), to, nil) {
		if o.State != send.Sent {
			t.Errorf("%+v, want it to be sent", o)
		}
	}
	if stored := f.stored(t); len(slices.Compact(stored)) != 2 || len(box.Waiting(to)) != 0 {
		t.Errorf("%v stored, %d wait", stored, len(box.Waiting(to)))
	}
}
