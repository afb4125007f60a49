package report

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"netready/internal/screen"
	"netready/probe/facts"
	"netready/thresholds"
)

var update = flag.Bool("update", false, "write the golden files in testdata anew")

// goldenReports are the samples and one that is ready.
func goldenReports() map[string]Report {
	all := samples()
	good := sampleResult()
	good.Firewall = good.Firewall[:1]
	for _, d := range []*facts.Direction{good.Voice.Up, good.Voice.Down} {
		d.JitterMaxMS, d.DSCPReceived = new(12.5), new(46)
	}
	all["ready"] = New(good, thresholds.Default())
	stopped := good
	stopped.Complete, stopped.Voice.Down, stopped.Bandwidth = false, nil, facts.Bandwidth{}
	stopped.Voice.DurationS, stopped.Voice.DurationAskedS = 12.34, 30
	stopped.NotMeasured = []facts.NotMeasured{{What: "voice.down", Reason: "the run was stopped", Code: facts.CodeStopped}, {What: "bandwidth", Reason: "the run was stopped", Code: facts.CodeStopped}}
	all["stopped"] = New(stopped, thresholds.Default())
	return all
}

// The words that people and other programs read must change only on purpose: go test
// ./report -update.
func TestGolden(t *testing.T) {
	for name, r := range goldenReports() {
		for ending, write := range map[string]func(*bytes.Buffer) error{
			".txt":          func(b *bytes.Buffer) error { return WriteText(b, r) },
			".json":         func(b *bytes.Buffer) error { return WriteJSON(b, r) },
			".terminal.txt": func(b *bytes.Buffer) error { return Terminal(b, r, TerminalOptions{Width: 80}) },
		} {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+ending)
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs from what is written now; if that is meant, run go test ./report -update:\n%s", path, got.String())
			}
		}
	}
}

func TestGoldenVerdicts(t *testing.T) {
	all := goldenReports()
	for name, want := range map[string]thresholds.Verdict{
		"ready": thresholds.Ready, "not ready": thresholds.NotReady, "roundtrip": thresholds.Undetermined, "incomplete": thresholds.NotReady, "stopped": thresholds.Undetermined,
	} {
		if got := all[name].Verdict; got != want {
			t.Errorf("%s: verdict %s, want %s: %+v", name, got, want, all[name].Findings)
		}
	}
}

// A TXT that was opened and saved by a spreadsheet has its rows filled up with
// tabs, its cells in quotes and is UTF-16. It counts as edited and is read.
func TestReadTextSavedByASpreadsheet(t *testing.T) {
	var b bytes.Buffer
	r := goldenReports()["ready"]
	r.Organization = `Example "North", Ltd`
	if err := WriteText(&b, r); err != nil {
		t.Fatal(err)
	}
	var saved []string
	for line := range strings.SplitSeq(strings.TrimSuffix(strings.TrimPrefix(b.String(), "\ufeff"), "\r\n"), "\r\n") {
		cells := strings.Split(line, "\t")
		for i, c := range cells {
			if strings.ContainsAny(c, `",`) {
				cells[i] = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
			}
		}
		saved = append(saved, strings.Join(cells, "\t")+strings.Repeat("\t", 120-len(cells)))
	}
	text, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(strings.Join(saved, "\r\n") + "\r\n")
	if err != nil {
		t.Fatal(err)
	}
	got, note, err := ReadText(strings.NewReader(text))
	if err != nil || !note.Edited {
		t.Fatalf("note %+v, error %v; want it read as edited", note, err)
	}
	if got.Organization != r.Organization || len(got.Firewall) != len(r.Firewall) || got.Verdict != r.Verdict {
		t.Errorf("got %q, %d rows, %s", got.Organization, len(got.Firewall), got.Verdict)
	}
}

// An issuer's name of a TLS certificate is somebody else's text: it must not
// steer the terminal.
func TestTerminalShowsNoForeignCodes(t *testing.T) {
	r := sampleResult()
	r.Firewall[1].Detail = "issued by \x1b]0;evil\x07 \x1b[2J"
	var b bytes.Buffer
	if err := Terminal(&b, New(r, thresholds.Default()), TerminalOptions{}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x07") {
		t.Errorf("control characters on the terminal: %q", b.String())
	}
}

// Under a width of its own every line of the two columns fits.
func TestTerminalFits(t *testing.T) {
	for name, r := range goldenReports() {
		for _, width := range []int{80, 100, 140} {
			var b bytes.Buffer
			if err := Terminal(&b, r, TerminalOptions{Width: width, Color: true}); err != nil {
				t.Fatal(err)
			}
			_, columns, _ := strings.Cut(b.String(), headVoip)
			for line := range strings.Lines(columns) {
				if n := screen.Places(strings.TrimRight(line, "\n")); n > width {
					t.Errorf("%s at width %d: %d places: %q", name, width, n, line)
				}
			}
		}
	}
}

// JSON holds [] where a list is empty, never null, in every corner.
func TestJSONHasNoNullLists(t *testing.T) {
	r := Report{Result: facts.Result{Schema: 1, Voice: facts.Voice{
		PerCall: []facts.CallPair{{Up: &facts.Direction{}}, {}},
	}, Firewall: []facts.PortRow{{Name: "one port"}}, Environment: facts.Environment{DNS: []facts.DNSAnswer{{Name: "x"}}}}}
	var b bytes.Buffer
	if err := errors.Join(WriteJSON(&b, r)); err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"shifts", "unreliable", "addresses", "parts", "assumptions", "per_call", "timeline", "path_changes", "ping", "firewall", "failed_ports", "not_measured", "dns", "findings"} {
		if strings.Contains(b.String(), `"`+list+`": null`) {
			t.Errorf("%s is null, want []", list)
		}
	}
	// It was left out if no port of a range had failed.
	if !strings.Contains(b.String(), `"failed_ports": []`) {
		t.Error("failed_ports is missing, want []")
	}
}

// A call that was cut short was shown with the length that it was meant to have.
func TestEveryFormatSaysHowLongTheCallWas(t *testing.T) {
	r := goldenReports()["stopped"]
	for name, write := range map[string]func(*bytes.Buffer) error{
		"TXT":      func(b *bytes.Buffer) error { return WriteText(b, r) },
		"terminal": func(b *bytes.Buffer) error { return Terminal(b, r, TerminalOptions{Width: 200}) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), "12.3 s instead of the 30 s asked for") {
			t.Errorf("%s: the length is missing in\n%s", name, b.String())
		}
	}
	var b bytes.Buffer
	if err := WriteText(&b, r); err != nil {
		t.Fatal(err)
	}
	read, _, err := ReadText(&b)
	if err != nil || read.Voice.DurationS != 12.34 || read.Voice.DurationAskedS != 30 {
		t.Errorf("read back as %v of %v, %v", read.Voice.DurationS, read.Voice.DurationAskedS, err)
	}
}
