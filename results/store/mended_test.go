package store

import (
	"os"
	"path/filepath"
	"testing"

	"netready/results"
)

// TestRestoredResultsStay: results were lost, the index was made again without them, and
// then they came back from a backup, or from the agent.
func TestRestoredResultsStay(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	kept, lost, sent := put(t, s, "A", day, 1, "r"), put(t, s, "A", day, 2, "r"), put(t, s, "A", day, 3, "r")
	compact(t, s, 1)
	raw, err := s.Read(t.Context(), lost.Key)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{lost.Key, sent.Key} {
		if err := os.Remove(filepath.Join(dir, key)); err != nil {
			t.Fatal(err)
		}
	}
	rebuild := func(want int) {
		t.Helper()
		if found, err := s.Rebuild(t.Context()); found != want || err != nil {
			t.Fatal(found, err)
		}
		compact(t, s, 1)
	}
	rebuild(0)
	if rows := collect(t, s.List(t.Context(), results.Query{}, "")); len(rows) != 1 || rows[0] != kept {
		t.Fatalf("%v, want the one that is there", rows)
	}
	if err := os.WriteFile(filepath.Join(dir, lost.Key), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	put(t, s, "A", day, 3, "r") // as its agent sends it again
	rebuild(1)
	for _, stored := range []Stored{kept, lost, sent} {
		if _, err := s.Read(t.Context(), stored.Key); err != nil {
			t.Error(err)
		}
	}
	if rows := collect(t, s.Rows(t.Context(), results.Query{})); len(rows) != 3 {
		t.Errorf("%d rows, want 3", len(rows))
	}
}
