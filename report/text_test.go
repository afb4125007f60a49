package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"netready/probe/facts"
	"netready/thresholds"
)

// sampleResult is a run with every kind of field filled in.
func sampleResult() facts.Result {
	p := func(f float64) *float64 { return &f }
	direction := func(jitter, loss float64) *facts.Direction {
		return thresholds.KeepLimits(&facts.Direction{
			Sent: 1500, Received: 1490, Lost: 10, Duplicates: 1, Discarded: new(3), Reordered: new(2),
			LossPercent: p(loss), DiscardPercent: p(0.2), InOrderPercent: p(99.866), JitterMS: p(jitter), JitterMaxMS: p(31.25),
			PDVp99MS: p(40.001), Burst: facts.Burst{BurstR: p(1.25), LongestRun: 4, WorstWindowPercent: p(4)},
			Shifts: []facts.Shift{}, DSCPAsked: new(46), DSCPReceived: new(0), R: p(88.1), MOS: p(4.28), MOSBasis: "pcmu",
			LossInterval:    &facts.Interval{LowPercent: loss / 2, HighPercent: 2 * loss},
			DiscardInterval: &facts.Interval{LowPercent: 0.04, HighPercent: 0.512},
		})
	}
	return facts.Result{
		Schema: 1, RunID: "01JD0000000000000000ABCDEF", Tool: facts.Tool{Name: "netready", Version: "v1.2.3"},
		StartedAt: time.Date(2026, 11, 2, 9, 30, 5, 0, time.UTC), FinishedAt: time.Date(2026, 11, 2, 9, 30, 50, 0, time.UTC),
		Organization: "Example Ltd", Location: "Berlin, 2nd floor",
		Machine: facts.Machine{Hostname: "pc-17", OS: "windows 10", Interface: facts.Interface{Name: "Ethernet", Kind: "wired"}, CPUBusyPercent: p(12.5)},
		Region:  facts.Region{ID: "eu-central-1", Name: "Europe (Frankfurt)", Responder: "voice.example.com:8443"},
		Parts:   facts.AllParts(),
		Voice: facts.Voice{
			Mode: facts.ModeResponder, Codec: "pcmu", PtimeMS: 20, JitterBufferMS: 60, DurationS: 30, Calls: 1,
			Assumptions: []string{"G.711 with concealment."}, Up: direction(4.36, 0.667), Down: direction(3.2, 0.1),
			RTT:            &facts.RTT{Source: "stun", Samples: 150, Lost: 1, MinMS: p(20), AvgMS: p(22.5), P95MS: p(30), MaxMS: p(41)},
			SendLatenessMS: &facts.Lateness{P50: p(0.1), P99: p(0.9), Max: p(2)},
		},
		Ping:      []facts.Ping{{Target: "192.168.1.1", Role: "gateway", Samples: 30, MinMS: p(0.5), AvgMS: p(0.8), MaxMS: p(3)}},
		Bandwidth: facts.Bandwidth{UpMbps: p(41.5), DownMbps: p(95.25)},
		NAT:       facts.NAT{Mapping: "endpoint_independent", SIPALG: new(false)},
		Firewall: []facts.PortRow{
			{Name: "Service HTTPS", Protocol: "tls", Host: "api.example.com", Port: 443, Required: true, Status: facts.StatusPass, ElapsedMS: p(21.5)},
			{Name: "Media range", Protocol: "udp-range", Host: "203.0.113.9", Ports: "16384-65535", Required: true, Status: facts.StatusFail, Reason: "partly_open", Detail: "2 of 4 ports closed", Tested: []int{16384, 20000, 30000, 65535}, FailedPorts: []int{20000, 30000}},
			{Name: "DNS UDP 53", Protocol: "dns", Host: "8.8.8.8", Port: 53, Status: facts.StatusFail, Reason: "no_reply", Note: "may fail"},
		},
		NotMeasured: []facts.NotMeasured{{What: "nat.survives_30s", Reason: "the run ended first"}},
		Complete:    true,
	}
}

