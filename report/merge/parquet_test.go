package merge

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"netready/internal/tablefile"
	"netready/probe/facts"
	"netready/report/parquet"
	"netready/report/workbook"
)

func readTable(t *testing.T, dir, name string) [][]any {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return tablefile.Rows(t, data)
}

// The tables have the rows that the CSV has, cell by cell, and every port.
func TestParquetHasTheRowsOfTheCSV(t *testing.T) {
	dir := t.TempDir()
	in, out, list := filepath.Join(dir, "in"), filepath.Join(dir, "tables"), filepath.Join(dir, "list.csv")
	writeCorpus(t, in, 40)
	odd := corpusRun(41)
	odd.Machine.Hostname = "=cmd|' /C calc'!A0"
	odd.Voice.Down, odd.Voice.RTT = nil, nil
	odd.Firewall = append(odd.Firewall, facts.PortRow{Name: "Two ways", Family: "ipv6", Status: facts.StatusFail, Reason: "no_reply"})
	put(t, filepath.Join(in, "odd.json"), jsonOf(t, odd))
	do(t, Merge{Sources: []string{in}, CSV: list, Parquet: out}, 41)
	data, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := readTable(t, out, parquet.RunsFile)
	if len(rows) != len(lines)-1 {
		t.Fatalf("%d rows, and %d in the CSV", len(rows), len(lines)-1)
	}
	for i, row := range rows {
		for at, cell := range row {
			if got, want := csvText(cell), lines[i+1][at]; got != want {
				t.Errorf("row %d, %s: %q, and %q in the CSV", i, lines[0][at], got, want)
			}
		}
	}
	if last := rows[len(rows)-1]; last[2] != odd.Machine.Hostname {
		t.Errorf("the machine is %q", last[2])
	}
	ports := readTable(t, out, parquet.PortsFile)
	if want := 40*len(corpusRun(0).Firewall) + len(odd.Firewall); len(ports) != want {
		t.Errorf("%d ports, want %d", len(ports), want)
	}
	last := ports[len(ports)-1]
	want := []any{odd.RunID, odd.Organization, odd.Machine.Hostname, odd.Region.ID, odd.StartedAt, "Two ways", "ipv6", facts.StatusFail, "no_reply", false}
	if !slices.Equal(last, want) {
		t.Errorf("the last port is %v, want %v", last, want)
	}
}

// A run that only the workbook still has keeps the ports of its sheet Firewall.
func TestParquetOfRunsInAWorkbook(t *testing.T) {
	dir := t.TempDir()
	out, written := filepath.Join(dir, "out.xlsx"), filepath.Join(dir, "tables")
	run := corpusRun(1)
	run.Firewall = []facts.PortRow{
		{Name: "Service", Family: "ipv4", Status: facts.StatusPass, Required: true},
		{Name: "Service", Family: "ipv6", Status: facts.StatusFail, Reason: "refused", Required: true},
		{Name: "DNS", Status: facts.StatusNotMeasured, Reason: "no_responder"},
	}
	do(t, Merge{Sources: []string{put(t, filepath.Join(dir, "1.json"), jsonOf(t, run))}, Out: out}, 1)
	next := put(t, filepath.Join(dir, "2.json"), jsonOf(t, corpusRun(2)))
	do(t, Merge{Sources: []string{next}, Out: out, Append: true, Parquet: written}, 2)
	var got []workbook.PortCell
	for _, port := range readTable(t, written, parquet.PortsFile) {
		if port[0] == run.RunID {
			text := func(at int) string { s, _ := port[at].(string); return s }
			got = append(got, workbook.PortCell{Name: text(5), Family: text(6), Status: text(7), Reason: text(8), Required: port[9] == true})
		}
	}
	if want := workbook.PortsOf(run.Firewall); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A merge that is stopped leaves the tables as they were, and no other file.
func TestParquetWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	in, tables := filepath.Join(dir, "in"), filepath.Join(dir, "tables")
	writeCorpus(t, in, 3)
	put(t, filepath.Join(tables, parquet.RunsFile), []byte("old"))
	c := &collection{merge: Merge{Parquet: tables}, entries: []entry{{hasRow: true}}}
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	cancel(stopped)
	var err error
	if c.spool, err = newSpool(); err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.parquet(ctx); !errors.Is(err, stopped) {
		t.Errorf("got %v", err)
	}
	if data, err := os.ReadFile(filepath.Join(tables, parquet.RunsFile)); string(data) != "old" {
		t.Errorf("the old table is %q, %v", data, err)
	}
	files, err := os.ReadDir(tables)
	if err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
	_, err = Merge{Sources: []string{in}, Parquet: filepath.Join(tables, parquet.RunsFile)}.Do(t.Context())
	if err == nil || !strings.Contains(err.Error(), parquet.RunsFile) {
		t.Errorf("a file for a folder: %v", err)
	}
}

// Of a file that could not be written no new folder stays, and every old one does.
func TestNoFolderOfAFileThatIsNot(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "old"), 0o700); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left")
	for _, name := range []string{"new/deeper/runs.parquet", "old/new/runs.parquet", "old/runs.parquet"} {
		if err := writeFile(filepath.Join(dir, name), func(io.Writer) error { return full }); !errors.Is(err, full) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var left []string
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, _ error) error {
		left = append(left, path)
		return nil
	})
	if want := []string{dir, filepath.Join(dir, "old")}; !slices.Equal(left, want) {
		t.Errorf("left: %v, want %v", left, want)
	}
	if err := writeFile(filepath.Join(dir, "new/a.csv"), func(io.Writer) error { return nil }); err != nil {
		t.Error(err)
	}
}
