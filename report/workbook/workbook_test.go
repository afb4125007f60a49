package workbook

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"netready/probe/facts"
	"netready/report/workbook/ooxml"
	"netready/thresholds"
)

// sampleRow is run number i of a made-up company.
func sampleRow(i int) Row {
	l := runLayout()
	row := Row{Cells: make([]any, len(l.columns))}
	machine := i % 7
	for place, value := range map[int]any{
		l.runID: fmt.Sprintf("01JRUN%020d", i), l.organization: "Example & Söhne", l.machine: fmt.Sprintf("PC-%02d", machine),
		l.location: []string{"Berlin", "Tokyo", "Lima"}[machine%3], l.region: "eu-central-1", l.verdict: "ready", l.complete: "yes",
		l.started:     time.Date(2026, 11, 2+i/24, i%24, 30, 15, 0, time.UTC),
		l.portsFailed: float64(machine % 2), l.portsUnknown: 0.0,
	} {
		row.Cells[place] = value
	}
	good := thresholds.KeepLimits(&facts.Direction{})
	for k, m := range graded {
		if figure := m.Side(good); figure != nil {
			row.Cells[l.figures[k]] = **figure
		}
	}
	for k, figure := range []float64{2, 3, 0.1, 0, 0.2, 0, 100, 99.5, 35, 4.3, 4.2} {
		if machine == 3 {
			figure = []float64{45.5, 8, 2.5, 0.4, 6, 1, 97, 96, 180, 3.1, 3.5}[k]
		}
		row.Cells[l.figures[k]] = figure
	}
	row.Ports = []PortCell{
		{Name: "Service HTTPS", Status: facts.StatusPass, Reason: "", Required: true},
		{Name: "Media range", Status: map[bool]string{true: facts.StatusFail, false: facts.StatusPass}[machine%2 == 1], Reason: "no_reply", Required: true},
		{Name: "Google STUN", Status: facts.StatusFail, Reason: "refused", Required: false},
		{Name: "DNS", Status: facts.StatusNotMeasured, Reason: "no responder", Required: false},
	}
	return row
}

func sampleRows(n int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for i := range n {
			if !yield(sampleRow(i), nil) {
				return
			}
		}
	}
}

