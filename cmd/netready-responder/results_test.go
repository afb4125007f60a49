package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"netready/probe/facts"
	"netready/report"
	"netready/results"
	"netready/results/store"
	"netready/thresholds"
)

// filledStore is a folder with n results of each organisation, from so many days ago.
func filledStore(t *testing.T, n, daysAgo int, orgs ...string) (dir string, s *store.Store) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "results")
	s, closeStore, err := settings{Store: dir}.openStore(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = closeStore() })
	at := time.Now().UTC().AddDate(0, 0, -daysAgo)
	for i := range n * len(orgs) {
		r := report.New(facts.Result{Schema: facts.SchemaVersion, RunID: ulid.MustNew(ulid.Timestamp(at), ulid.DefaultEntropy()).String(), StartedAt: at, Machine: facts.Machine{Hostname: fmt.Sprint("pc-", i)}}, thresholds.Default())
		var raw bytes.Buffer
		if err := report.WriteJSON(&raw, r); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Put(t.Context(), orgs[i%len(orgs)], raw.Bytes(), r); err != nil {
			t.Fatal(err)
		}
	}
	return dir, s
}

func count(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	for _, err := range s.Rows(t.Context(), results.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestCompactAndDelete(t *testing.T) {
	dir, s := filledStore(t, 3, 5, "ACME", "Other Co")
	out, said, status := does(t, "compact", "--store", dir)
	if status != 0 || !strings.Contains(out, "tables written for 2 of them, with 6 runs") {
		t.Fatal(out, said, status)
	}
	if out, _, status = does(t, "delete", "--store", dir, "--org", "ACME", "--dry-run"); status != 0 || !strings.Contains(out, "3 results would be deleted") || count(t, s) != 6 {
		t.Fatal(out, status)
	}
	if out, said, status = does(t, "delete", "--store", dir, "--org", "ACME"); status != 0 || out != "3 results deleted\n" || count(t, s) != 3 {
		t.Fatal(out, said, status)
	}
	log, _ := filepath.Glob(filepath.Join(dir, "access", "*", "*.jsonl"))
	if len(log) != 1 {
		t.Fatalf("%d files of the access log", len(log))
	}
	if line, err := os.ReadFile(log[0]); err != nil || !strings.Contains(string(line), `"of":"--org ACME","results":3`) {
		t.Errorf("the access log says %s, %v", line, err)
	}
	if out, _, status = does(t, "delete", "--store", dir, "--older-than", "4d"); status != 0 || out != "3 results deleted\n" || count(t, s) != 0 {
		t.Fatal(out, status)
	}
	if out, said, status = does(t, "compact", "--store", dir, "--rebuild"); status != 0 || !strings.Contains(out, "0 results were missing from the index") {
		t.Fatal(out, said, status)
	}
}

// Wrong settings of the store give one sentence that says what to do.
func TestStoreRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"a URL of no store", "give a folder, s3://", []string{"--store", "ftp://x/y"}},
		{"a time that is no days", "give 1d to", []string{"--keep", "36h"}},
		{"too short", "give 1d to", []string{"--keep", "0.5d"}},
		{"nothing to delete", "name what to delete", []string{"delete", "--store", "."}},
		{"two ends", "cannot be used together", []string{"delete", "--store", ".", "--older-than", "1d", "--until", "2026-01-01"}},
		{"no time", "give how long ago", []string{"delete", "--store", ".", "--older-than", "soon"}},
		{"an end before the beginning", "until is not after since", []string{"delete", "--store", ".", "--since", "2026-11-02", "--until", "2026-11-01"}},
		{"no store", "there is no store", []string{"compact", "--store", filepath.Join(t.TempDir(), "none")}},
		{"none", "keeps no results", []string{"compact", "--store", "none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, said, status := does(t, c.args...); status != exitUsage || !strings.Contains(said, c.want) || strings.Count(said, "\n") != 1 {
				t.Errorf("status %d, %q, want %q", status, said, c.want)
			}
		})
	}
}

// TestADeletionIsNotedBeforeItBegins: a deletion was interrupted, and no line of the access
// log said who had started it.
func TestADeletionIsNotedBeforeItBegins(t *testing.T) {
	dir, s := filledStore(t, 3, 5, "ACME")
	c := deleteCmd{Org: "ACME"}
	which, err := c.which(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if n := c.note(&app{ctx: t.Context()}, s, which); n != 3 || count(t, s) != 3 {
		t.Fatalf("%d noted, want 3, and nothing deleted yet", n)
	}
	log, _ := filepath.Glob(filepath.Join(dir, "access", "*", "*.jsonl"))
	if len(log) != 1 {
		t.Fatalf("%d files of the access log, want 1", len(log))
	}
}
