package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"netready/probe/facts"
	"netready/report"
	"netready/report/html"
	"netready/report/workbook"
	"netready/thresholds"
)

// marks are what each format shows of a level.
var marks = map[thresholds.Level]struct{ terminal, tone, cell string }{
	thresholds.Pass:    {"✔", "tone-pass", "pass"},
	thresholds.Warn:    {"!", "tone-warn", "(optional)"},
	thresholds.Fail:    {"✘", "tone-fail", "fail"},
	thresholds.Unknown: {"–", "tone-unknown", "not measured"},
}

// oneRow is a result whose firewall column has one row, and a call that is good.
func oneRow(row facts.PortRow) facts.Result {
	side := func() *facts.Direction {
		return thresholds.KeepLimits(&facts.Direction{Sent: 1500, Received: 1500})
	}
	return facts.Result{
		Schema: facts.SchemaVersion, RunID: "01JD0000000000000000ABCDEF", StartedAt: time.Unix(1.7e9, 0), FinishedAt: time.Unix(1.7e9, 0), Complete: true,
		Parts: facts.AllParts(), Machine: facts.Machine{Hostname: "pc"}, Region: facts.Region{ID: "x", Responder: "h:1"},
		Voice:    facts.Voice{Mode: facts.ModeResponder, Up: side(), Down: side(), RTT: &facts.RTT{AvgMS: new(20.0)}},
		Firewall: []facts.PortRow{row},
	}
}

// A row that was optional and not measured was a warning in one format and
// unknown in two. Every status, required or not, with and without a responder,
// has one verdict in every format.
func TestOneVerdictInEveryFormat(t *testing.T) {
	for _, test := range []struct {
		status, reason string
		required       bool
		want           thresholds.Level
		verdict        thresholds.Verdict
	}{
		{facts.StatusPass, "", true, thresholds.Pass, thresholds.Ready},
		{facts.StatusPass, "", false, thresholds.Pass, thresholds.Ready},
		{facts.StatusFail, facts.ReasonNoReply, true, thresholds.Fail, thresholds.NotReady},
		{facts.StatusFail, facts.ReasonDNS, true, thresholds.Fail, thresholds.NotReady},
		{facts.StatusFail, facts.ReasonNoReply, false, thresholds.Warn, thresholds.Ready},
		{facts.StatusNotMeasured, facts.ReasonNoResponder, true, thresholds.Unknown, thresholds.Undetermined},
		{facts.StatusNotMeasured, facts.ReasonNoResponder, false, thresholds.Warn, thresholds.Ready},
		{facts.StatusNotMeasured, facts.ReasonPCBusy, true, thresholds.Unknown, thresholds.Undetermined},
		{facts.StatusNotMeasured, facts.ReasonStopped, false, thresholds.Warn, thresholds.Ready},
	} {
		t.Run(fmt.Sprintf("%s %s required %v", test.status, test.reason, test.required), func(t *testing.T) {
			row := facts.PortRow{Name: "The row", Protocol: "udp", Host: "h.example", Port: 4000, Required: test.required, Status: test.status, Reason: test.reason}
			rep := report.New(oneRow(row), thresholds.Default())
			if rep.Verdict != test.verdict {
				t.Errorf("verdict %s, want %s", rep.Verdict, test.verdict)
			}
			for format, got := range map[string]string{
				"JSON": jsonLevel(t, rep), "TXT": textLevel(t, rep), "terminal": terminalMark(t, rep), "HTML": htmlTone(t, rep), "workbook": firewallCell(t, rep),
			} {
				want := string(test.want)
				switch format {
				case "terminal":
					want = marks[test.want].terminal
				case "HTML":
					want = marks[test.want].tone
				case "workbook":
					want = marks[test.want].cell
					if test.want != thresholds.Warn && strings.HasSuffix(got, "(optional)") {
						t.Errorf("workbook: %q counts as optional", got)
					}
				}
				if !strings.Contains(got, want) {
					t.Errorf("%s: got %q, want %s", format, got, want)
				}
			}
		})
	}
}

