package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"netready/probe/facts"
	"netready/report"
	"netready/report/html"
	"netready/thresholds"
)

// Drops of a busy responder made runs "not ready". Every format now shows no verdict; so
// does the workbook's own formula, whose limits people edit.
func TestUnreliableRunHasNoVerdictInAnyFormat(t *testing.T) {
	r := oneRow(facts.PortRow{Name: "The row", Status: facts.StatusPass, Required: true})
	r.Voice.Up.LossPercent = new(9.6)
	r.Voice.Up.Unreliable = []facts.Unreliable{{Code: facts.UnreliableResponder, Text: "its socket dropped 310 packets"}}
	rep := report.New(r, thresholds.Default())
	if rep.Verdict != thresholds.Undetermined {
		t.Errorf("verdict %s", rep.Verdict)
	}
	var text, terminal, page bytes.Buffer
	if err := report.WriteText(&text, rep); err != nil {
		t.Fatal(err)
	}
	if err := report.Terminal(&terminal, rep, report.TerminalOptions{Width: 60}); err != nil {
		t.Fatal(err)
	}
	if err := html.Write(&page, rep); err != nil {
		t.Fatal(err)
	}
	for format, line := range map[string]string{
		"TXT": lineWith(text.String(), "Packet loss\t"), "terminal": strings.ReplaceAll(terminal.String(), "\n", " "), "HTML": page.String(),
	} {
		want := map[string]string{"TXT": "Not reliable", "terminal": "NO VERDICT YET", "HTML": "Not reliable"}[format]
		if !strings.Contains(line, want) || strings.Contains(line, "NOT READY") {
			t.Errorf("%s says %q, want %q", format, line, want)
		}
	}
	if line := lineWith(terminal.String(), " Packet loss "); !strings.HasPrefix(line, marks[thresholds.Unknown].terminal) || !strings.Contains(line, "9.6 %") {
		t.Errorf("the terminal says %q", line)
	}
	read, _, err := report.ReadText(&text)
	if err != nil || len(read.Voice.Up.Unreliable) != 1 || read.Voice.Up.Unreliable[0].Code != facts.UnreliableResponder {
		t.Errorf("the TXT is read back as %+v, %v", read.Voice.Up.Unreliable, err)
	}
	for _, from := range []report.Report{rep, read} {
		if got := readyOf(t, from); got != string(thresholds.Undetermined) {
			t.Errorf("the workbook's formula says %q", got)
		}
	}
	*r.Voice.Down.LossPercent = 9.6 // that way nobody was busy
	if got := readyOf(t, report.New(r, thresholds.Default())); got != string(thresholds.NotReady) {
		t.Errorf("with a fault of the other way the formula says %q", got)
	}
}

// readyOf is what the formula of the column Ready comes to.
func readyOf(t *testing.T, rep report.Report) string {
	t.Helper()
	book := bookOf(t, rep)
	names, err := book.GetRows("Runs")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names[0] {
		if name == "Ready" {
			cell, err := excelize.CoordinatesToCellName(i+1, 2)
			if err != nil {
				t.Fatal(err)
			}
			shown := names[1][i]
			got, err := book.CalcCellValue("Runs", cell)
			if err != nil || got != shown {
				t.Errorf("the formula gives %q (%v), the cell shows %q", got, err, shown)
			}
			return got
		}
	}
	t.Fatal("no column Ready")
	return ""
}