func write(t *testing.T, w Writer, rows []Row, leftOut ...LeftOut) string {
	t.Helper()
	if w.Limits == (thresholds.Limits{}) {
		w.Limits = thresholds.Default()
	}
	w.Version, w.Made = "v1", time.Date(2026, 11, 24, 1, 2, 3, 0, time.UTC)
	var out bytes.Buffer
	all := func(yield func(Row, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
	if err := w.Write(&out, len(rows), all, leftOut); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "book.xlsx")
	if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func collect(n int) []Row {
	var rows []Row
	for row := range sampleRows(n) {
		rows = append(rows, row)
	}
	return rows
}

func openFile(t *testing.T, name string) *excelize.File {
	t.Helper()
	f, err := excelize.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func raw(t *testing.T, f *excelize.File, sheet, cell string) string {
	t.Helper()
	value, err := f.GetCellValue(sheet, cell, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestSheetsByCell(t *testing.T) {
	f := openFile(t, write(t, Writer{}, collect(70), LeftOut{"usb/a.txt", 3, "cut short"}))
	want := []string{SheetSummary, SheetRuns, SheetFirewall, SheetMachines, SheetByHour, SheetLeftOut, SheetAbout}
	if got := f.GetSheetList(); !slices.Equal(got, want) {
		t.Fatalf("sheets %v, want %v", got, want)
	}
	for _, c := range []struct{ sheet, cell, want string }{
		{SheetSummary, "A1", "40 of 70 runs are ready for cloud voice"},
		{SheetSummary, "A4", "40"},
		{SheetSummary, "B4", "30"},
		{SheetSummary, "C4", "0"},
		{SheetSummary, "D4", "7"},
		{SheetSummary, "A47", "PC-03"},
		{SheetFirewall, "B2", "PC-01"},
		{SheetFirewall, "G2", "1"},
		{SheetFirewall, "H1", "Service HTTPS"},
		{SheetFirewall, "H2", "pass"},
		{SheetFirewall, "I2", "fail: no_reply"},
		{SheetFirewall, "J2", "fail: refused (optional)"},
		{SheetFirewall, "K2", "not measured: no responder (optional)"},
		{SheetMachines, "B2", "PC-03"},
		{SheetMachines, "D2", "10"},
		{SheetMachines, "F2", "10"},
		{SheetMachines, "H2", "100"},
		{SheetMachines, "K1", "Jitter up (ms) median"},
		{SheetMachines, "K2", "45.5"},
		{SheetByHour, "A5", "00"},
		{SheetByHour, "B5", "3"},
		{SheetByHour, "B28", "2"},
		{SheetLeftOut, "A2", "usb/a.txt"},
		{SheetLeftOut, "B2", "3"},
		{SheetLeftOut, "C2", "cut short"},
		{SheetAbout, "B6", "30"},
		{SheetAbout, "D6", "limit_jitter"},
		{SheetAbout, "B11", "3.6"},
		{SheetRuns, "A1", "Run ID"},
	} {
		if got := raw(t, f, c.sheet, c.cell); got != c.want {
			t.Errorf("%s!%s = %q, want %q", c.sheet, c.cell, got, c.want)
		}
	}
}

func TestRowsComeBackAsTheyWere(t *testing.T) {
	rows := collect(30)
	l := runLayout()
	for i, text := range []string{"=1+1", "+49", "-x", "@a", "a\"b'c", "two\nlines", "😀 ok", "_x0041_", " spaces ", "<&>"} {
		rows[i].Cells[l.machine] = text
	}
	name := write(t, Writer{}, rows)
	old, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	i := 0
	for got, err := range old.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Clone(rows[i].Finished(thresholds.Default()))
		for k := range want {
			if got.Cells[k] != want[k] {
				t.Errorf("row %d, %s: %#v, want %#v", i, l.columns[k].Header, got.Cells[k], want[k])
			}
		}
		i++
	}
	if i != len(rows) {
		t.Errorf("%d rows, want %d", i, len(rows))
	}
	f := openFile(t, name)
	for i := range 10 {
		cell := ooxml.CellName(l.machine+1, i+2)
		if formula, err := f.GetCellFormula(SheetRuns, cell); err != nil || formula != "" {
			t.Errorf("%s holds the formula %q (%v)", cell, formula, err)
		}
	}
}

// TestReadyFollowsTheLimits lets excelize compute the formula and compares it
// with the stored value.
func TestReadyFollowsTheLimits(t *testing.T) {
	l := runLayout()
	for _, c := range []struct {
		name   string
		change func(Row)
		want   string
	}{
		{"good", func(Row) {}, "ready"},
		{"jitter at the limit", func(r Row) { r.Cells[l.figures[jitterDown]] = 30.0 }, "not_ready"},
		{"jitter just below", func(r Row) { r.Cells[l.figures[jitterDown]] = 29.999 }, "ready"},
		{"order at the limit", func(r Row) { r.Cells[l.figures[placeOf(thresholds.Order, thresholds.Up)]] = 98.0 }, "ready"},
		{"order below", func(r Row) { r.Cells[l.figures[placeOf(thresholds.Order, thresholds.Up)]] = 97.999 }, "not_ready"},
		{"MOS at the limit", func(r Row) { r.Cells[l.figures[mosUp]] = 3.6 }, "ready"},
		{"MOS below", func(r Row) { r.Cells[l.figures[mosUp]] = 3.599 }, "not_ready"},
		{"blank figure", func(r Row) { r.Cells[l.figures[lossUp]] = nil }, "undetermined"},
		{"blank figure and a broken limit", func(r Row) { r.Cells[l.figures[lossUp]], r.Cells[l.figures[rttAvg]] = nil, 150.0 }, "not_ready"},
		{"port failed", func(r Row) { r.Cells[l.portsFailed] = 1.0 }, "not_ready"},
		{"port not measured", func(r Row) { r.Cells[l.portsUnknown] = 2.0 }, "undetermined"},
		{"ports blank", func(r Row) { r.Cells[l.portsUnknown] = nil }, "undetermined"},
		{"broken off", func(r Row) { r.Cells[l.complete] = "no" }, "undetermined"},
		{"undetermined at run time", func(r Row) { r.Cells[l.verdict] = "undetermined" }, "undetermined"},
		{"only the firewall was asked for", func(r Row) { r.Cells[l.figures[rttAvg]], r.Cells[l.parts] = nil, "firewall, nat" }, "ready"},
		{"a call was asked for", func(r Row) { r.Cells[l.figures[rttAvg]], r.Cells[l.parts] = nil, "voice, nat" }, "undetermined"},
		{"text for a figure", func(r Row) { r.Cells[l.figures[rttAvg]] = "not measured" }, "undetermined"},
	} {
		t.Run(c.name, func(t *testing.T) {
			row := sampleRow(0)
			c.change(row)
			f := openFile(t, write(t, Writer{}, []Row{row}))
			cell := ooxml.CellName(l.ready+1, 2)
			if got := raw(t, f, SheetRuns, cell); got != c.want {
				t.Errorf("stored %q, want %q", got, c.want)
			}
			if got, err := f.CalcCellValue(SheetRuns, cell); err != nil || got != c.want {
				t.Errorf("computed %q (%v), want %q", got, err, c.want)
			}
		})
	}
}

// TestReadyIsExact: figures were once compared as float32, so that a figure at
// a limit of 150.7 was under it.
func TestReadyIsExact(t *testing.T) {
	l := runLayout()
	limits := thresholds.Default()
	limits.RTTAvgMS.Below, limits.InOrderPercent.AtLeast = new(150.7), new(98.7)
	row := sampleRow(0)
	row.Cells[l.figures[placeOf(thresholds.Order, thresholds.Up)]] = 98.7
	for _, c := range []struct {
		rtt  float64
		want string
	}{{150.7, "not_ready"}, {150.699, "ready"}} {
		row.Cells[l.figures[rttAvg]] = c.rtt
		f := openFile(t, write(t, Writer{Limits: limits}, []Row{row}))
		if got := raw(t, f, SheetRuns, ooxml.CellName(l.ready+1, 2)); got != c.want {
			t.Errorf("round trip %v: Ready %q, want %q", c.rtt, got, c.want)
		}
		if got := row.Finished(limits)[l.ready]; got != c.want {
			t.Errorf("round trip %v: --json says %q, want %q", c.rtt, got, c.want)
		}
	}
}

func TestLimitsAreNamesInAbout(t *testing.T) {
	f := openFile(t, write(t, Writer{}, collect(1)))
	if err := f.SetCellValue(SheetAbout, "B6", 1.5); err != nil {
		t.Fatal(err)
	}
	if got, err := f.CalcCellValue(SheetRuns, ooxml.CellName(runLayout().ready+1, 2)); err != nil || got != "not_ready" {
		t.Errorf("after the limit was edited Ready is %q (%v), want not_ready", got, err)
	}
}

func TestMoreRowsThanASheetHolds(t *testing.T) {
	rows := collect(25)
	name := write(t, Writer{MaxRows: 11}, rows)
	f := openFile(t, name)
	for sheet, want := range map[string]int{"Runs": 11, "Runs 2": 11, "Runs 3": 6} {
		got, err := f.GetRows(sheet)
		if err != nil || len(got) != want {
			t.Errorf("%s has %d rows (%v), want %d", sheet, len(got), err, want)
		}
	}
	old, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	count := 0
	for _, err := range old.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		count++
	}
	if count != 25 {
		t.Errorf("%d rows read back, want 25", count)
	}
	var again bytes.Buffer
	if err := (Writer{Limits: thresholds.Default(), Old: old, MaxRows: 100}).Write(&again, 25, sampleRows(25), nil); err != nil {
		t.Fatal(err)
	}
	g, err := excelize.OpenReader(bytes.NewReader(again.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if got := g.GetSheetList(); slices.Contains(got, "Runs 2") {
		t.Errorf("sheets %v: Runs 2 is no longer needed", got)
	}
}

func TestPercentiles(t *testing.T) {
	var runs []tallied
	for i := range 20 {
		var run tallied
		for k := range run.figures {
			run.figures[k] = float32(math.NaN())
		}
		run.figures[jitterUp] = float32(i + 1)
		run.figures[mosUp] = float32(1 + float64(i)/10)
		runs = append(runs, run)
	}
	got := spreadOf(runs, jitterUp)
	if want := (spread{10.5, 19, 20}); got != want {
		t.Errorf("jitter %v, want %v", got, want)
	}
	got = spreadOf(runs, mosUp)
	if want := (spread{1.95, 1.1, 1}); got != want {
		t.Errorf("MOS %v, want %v", got, want)
	}
	if got := spreadOf(runs, lossUp); !math.IsNaN(got.median) || !math.IsNaN(got.p95) || !math.IsNaN(got.worst) {
		t.Errorf("loss %v, want none", got)
	}
}

func TestCellText(t *testing.T) {
	long := strings.Repeat("😀", 20000)
	for _, c := range []struct{ name, in, want string }{
		{"plain", "abc", "abc"},
		{"control", "a\x00b\x1bc\x7f", "a\uFFFDb\uFFFDc\x7f"},
		{"CRLF", "a\r\nb", "a\nb"},
		{"not a character", "a\uFFFEb", "a\uFFFDb"},
		{"bad UTF-8", "a\xffb", "a\uFFFDb"},
	} {
		if got := ooxml.Text(c.in); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := ooxml.Text(long); len([]rune(got)) > 32767 || !strings.HasSuffix(got, "more)") {
		t.Errorf("a long text is %d runes and ends in %q", len([]rune(got)), got[len(got)-10:])
	}
}

func TestNotAWorkbook(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.xlsx")
	other := filepath.Join(dir, "other.xlsx")
	if err := os.WriteFile(text, []byte("hello, I am no zip"), 0o644); err != nil {
		t.Fatal(err)
	}
	f := excelize.NewFile()
	if err := errors.Join(f.SaveAs(other), f.Close()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{text, other} {
		if _, err := Open(name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v, want one that names the file", name, err)
		}
	}
}

func TestTimes(t *testing.T) {
	when := time.Date(2026, 11, 24, 13, 5, 59, 0, time.UTC)
	if got := strconv.FormatFloat(excelTime(when), 'f', 6, 64); got != "46350.545822" {
		t.Errorf("%s", got)
	}
	for _, text := range []string{"46350.5458217593", "2026-11-24T13:05:59Z", "2026-11-24 13:05:59", "2026-11-24 13:05:59 UTC"} {
		c := ooxml.Cell{Kind: "str", Text: text}
		if strings.HasPrefix(text, "46350") {
			c.Kind = "n"
		}
		if got, ok := (&Old{pack: &ooxml.File{}}).time(c, ""); !ok || got != when {
			t.Errorf("%s: %v, want %v", text, got, when)
		}
	}
}

// The chart of the ports also drew those that fail nowhere.
func TestPortsChartHasOnlyWhatFails(t *testing.T) {
	with := func(statuses ...string) []Row {
		row := sampleRow(0)
		row.Ports = nil
		for i, status := range statuses {
			row.Ports = append(row.Ports, PortCell{Name: fmt.Sprintf("Port %d", i), Status: status, Reason: "no_reply", Required: true})
		}
		return []Row{row}
	}
	const sentence = "A26" // below the heading that stands where the chart would
	for _, test := range []struct {
		name   string
		rows   []Row
		charts int
		says   string
		bars   string // how many rows of the table the chart takes
	}{
		{"two fail", with(facts.StatusPass, facts.StatusFail, facts.StatusPass, facts.StatusFail), 4, "", "2"},
		{"none fails", with(facts.StatusPass, facts.StatusPass), 3, "No required port fails in the newest run of any machine: 2 were tested.", ""},
		{"none was tested", with(facts.StatusNotMeasured), 3, "No port was tested.", ""},
		{"no runs", nil, 3, "No port was tested.", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := write(t, Writer{}, test.rows)
			checkStructure(t, name)
			f := openFile(t, name)
			if got := raw(t, f, SheetSummary, sentence); got != test.says {
				t.Errorf("%s says %q, want %q", sentence, got, test.says)
			}
			charts, bars := 0, ""
			f.Pkg.Range(func(key, content any) bool {
				if part, _ := key.(string); strings.HasPrefix(part, "xl/charts/chart") {
					charts++
					data, _ := content.([]byte)
					if found := regexp.MustCompile(`Summary.{0,8}!\$D\$(\d+):\$D\$(\d+)`).FindSubmatch(data); found != nil {
						first, _ := strconv.Atoi(string(found[1]))
						last, _ := strconv.Atoi(string(found[2]))
						bars = fmt.Sprint(last - first + 1)
					}
				}
				return true
			})
			if charts != test.charts || bars != test.bars {
				t.Errorf("%d charts, %q ports drawn, want %d and %q", charts, bars, test.charts, test.bars)
			}
		})
	}
}

// An optional port that passed was shown as required, and a harmless one had
// the longest red bar. What is optional is known after an append, too.
func TestOptionalPortsAreNotRequired(t *testing.T) {
	rows := collect(5)
	for i := range rows {
		rows[i].Ports = []PortCell{
			{Name: "Media range", Status: map[bool]string{true: facts.StatusFail, false: facts.StatusPass}[i == 0], Reason: "no_reply", Required: true},
			{Name: "DNS UDP 53", Status: facts.StatusFail, Reason: "no_reply", Required: false},
			{Name: "Google STUN", Status: facts.StatusPass, Reason: "", Required: false},
			{Name: "Service HTTPS", Status: facts.StatusPass, Reason: "", Required: true},
		}
	}
	name := write(t, Writer{}, rows)
	for range 3 {
		f := openFile(t, name)
		all, err := f.GetRows(SheetSummary)
		if err != nil {
			t.Fatal(err)
		}
		required := map[string]string{}
		for _, row := range all {
			if len(row) > 5 {
				required[row[0]] = row[5]
			}
		}
		want := map[string]string{"Media range": "yes", "Service HTTPS": "yes", "DNS UDP 53 (may fail)": "no", "Google STUN (may fail)": "no"}
		for port, says := range want {
			if required[port] != says {
				t.Errorf("%s: required %q, want %s", port, required[port], says)
			}
		}
		f.Pkg.Range(func(key, content any) bool {
			data, _ := content.([]byte)
			if part, _ := key.(string); strings.HasPrefix(part, "xl/charts/chart") && bytes.Contains(data, []byte("machines where they fail")) {
				if found := regexp.MustCompile(`Summary.{0,8}!\$D\$(\d+):\$D\$(\d+)`).FindSubmatch(data); found == nil || !bytes.Equal(found[1], found[2]) {
					t.Errorf("the chart shows %s, want the one required port that fails", found)
				}
			}
			return true
		})
		appendTo(t, name)
	}
}

// "Worst machines first" said neither what was bad nor which port failed.
func TestWhyAMachineIsBad(t *testing.T) {
	f := openFile(t, write(t, Writer{}, collect(14)))
	rows, err := f.GetRows(SheetSummary)
	if err != nil {
		t.Fatal(err)
	}
	why := map[string]string{}
	for _, row := range rows {
		if len(row) > 5 && strings.HasPrefix(row[0], "PC-") {
			why[row[0]] = row[5]
		}
	}
	for machine, want := range map[string]string{
		"PC-01": "Media range (no_reply)",
		"PC-03": "Media range (no_reply), Jitter up 45.5 ms, Loss up 2.5 %, Discards up 6 %, Order up 97 %, Order down 96 %, Round trip 180 ms, MOS up 3.1, MOS down 3.5",
		"PC-00": "",
	} {
		if got := why[machine]; got != want {
			t.Errorf("%s: why %q, want %q", machine, got, want)
		}
	}
	formula, err := f.GetCellFormula(SheetSummary, "F47")
	if err != nil || !strings.Contains(formula, "limit_jitter") {
		t.Errorf("Why does not follow the limits: %s (%v)", formula, err)
	}
}

// The workbook works with the columns of a layout without asking whether they
// exist.
func TestLayoutIsComplete(t *testing.T) {
	l := runLayout()
	places := map[string]int{
		"Run ID": l.runID, "Organization": l.organization, "Machine": l.machine, "Location": l.location, "Region": l.region, "Started": l.started,
		"Ready": l.ready, "Verdict at run time": l.verdict, "Notes": l.notes, "Remarks": l.remarks, "Source": l.source, "Row code": l.rowCode,
		"Required ports failed": l.portsFailed, "Required ports not measured": l.portsUnknown, "Complete": l.complete, "Limits": l.limits, "Parts": l.parts,
		"unreliable up": l.unreliableUp, "unreliable down": l.unreliableDown,
	}
	for i, m := range graded {
		places[m.header] = l.figures[i]
	}
	seen := map[int]string{}
	for name, place := range places {
		if other, twice := seen[place]; place < 0 || place >= len(l.columns) || twice {
			t.Errorf("%s is at place %d of %d (also %s)", name, place, len(l.columns), other)
		}
		seen[place] = name
	}
}

// The cells of a foreign workbook may say anything about its ports, in any number of words.
func TestPortWordsAreBounded(t *testing.T) {
	for _, form := range []string{"fail: reason %d", "word %d"} {
		tally := newTally(nil).ports
		for i := range unsaid + 200 {
			tally.add(MachinePorts{Machine: "m", Ports: []string{"p"}, Says: []string{fmt.Sprintf(form, i)}})
		}
		tally.add(MachinePorts{Machine: "m", Ports: []string{"p"}, Says: []string{"fail: yet another reason"}})
		if got := tally.failures(); len(tally.says.values) > unsaid || len(got) != 1 || form[:4] == "fail" && got[0].failed != 1 {
			t.Errorf("%s: %d texts, %+v", form, len(tally.says.values), got)
		}
	}
}