func samples() map[string]Report {
	limits := thresholds.Default()
	bad := sampleResult()
	roundtrip := sampleResult()
	roundtrip.Voice = facts.Voice{Mode: facts.ModeRoundtrip, Codec: "pcmu", RTT: roundtrip.Voice.RTT}
	roundtrip.Region.Responder, roundtrip.Firewall = "", nil
	incomplete := sampleResult()
	incomplete.Complete = false
	hostile := sampleResult()
	hostile.Organization = "=cmd|' /C calc'!A0\t\"quoted\"\r\nsecond line \u202eevil\u2028 😀 <script>"
	hostile.Location = "'+49 30 123"
	hostile.Machine.Hostname = "-host@"
	hostile.Firewall[0].Detail = "@SUM(1+1)\n\x1b[31mred"
	full := sampleResult()
	full.Firewall = full.Firewall[:1]
	quiet, late := *full.Voice.Up, *full.Voice.Up
	late.MOS, late.DiscardPercent, late.JitterMS = new(1.72), new(31.5), new(18.2)
	full.UnderLoad = &facts.UnderLoad{
		Down: &facts.LoadPhase{
			Mbps: new(94.1), CallUp: &quiet, CallDown: &quiet, RTT: &facts.RTT{AvgMS: new(31.5)}, RPM: new(1904.762), IdleRPM: new(2666.667),
			UnmarkedUp: &quiet, UnmarkedDown: &quiet, UnmarkedRTTMS: new(32.0), DurationS: 8,
		},
		Up: &facts.LoadPhase{
			Mbps: new(41.2), CallUp: &late, CallDown: &quiet, RTT: &facts.RTT{AvgMS: new(262.5)}, RPM: new(228.571), IdleRPM: new(2666.667),
			UnmarkedUp: &late, UnmarkedDown: &quiet, UnmarkedRTTMS: new(265.0), DurationS: 8,
		},
	}
	return map[string]Report{
		"full line": New(full, limits), "not ready": New(bad, limits), "roundtrip": New(roundtrip, limits),
		"incomplete": New(incomplete, limits), "hostile": New(hostile, limits),
	}
}

func cells(r Report) map[string]any {
	all := map[string]any{}
	for _, c := range Columns() {
		if v := c.Value(&r); v != nil {
			all[c.Name] = v
		}
	}
	return all
}

// What is read from a TXT gives the same row as what is read from its JSON,
// and the same firewall column.
func TestTextHoldsWhatJSONHolds(t *testing.T) {
	for name, r := range samples() {
		t.Run(name, func(t *testing.T) {
			var txt, js bytes.Buffer
			if err := errors.Join(WriteText(&txt, r), WriteJSON(&js, r)); err != nil {
				t.Fatal(err)
			}
			a, note, err := ReadText(&txt)
			if err != nil || note != (Note{Signed: SignedNot}) {
				t.Fatalf("ReadText: %+v, %v", note, err)
			}
			b, note, err := ReadJSON(&js)
			if err != nil || note != (Note{Signed: SignedNot}) {
				t.Fatalf("ReadJSON: %+v, %v", note, err)
			}
			got, want := cells(a), cells(b)
			// A TXT has each thing on one line; the names in the JSON are as given.
			for column, w := range want {
				if !reflect.DeepEqual(got[column], w) {
					t.Errorf("%s: %#v from the TXT, %#v from the JSON", column, got[column], w)
				}
			}
			if len(a.Firewall) != len(b.Firewall) || len(a.Findings) != len(b.Findings) {
				t.Fatalf("%d rows and %d findings, want %d and %d", len(a.Firewall), len(a.Findings), len(b.Firewall), len(b.Findings))
			}
			for i, w := range b.Firewall {
				w.Detail = OneLine(w.Detail)
				if g := a.Firewall[i]; !reflect.DeepEqual(g, w) {
					t.Errorf("firewall row %d:\n%+v, want\n%+v", i, g, w)
				}
			}
		})
	}
}

