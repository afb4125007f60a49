//go:build system && linux

package store

import (
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"netready/internal/smalldisk"
	"netready/results"
)

// TestADiskThatFillsUp: results come until nothing can be written. What was accepted is
// complete, what was refused has left nothing, and compaction fails without a loss. With
// room again everything is stored, including what was refused.
func TestADiskThatFillsUp(t *testing.T) {
	for _, left := range []int{0, 1, 3, 4, 6, 8, 12, 16, 24, 40, 80} { // KiB: each write of a result is the one that fails
		dir := smalldisk.New(t, 2048)
		s := folderStore(t, dir)
		s.unsynced = false
		var accepted []string
		for n := range 20 {
			accepted = append(accepted, put(t, s, "A", day.AddDate(0, 0, n/10), n, "r").RunID)
		}
		full := smalldisk.Fill(t, dir, left)
		var refused []int
		for n := 20; n < 60; n++ {
			raw, r := result(day, n, "r")
			_, _, err := s.Put(t.Context(), "A", raw, r)
			switch {
			case err == nil:
				accepted = append(accepted, r.RunID)
			case errors.Is(err, syscall.ENOSPC):
				refused = append(refused, n)
			default:
				t.Fatalf("run %d: %v", n, err)
			}
		}
		_, err := s.Compact(t.Context())
		if err == nil && left == 0 {
			t.Error("compacting a full disk fails, and says so")
		}
		t.Logf("%d KiB left: %d accepted, %d refused", left, len(accepted), len(refused))
		check := func() {
			t.Helper()
			for _, as := range []*Store{s, folderStore(t, dir)} {
				rows := collect(t, as.Rows(t.Context(), results.Query{}))
				ids := idsOf(rows)
				slices.Sort(ids)
				if !slices.Equal(ids, slices.Sorted(slices.Values(accepted))) {
					t.Errorf("%d KiB left: %d rows, want the %d that were accepted", left, len(ids), len(accepted))
				}
				for _, row := range rows {
					if raw, err := as.Read(t.Context(), row.Key); err != nil || int64(len(raw)) != row.Size {
						t.Errorf("%d KiB left: %s has %d bytes, %v", left, row.Key, len(raw), err)
					}
				}
			}
			for _, file := range filesOf(t, dir) {
				if strings.HasSuffix(file, strayEnd) {
					t.Errorf("%d KiB left: %s is left", left, file)
				}
			}
		}
		check()
		if err := os.Remove(full); err != nil {
			t.Fatal(err)
		}
		for _, n := range refused {
			accepted = append(accepted, put(t, s, "A", day, n, "r").RunID)
		}
		if _, err := s.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		check()
		checkTables(t, s)
	}
}

// TestResultsLeaveRoom: before the disk is full results are refused for now, and what has to be
// written all the same is: index, tables, access log, and deletions, which make room.
func TestResultsLeaveRoom(t *testing.T) {
	dir := smalldisk.New(t, 4096)
	s := folderStore(t, dir)
	s.options.Folder = dir
	first := put(t, s, "A", day, 0, "r")
	smalldisk.Fill(t, dir, 1000)
	accepted := 1
	for n := 1; ; n++ {
		raw, r := result(day, n, "r")
		_, _, err := s.Put(t.Context(), "A", raw, r)
		if errors.Is(err, ErrFull) {
			break
		}
		if accepted++; err != nil || n > 1000 {
			t.Fatalf("run %d: %v, want ErrFull some day", n, err)
		}
	}
	raw, r := result(day, 0, "r")
	if _, outcome, err := s.Put(t.Context(), "A", raw, r); outcome != Same || err != nil {
		t.Errorf("what is stored already: %v, %v; want Same", outcome, err)
	}
	compact(t, s, 1)
	if rows := collect(t, s.Rows(t.Context(), results.Query{})); len(rows) != accepted || accepted < 3 {
		t.Errorf("%d rows, want %d", len(rows), accepted)
	}
	if _, _, err := s.Put(t.Context(), "A", raw, r); err != nil {
		t.Errorf("what is stored already: %v", err)
	}
	smalldisk.Fill(t, dir, 0) // by another program
	if n, err := s.Delete(t.Context(), Which{RunIDs: []string{first.RunID}}); n != 1 {
		t.Error(n, err)
	}
	if there, err := s.bucket.Exists(t.Context(), partitionOf("A", day).table(tableRuns)); there || err != nil {
		runs, _ := tableRows(t, s, partitionOf("A", day))
		if slices.Contains(runs, first.RunID) {
			t.Error("the deleted run is still in the table")
		}
	}
	if rows := collect(t, folderStore(t, dir).Rows(t.Context(), results.Query{})); len(rows) != accepted-1 {
		t.Errorf("%d rows after a deletion, want %d", len(rows), accepted-1)
	}
}
