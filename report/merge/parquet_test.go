package merge

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"netready/probe/facts"
	"netready/report/parquet"
	"netready/report/parquet/readback"
	"netready/report/workbook"
)

func readRuns(t *testing.T, dir string) []workbook.Row {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, parquet.RunsFile))
	if err != nil {
		t.Fatal(err)
	}
	var rows []workbook.Row
	for row, err := range readback.Runs(bytes.NewReader(data), int64(len(data))) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

func readPorts(t *testing.T, dir string) []readback.Port {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, parquet.PortsFile))
	if err != nil {
		t.Fatal(err)
	}
	var ports []readback.Port
	for port, err := range readback.Ports(bytes.NewReader(data), int64(len(data))) {
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, port)
	}
	return ports
}

// The tables have the rows that the CSV has, cell by cell, and every port.
func TestParquetHasTheRowsOfTheCSV(t *testing.T) {
	dir := t.TempDir()
	in, tables, list := filepath.Join(dir, "in"), filepath.Join(dir, "tables"), filepath.Join(dir, "list.csv")
	writeCorpus(t, in, 40)
	odd := corpusRun(41)
	odd.Machine.Hostname = "=cmd|' /C calc'!A0"
	odd.Voice.Down, odd.Voice.RTT = nil, nil
	odd.Firewall = append(odd.Firewall, facts.PortRow{Name: "Two ways", Family: "ipv6", Status: facts.StatusFail, Reason: "no_reply"})
	put(t, filepath.Join(in, "odd.json"), jsonOf(t, odd))
	do(t, Merge{Sources: []string{in}, CSV: list, Parquet: tables}, 41)
	data, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := readRuns(t, tables)
	if len(rows) != len(lines)-1 {
		t.Fatalf("%d rows, and %d in the CSV", len(rows), len(lines)-1)
	}
	for i, row := range rows {
		for at, cell := range row.Cells {
			if got, want := csvText(cell), lines[i+1][at]; got != want {
				t.Errorf("row %d, %s: %q, and %q in the CSV", i, lines[0][at], got, want)
			}
		}
	}
	if last := rows[len(rows)-1]; last.Cells[2] != odd.Machine.Hostname {
		t.Errorf("the machine is %q", last.Cells[2])
	}
	ports := readPorts(t, tables)
	if want := 40*len(corpusRun(0).Firewall) + len(odd.Firewall); len(ports) != want {
		t.Errorf("%d ports, want %d", len(ports), want)
	}
	last := ports[len(ports)-1]
	want := readback.Port{
		RunID: odd.RunID, Organization: odd.Organization, Machine: odd.Machine.Hostname, Region: odd.Region.ID, Started: odd.StartedAt,
		PortCell: workbook.PortCell{Name: "Two ways", Family: "ipv6", Status: facts.StatusFail, Reason: "no_reply"},
	}
	if last != want {
		t.Errorf("the last port is %+v, want %+v", last, want)
	}
}

// A run that only the workbook still has keeps the ports of its sheet Firewall.
func TestParquetOfRunsInAWorkbook(t *testing.T) {
	dir := t.TempDir()
	out, tables := filepath.Join(dir, "out.xlsx"), filepath.Join(dir, "tables")
	run := corpusRun(1)
	run.Firewall = []facts.PortRow{
		{Name: "Service", Family: "ipv4", Status: facts.StatusPass, Required: true},
		{Name: "Service", Family: "ipv6", Status: facts.StatusFail, Reason: "refused", Required: true},
		{Name: "DNS", Status: facts.StatusNotMeasured, Reason: "no_responder"},
	}
	do(t, Merge{Sources: []string{put(t, filepath.Join(dir, "1.json"), jsonOf(t, run))}, Out: out}, 1)
	next := put(t, filepath.Join(dir, "2.json"), jsonOf(t, corpusRun(2)))
	do(t, Merge{Sources: []string{next}, Out: out, Append: true, Parquet: tables}, 2)
	var got []workbook.PortCell
	for _, port := range readPorts(t, tables) {
		if port.RunID == run.RunID {
			got = append(got, port.PortCell)
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