// No cell of a TXT can become a formula, and none breaks a line or a column.
func TestTextIsSafeInASpreadsheet(t *testing.T) {
	var b bytes.Buffer
	if err := WriteText(&b, samples()["hostile"]); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if !strings.HasPrefix(text, "\ufeff") || strings.Count(text, "\n") != strings.Count(text, "\r\n") {
		t.Error("want a byte order mark and CRLF")
	}
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\r\n") {
		for cell := range strings.SplitSeq(line, "\t") {
			if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
				t.Errorf("line %d: the cell %q begins like a formula", i+1, cell)
			}
			if strings.ContainsAny(cell, "\x1b\n\r") {
				t.Errorf("line %d: the cell %q holds a control character", i+1, cell)
			}
		}
	}
}

// Above the row for the spreadsheet no cell is a bare figure, because a spreadsheet with a
// decimal comma would make a date or a thousand times the value of it. MOS once was one.
func TestEveryFigureOfATextHasItsUnit(t *testing.T) {
	bare := regexp.MustCompile(`^-?[0-9]+[.,][0-9]+$`)
	for name, r := range samples() {
		var b bytes.Buffer
		if err := WriteText(&b, r); err != nil {
			t.Fatal(err)
		}
		people, _, ok := strings.Cut(b.String(), headRow)
		if !ok {
			t.Fatal("no row for the spreadsheet")
		}
		for line := range strings.SplitSeq(people, "\r\n") {
			for cell := range strings.SplitSeq(line, "\t") {
				if bare.MatchString(cell) {
					t.Errorf("%s: the cell %q in %q has no unit", name, cell, line)
				}
			}
		}
	}
}

func TestReadTextDamaged(t *testing.T) {
	var b bytes.Buffer
	if err := WriteText(&b, samples()["not ready"]); err != nil {
		t.Fatal(err)
	}
	whole := b.String()
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(strings.TrimPrefix(whole, "\ufeff"))
	if err != nil {
		t.Fatal(err)
	}
	b.Reset()
	umlaut := samples()["not ready"]
	umlaut.Organization = "Österreich"
	if err := WriteText(&b, umlaut); err != nil {
		t.Fatal(err)
	}
	ansi, err := charmap.Windows1252.NewEncoder().String(strings.TrimPrefix(b.String(), "\ufeff"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, text, wrong string
		edited            bool
	}{
		{"as it is", whole, "", false},
		{"LF", strings.ReplaceAll(whole, "\r\n", "\n"), "", false},
		{"no mark", strings.TrimPrefix(whole, "\ufeff"), "", false},
		{"UTF-16 of Notepad", utf16, "", false},
		{"UTF-16 without its mark", strings.TrimPrefix(utf16, "\xff\xfe"), "", false},
		{"ANSI of Notepad", ansi, "", false},
		{"a bad byte in UTF-8", strings.Replace(whole, "Example", "Ex\xfcmple", 1), "", true},
		{"edited", strings.Replace(whole, "Example Ltd", "Other Ltd", 1), "", true},
		{"half", whole[:len(whole)/2], "cut short", false},
		{"without its last line", whole[:strings.LastIndex(strings.TrimSpace(whole), "\r\n")], "cut short", false},
		{"cut in its last line", strings.TrimSpace(whole)[:len(strings.TrimSpace(whole))-1], "cut short", false},
		{"empty", "", "not a result", false},
		{"something else", "hello\tworld\r\n", "not a result", false},
		{"text in place of a number", strings.Replace(whole, "\t4.36\t", "\t4,36\t", 1), "Jitter up (ms): \"4,36\" is not a number", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, note, err := ReadText(strings.NewReader(test.text))
			if test.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), test.wrong) {
					t.Errorf("got %v, want an error with %q", err, test.wrong)
				}
				return
			}
			if err != nil || note.Edited != test.edited || r.RunID != "01JD0000000000000000ABCDEF" {
				t.Errorf("got run %q, %+v, %v, want edited %v", r.RunID, note, err, test.edited)
			}
		})
	}
}

