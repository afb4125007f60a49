//go:build soak

package store

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"netready/report/merge"
	"netready/results"
)

// TestSoakAMillionResults: a month of 1,000,000 runs of eight organisations, copied into a
// store. The index is made, days become Parquet; then listing a day, a page of rows of today, and merging a week, each in a process of its own, whose
// time and peak memory are printed. NETREADY_RUNS has another number of runs.
func TestSoakAMillionResults(t *testing.T) {
	if what := os.Getenv(millionVariable); what != "" {
		million(t, what, os.Getenv("NETREADY_STORE_DIR"))
		return
	}
	runs := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("NETREADY_RUNS")); err == nil {
		runs = n
	}
	dir := t.TempDir()
	for _, what := range []string{"fill " + strconv.Itoa(runs), "make the index", "compact", "list a day", "open the page of a day", "list everything", "merge a week"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestSoakAMillionResults$", "-test.timeout", "2h")
		cmd.Env = append(os.Environ(), millionVariable+"="+what, "NETREADY_STORE_DIR="+dir)
		began := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", what, err, out)
		}
		said, _, _ := strings.Cut(string(out), "\n")
		peak := peakMB(said)
		t.Logf("%-28s %8.2fs  peak %4d MB  %s", what, time.Since(began).Seconds(), peak, said)
		if peak > 300 {
			t.Errorf("%s: %d MB, want less than 300", what, peak)
		}
	}
}

const millionVariable = "NETREADY_STORE_MILLION"

// firstDay begins thirty days that are over.
var firstDay = day.Truncate(24*time.Hour).AddDate(0, -1, 0)

// million does one of the works in this process, and prints what it found and its peak
// memory.
func million(t *testing.T, what, dir string) {
	t.Helper()
	s := folderStore(t, dir)
	if n, isFill := strings.CutPrefix(what, "fill "); isFill {
		number, _ := strconv.Atoi(n)
		fill(t, dir, number)
	}
	n := 0
	first := firstDay.AddDate(0, 0, 14)
	switch what {
	case "make the index":
		found, err := s.Rebuild(t.Context())
		if n = found; err != nil {
			t.Fatal(err)
		}
	case "compact":
		done, err := s.Compact(t.Context())
		if n = done.Runs; err != nil {
			t.Fatal(err)
		}
	case "list a day", "open the page of a day":
		for _, err := range s.Rows(t.Context(), results.Query{Since: first, Until: first.AddDate(0, 0, 1)}) {
			if n++; err != nil {
				t.Fatal(err)
			}
		}
	case "list everything":
		for _, err := range s.List(t.Context(), results.Query{}, "") {
			if n++; err != nil {
				t.Fatal(err)
			}
		}
	case "merge a week":
		debug.SetMemoryLimit(220 << 20) // as the command does
		debug.SetGCPercent(200)
		var sources []string
		for i := range 7 {
			sources = append(sources, filepath.Join(dir, objectFolder, "date="+first.AddDate(0, 0, i).Format(time.DateOnly)))
		}
		report, err := merge.Merge{Sources: sources, Out: filepath.Join(t.TempDir(), "week.xlsx")}.Do(t.Context())
		if n = report.Runs; err != nil {
			t.Fatal(err)
		}
	}
	if n == 0 && !strings.HasPrefix(what, "fill") {
		t.Fatal("nothing was found")
	}
	status, _ := os.ReadFile("/proc/self/status")
	fmt.Printf("%d runs, VmHWM %s\n", n, field(string(status), "VmHWM:"))
}

// fill copies small results of thirty days into a store, without an index.
func fill(t *testing.T, dir string, runs int) {
	t.Helper()
	perDay := (runs + 29) / 30
	folders := map[string]bool{}
	for n := range runs {
		at := firstDay.AddDate(0, 0, n/perDay).Add(time.Duration(n%perDay) * time.Second)
		raw, r := result(at, n, "eu-central-1")
		name := filepath.Join(dir, rowOf("org-"+strconv.Itoa(n%8), raw, r).Key)
		if folder := filepath.Dir(name); !folders[folder] {
			folders[folder] = true
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(name, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func field(text, name string) string {
	_, rest, _ := strings.Cut(text, name)
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}

// peakMB reads the peak memory that million prints, in MB.
func peakMB(said string) int {
	var n, kb int
	_, _ = fmt.Sscanf(said, "%d runs, VmHWM %d kB", &n, &kb)
	return kb / 1024
}
