//go:build system

package store

import (
	"slices"
	"sync"
	"testing"
	"time"

	_ "gocloud.dev/blob/s3blob" // of the store in these tests

	"netready/internal/s3server"
	"netready/results"
)

// TestThreeShareAnObjectStore: three programs store results in one bucket. One is
// killed and starts again from its beginning, then the store is; every accepted result is
// there once, none lost, none doubled. Then two compact at once.
func TestThreeShareAnObjectStore(t *testing.T) {
	server := s3server.Start(t)
	s, err := storeAt(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	var workers []*worker
	for i := range 3 {
		workers = append(workers, startWorker(t, server.URL(), "send", i*100_000))
	}
	time.Sleep(time.Second)
	said1 := workers[1].kill(t)
	workers[1] = startWorker(t, server.URL(), "send", 100_000)
	time.Sleep(500 * time.Millisecond)
	server.Kill()
	time.Sleep(500 * time.Millisecond)
	server.Restart(t)
	time.Sleep(1500 * time.Millisecond)
	tried, accepted := said(said1, "try"), said(said1, "done")
	for _, w := range workers {
		out := w.kill(t)
		tried, accepted = append(tried, said(out, "try")...), append(accepted, said(out, "done")...)
	}
	again := len(accepted)
	slices.Sort(accepted)
	accepted = slices.Compact(accepted)
	again -= len(accepted)
	two, err := storeAt(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		var list []string
		for _, row := range collect(t, two.Rows(t.Context(), results.Query{})) {
			list = append(list, row.RunID)
		}
		slices.Sort(list)
		if once := slices.Compact(slices.Clone(list)); len(once) != len(list) {
			t.Errorf("%s: %d rows of %d runs", when, len(list), len(once))
		}
		for _, id := range accepted {
			if _, there := slices.BinarySearch(list, id); !there {
				t.Errorf("%s: run %s was accepted and is lost", when, id)
			}
		}
		for _, id := range list {
			if !slices.Contains(tried, id) {
				t.Errorf("%s: run %s was never sent", when, id)
			}
		}
		t.Logf("%s: %d results accepted, %d of them twice, %d are there", when, len(accepted), again, len(list))
	}
	check("before")
	var both sync.WaitGroup
	for _, store := range []*Store{s, two} {
		both.Go(func() {
			if _, err := store.Compact(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	check("after")
	if _, err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkTables(t, s)
	if len(accepted) < 50 || again < 1 {
		t.Error("too little was done to tell")
	}
}