func TestReadJSONErrors(t *testing.T) {
	for _, test := range []struct{ name, text, wrong string }{
		{"empty", "", "it is empty"},
		{"cut short", "{\n\"schema\":1,\n\"run_id\":", "line 3: the file is cut short"},
		{"a comma too much", "{\n\"schema\":1,,\n}", "line 2"},
		{"another kind", "{\"schema\":1,\n\"voice\":{\"calls\":\"many\"}}", `line 2: the field "voice.calls" holds a string`},
		{"two documents", `{"schema":1,"run_id":"A","started_at":"2026-01-02T03:04:05Z","verdict":"ready"} {}`, "more than one"},
		{"something else", `{"name":"x"}`, "not a result"},
		{"no run id", `{"schema":1}`, "run_id"},
		{"neither TXT nor JSON", "shopping list\n", "not a result of netready: its first line"},
		{"a negative jitter", `{"schema":1,"run_id":"A","started_at":"2026-01-02T03:04:05Z","verdict":"ready","voice":{"up":{"jitter_ms":-5}}}`, `"voice.up.jitter_ms" is -5`},
		{"more than all lost", `{"schema":1,"run_id":"A","started_at":"2026-01-02T03:04:05Z","verdict":"ready","voice":{"down":{"loss_percent":100.5}}}`, `"voice.down.loss_percent" is 100.5`},
		{"a MOS of no scale", `{"schema":1,"run_id":"A","started_at":"2026-01-02T03:04:05Z","verdict":"ready","voice":{"down":{"mos":0}}}`, `"voice.down.mos" is 0`},
		{"a verdict of its own", `{"schema":1,"run_id":"A","started_at":"2026-01-02T03:04:05Z","verdict":"fine"}`, `"verdict" is "fine"`},
	} {
		if _, _, err := ReadJSON(strings.NewReader(test.text)); err == nil || !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%s: got %v, want an error with %q", test.name, err, test.wrong)
		}
	}
	_, note, err := ReadJSON(strings.NewReader(`{"schema":7,"run_id":"A","started_at":"2026-01-02T03:04:05Z","verdict":"ready","more":1}`))
	if err != nil || !note.Newer {
		t.Errorf("a newer schema: %+v, %v, want it read and noted", note, err)
	}
}

func TestFileName(t *testing.T) {
	safe := regexp.MustCompile(`^netready(_[A-Za-z0-9-]+){5}$`)
	for _, org := range []string{"Example Ltd", "", "CON", "..", "a/b\\c:d", strings.Repeat("x", 10_000), "Käse & Söhne", "日本", "a_b", "😀", "trailing. "} {
		r := Report{Result: sampleResult()}
		r.Organization = org
		if got := FileName(r); !safe.MatchString(got) || len(got) > 160 {
			t.Errorf("FileName with organization %.20q = %q", org, got)
		}
	}
	r := Report{Result: sampleResult()}
	if got, want := FileName(r), "netready_Example-Ltd_eu-central-1_pc-17_20261102T093005Z_00ABCDEF"; got != want {
		t.Errorf("FileName = %q, want %q", got, want)
	}
	r.Organization = "Große Straße Ærø"
	if got, want := FileName(r), "netready_Grosse-Strasse-AEro_eu"; !strings.HasPrefix(got, want) {
		t.Errorf("FileName = %q, want it to begin with %q", got, want)
	}
}

func TestWriteFilesNeverOverwrites(t *testing.T) {
	dir := t.TempDir()
	r := samples()["not ready"]
	seen := map[string]bool{}
	for range 3 {
		txt, js, err := WriteFiles(dir, r)
		if err != nil {
			t.Fatal(err)
		}
		if seen[txt] || strings.TrimSuffix(txt, ".txt") != strings.TrimSuffix(js, ".json") {
			t.Errorf("written %s and %s", txt, js)
		}
		seen[txt] = true
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "*")); len(found) != 6 {
		t.Errorf("%d files, want 6 and nothing temporary", len(found))
	}
}

func TestTerminal(t *testing.T) {
	for name, r := range samples() {
		for _, width := range []int{0, 40, 79, 80, 200} {
			var b bytes.Buffer
			if err := Terminal(&b, r, TerminalOptions{Width: width}); err != nil {
				t.Fatal(err)
			}
			text := b.String()
			if strings.Contains(text, "\x1b") || !strings.Contains(text, "VOIP") || !strings.Contains(text, "FIREWALL") {
				t.Errorf("%s at width %d: want both columns and no colour:\n%s", name, width, text)
			}
			if want := verdictWords(r.Verdict); !strings.Contains(text, want) {
				t.Errorf("%s at width %d does not say %q", name, width, want)
			}
		}
	}
}

func TestColumnNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Columns() {
		if seen[c.Name] || c.Name == "" {
			t.Errorf("the column %q stands there twice", c.Name)
		}
		seen[c.Name] = true
	}
	for name := range strings.SplitSeq("Run ID|Organization|Machine|Location|Region|Started|Ready|Verdict at run time|Jitter up (ms)|Jitter down (ms)|Loss up (%)|Loss down (%)|Discards up (%)|Discards down (%)|Order up (%)|Order down (%)|RTT avg (ms)|MOS up|MOS down|Notes", "|") {
		if !seen[name] {
			t.Errorf("there is no column %q", name)
		}
	}
}

func FuzzReadText(f *testing.F) {
	for _, r := range samples() {
		var b bytes.Buffer
		if err := WriteText(&b, r); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte("NETREADY\n"))
	f.Add([]byte("NETREADY\n\nROW FOR THE SPREADSHEET\nRun ID\nx\n" + checksumLabel + "\tx\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, _, err := ReadText(bytes.NewReader(b))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := WriteText(&again, r); err != nil {
			t.Fatal(err)
		}
		if _, note, err := ReadText(&again); err != nil || note.Edited {
			t.Fatalf("what was read cannot be written and read again: %+v, %v\n%s", note, err, again.String())
		}
	})
}

func FuzzReadJSON(f *testing.F) {
	for _, r := range samples() {
		var b bytes.Buffer
		if err := WriteJSON(&b, r); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, _, err := ReadJSON(bytes.NewReader(b))
		if err != nil {
			return
		}
		var js, txt bytes.Buffer
		if err := errors.Join(WriteJSON(&js, r), WriteText(&txt, r), Terminal(io.Discard, r, TerminalOptions{})); err != nil {
			t.Fatal(err)
		}
		_ = fmt.Sprint(cells(r))
	})
}

// A small file can ask for a lot of memory: eight megabytes of empty rows became
// hundreds.
func TestFilesOfManyValuesAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"objects": `{"schema":1,"run_id":"x","firewall":[` + strings.Repeat("{},", 1<<17) + `{}]}`,
		"nulls":   `{"schema":1,"run_id":"x","findings":[` + strings.Repeat("null,", 1<<17) + `null]}`,
	} {
		if _, _, err := ReadJSON(strings.NewReader(text)); !errors.Is(err, ErrNotResult) {
			t.Errorf("JSON of %s: got %v", name, err)
		}
	}
	if _, _, err := ReadText(strings.NewReader(headTitle + strings.Repeat("\n", 1<<17))); !errors.Is(err, ErrNotResult) {
		t.Errorf("TXT: got %v", err)
	}
}

// A throughput that the test itself has bounded is a lower bound in every format.
func TestLowerBoundOfBandwidth(t *testing.T) {
	r := sampleResult()
	r.Bandwidth.UpAtLeast, r.Bandwidth.Note = true, "a long round trip"
	report := New(r, thresholds.Default())
	var text, terminal bytes.Buffer
	if err := errors.Join(WriteText(&text, report), Terminal(&terminal, report, TerminalOptions{})); err != nil {
		t.Fatal(err)
	}
	for said, want := range map[string]string{
		text.String():     "Bandwidth\t\tat least 41.5 Mbit/s\t95.25 Mbit/s",
		terminal.String(): "≥ 41.5 Mbit/s",
	} {
		if !strings.Contains(said, want) || !strings.Contains(said, r.Bandwidth.Note) {
			t.Errorf("no %q or no note in %s", want, said)
		}
	}
	back, _, err := ReadText(bytes.NewReader(text.Bytes()))
	if err != nil || back.Bandwidth.Note != r.Bandwidth.Note || *back.Bandwidth.UpMbps != 41.5 {
		t.Errorf("read back: %+v, %v", back.Bandwidth, err)
	}
}