func jsonLevel(t *testing.T, rep report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteJSON(&b, rep); err != nil {
		t.Fatal(err)
	}
	var read report.Report
	if err := json.Unmarshal(b.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	return levelOfRow(t, read)
}

func textLevel(t *testing.T, rep report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteText(&b, rep); err != nil {
		t.Fatal(err)
	}
	read, _, err := report.ReadText(&b)
	if err != nil {
		t.Fatal(err)
	}
	return levelOfRow(t, read)
}

func levelOfRow(t *testing.T, rep report.Report) string {
	t.Helper()
	i := slices.IndexFunc(rep.Findings, func(f thresholds.Finding) bool { return strings.HasPrefix(f.Text, "The row") })
	if i < 0 {
		t.Fatalf("no finding in %+v", rep.Findings)
	}
	return string(rep.Findings[i].Level)
}

func terminalMark(t *testing.T, rep report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Terminal(&b, rep, report.TerminalOptions{Width: 140}); err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(b.String(), " The row")
	if !found {
		t.Fatalf("no row in %s", b.String())
	}
	fields := strings.Fields(before)
	return fields[len(fields)-1]
}

func htmlTone(t *testing.T, rep report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := html.Write(&b, rep); err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(b.String(), `<div class="groups`) // the mark is the group's
	before, _, found := strings.Cut(list, "The row")
	if !found {
		t.Fatal("no row in the HTML")
	}
	at := strings.LastIndex(before, "tone-")
	if at < 0 {
		t.Fatalf("no mark in %s", before)
	}
	tone, _, _ := strings.Cut(before[at:], `"`)
	return tone
}

// bookOf is the workbook of one report, read back.
func bookOf(t *testing.T, rep report.Report) *excelize.File {
	t.Helper()
	rows := func(yield func(workbook.Row, error) bool) { yield(workbook.FromReport(rep), nil) }
	var b bytes.Buffer
	if err := (workbook.Writer{Limits: rep.Limits, Made: time.Unix(1.7e9, 0)}).Write(&b, 1, rows, nil); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = book.Close() })
	return book
}

func firewallCell(t *testing.T, rep report.Report) string {
	t.Helper()
	book := bookOf(t, rep)
	cells, err := book.GetRows("Firewall")
	if err != nil {
		t.Fatal(err)
	}
	at := -1
	for _, row := range cells {
		if at >= 0 && at < len(row) {
			return row[at]
		}
		at = max(at, slices.Index(row, "The row"))
	}
	t.Fatalf("no cell for the row in %q", cells)
	return ""
}

// The figures were judged in the findings and once more in each format.
func TestOneVerdictOfFigures(t *testing.T) {
	for _, m := range thresholds.Measures() {
		if m.Single() {
			continue
		}
		for got, want := range map[*float64]thresholds.Level{nil: thresholds.Unknown, new(0.0): "", new(50.0): ""} {
			r := oneRow(facts.PortRow{Name: "The row", Status: facts.StatusPass, Required: true})
			*m.Side(r.Voice.Up) = got
			rep := report.New(r, thresholds.Default())
			i := slices.IndexFunc(rep.Findings, func(f thresholds.Finding) bool { return f.What == m.What(thresholds.Up) })
			level := rep.Findings[i].Level
			if want != "" && level != want {
				t.Errorf("%s: level %s, want %s", m.Name, level, want)
			}
			var text, terminal bytes.Buffer
			if err := report.WriteText(&text, rep); err != nil {
				t.Fatal(err)
			}
			if err := report.Terminal(&terminal, rep, report.TerminalOptions{Width: 60}); err != nil {
				t.Fatal(err)
			}
			if line := lineWith(terminal.String(), " "+m.Name+" "); !strings.HasPrefix(line, marks[level].terminal) {
				t.Errorf("%s is %s, the terminal says %q", m.Name, level, line)
			}
			words := map[thresholds.Level]string{thresholds.Pass: "Pass", thresholds.Fail: "Fail", thresholds.Unknown: "Not measured"}[level]
			if line := lineWith(text.String(), m.Name+"\t"); !strings.HasSuffix(strings.TrimSpace(line), words) {
				t.Errorf("%s is %s, the TXT says %q", m.Name, level, line)
			}
		}
	}
}

func lineWith(s, part string) string {
	for line := range strings.Lines(s) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}
