//go:build system

package merge

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"netready/internal/need"
)

// openpyxl writes the cells of a JSON file, as read, and prints the seconds
// that it took: reading its input does not count.
const openpyxlScript = `
import json, sys, time
from openpyxl import Workbook
rows = json.load(open(sys.argv[1]))
start = time.monotonic()
wb = Workbook()
ws = wb.active
ws.append(list(rows[0]))
for row in rows:
    ws.append(list(row.values()))
wb.save(sys.argv[2])
print(time.monotonic() - start)
`

// BenchmarkMerge merges result files into a workbook, in a process of its
// own, and compares rows a second with what openpyxl reaches in the same run
// at writing the same cells; the time of each size with that of 1,000 runs.
func BenchmarkMerge(b *testing.B) {
	python := need.Tool(b, "/usr/bin/python3", "python3")
	dir := b.TempDir()
	const most = 100_000
	all, cells := filepath.Join(dir, "in"), filepath.Join(dir, "cells.json")
	writeCorpus(b, all, most)
	few := []string{filepath.Join(all, "000"), filepath.Join(all, "001")}
	if _, err := (Merge{Sources: few, JSON: cells, Now: time.Now()}).Do(b.Context()); err != nil {
		b.Fatal(err)
	}
	var thousand time.Duration
	for _, n := range []int{1000, 10_000, most} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			source := filepath.Join(all, map[int]string{1000: "000", 10_000: "00*", most: "*"}[n])
			var ours, theirs time.Duration
			peak := 0.0
			for b.Loop() {
				out := filepath.Join(dir, "out.xlsx")
				_ = os.Remove(out) // absent the first time
				cmd := self(b, source, out)
				start := time.Now()
				if err := cmd.Run(); err != nil {
					b.Fatal(err)
				}
				ours += time.Since(start)
				peak = max(peak, peakMB(cmd))
				theirs += openpyxl(b, python, cells, dir)
			}
			ours, theirs = ours/time.Duration(b.N), theirs/time.Duration(b.N)
			if n == 1000 {
				thousand = ours
			}
			rate, other := float64(n)/ours.Seconds(), float64(1000*len(few))/theirs.Seconds()
			b.ReportMetric(rate, "rows/s")
			b.ReportMetric(other, "openpyxl-rows/s")
			b.ReportMetric(rate/other, "ratio")
			b.ReportMetric(peak, "peak-MB")
			b.ReportMetric(ours.Seconds()/thousand.Seconds(), "times-1000-runs")
		})
	}
}

func openpyxl(b *testing.B, python, cells, dir string) time.Duration {
	b.Helper()
	out, err := exec.CommandContext(b.Context(), python, "-c", openpyxlScript, cells, filepath.Join(dir, "theirs.xlsx")).Output()
	if err != nil {
		b.Fatal(err)
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(seconds * float64(time.Second))
}
