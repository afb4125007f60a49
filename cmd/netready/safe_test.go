package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"netready/probe/facts"

	"netready/report"
)

// steering has texts of strangers: an escape sequence, a control character of eight bits, a
// mark that reverses the order of letters, a line break with a line like ours.
var steering = []string{"\x1b[2J\x1b]0;evil\x07", "\u009b31m", "a\u202egpj.exe", "x\rnetready: READY", "a\u2028b", "\u2066b"}

// steers says which character of an output a terminal would obey.
func steers(out string) string {
	for _, r := range out {
		if r != '\n' && r != '\t' && report.Steers(r) {
			return fmt.Sprintf("%U", r)
		}
	}
	return ""
}

// Names of files and regions were printed raw by analyze, by --regions and in errors.
func TestNothingSteersTheTerminal(t *testing.T) {
	dir := t.TempDir()
	for i, evil := range steering {
		list := filepath.Join(dir, fmt.Sprintf("list%d.yaml", i))
		name := fmt.Sprintf("regions:\n  - {id: r%d, name: %s}\n", i, yamlText(evil))
		if err := os.WriteFile(list, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		odd := filepath.Join(dir, "odd"+evil)
		for _, args := range [][]string{
			{"regions", "--regions", list},
			{"regions", "--regions", odd + ".yaml"},
			{"run", "--regions", list, "--region", "x" + evil},
			{"run", "--regions", list, "--region", evil},
			{"run", "--region", "local", "--thresholds", odd},
			{"run", "--responder", "@" + odd},
			{"run", "--responder", evil},
			{"run", "--codec", evil},
			{"run", "--features", evil},
			{"run", "--only", evil},
			{"run", "--duration", evil},
			{"run", "--" + evil},
			{evil},
			{"analyze", odd},
			{"analyze", "--map", evil, list},
			{"analyze", list},
			{"mos", "--codec", evil},
			{"merge", "-o", odd},
			{"template", "-o", filepath.Join(odd, "x.xlsx")},
			{"ui", evil},
		} {
			var out bytes.Buffer
			run(t.Context(), args, strings.NewReader(""), &out, &out)
			if r := steers(out.String()); r != "" {
				t.Errorf("%q printed %s: %q", args, r, out.String())
			}
			if out.Len() == 0 {
				t.Errorf("%q printed nothing", args)
			}
		}
	}
}

// yamlText is a text in quotes as YAML writes it.
func yamlText(s string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return `"` + b.String() + `"`
}

// A capture with streams prints its name and its notes in the same way.
func TestAnalyzeNamesNoCodes(t *testing.T) {
	var b bytes.Buffer
	a := analysis{Streams: []analyzedStream{}}
	for _, evil := range steering {
		s := analyzedStream{SSRC: evil, Codec: evil, Src: evil, Dst: evil, StartedAt: time.Unix(0, 0), Notes: []string{evil}}
		s.Direction = newTestDirection()
		a.Streams = append(a.Streams, s)
	}
	if err := a.print(safe(&b), report.OneLine("x\x1b[2J")); err != nil {
		t.Fatal(err)
	}
	if r := steers(b.String()); r != "" {
		t.Errorf("printed %s: %q", r, b.String())
	}
}

// Invites come in files that editors and shells write: UTF-16 of PowerShell's
// ">", with a mark or a line before. None is read further than its line.
func TestInviteFiles(t *testing.T) {
	const link = "https://h.example:1/i#TOKEN"
	wide := func(order int, s string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
			b = append(b, byte(u>>(8*order)), byte(u>>(8*(1-order))))
		}
		return string(b)
	}
	for name, text := range map[string]string{
		"plain": link, "line": link + "\n", "mark": "\ufeff" + link + "\r\n", "blank lines": "\n \n" + link + "\nmore\n",
		"UTF-16, little": wide(0, link+"\r\n"), "UTF-16, big": wide(1, "\r\n"+link+"\r\n"),
	} {
		if got, err := firstLine(strings.NewReader(text)); err != nil || got != link {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, text := range []string{"", "\n\n", "\ufeff"} {
		if got, err := firstLine(strings.NewReader(text)); err == nil {
			t.Errorf("%q gave %q", text, got)
		}
	}
	if got, err := firstLine(&typing{left: []byte(link + "\n")}); err != nil || got != link {
		t.Errorf("somebody types: %q, %v", got, err)
	}
}

// typing is a terminal that gives letter by letter and never ends.
type typing struct{ left []byte }

func (r *typing) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		panic("read on after the line")
	}
	p[0], r.left = r.left[0], r.left[1:]
	return 1, nil
}

// An invite that everybody on the computer can read was used without a warning.
func TestLooseInviteIsTold(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing there")
	}
	path := filepath.Join(t.TempDir(), "invite.txt")
	if err := os.WriteFile(path, []byte("https://h.example:1/i#"+strings.Repeat("A", 43)+"."+strings.Repeat("A", 43)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]bool{0o600: false, 0o644: true, 0o660: true} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := readInvite("@"+path, &app{Stderr: &out}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "chmod 600 "+path); got != want || strings.Contains(out.String(), "AAAA") {
			t.Errorf("mode %v: %q", mode, out.String())
		}
	}
}

// The errors of several tries made very long lines in the table of regions.
func TestRegionsKeepTheirTableOffline(t *testing.T) {
	reason := strings.Repeat("looking up a name: the network is unreachable, ", 8)
	rows := []regionRow{{ID: "local", Measures: []string{"call"}}}
	for i := range 20 {
		rows = append(rows, regionRow{ID: fmt.Sprintf("region-%d", i), Measures: []string{measuresRoundTrip}, Reason: reason})
	}
	var b bytes.Buffer
	for _, row := range rows {
		if cell := row.roundTrip(); len(cell) > 60 {
			t.Errorf("a cell of %d letters: %q", len(cell), cell)
		}
	}
	unanswered(&b, rows)
	if n := strings.Count(b.String(), "looking up a name"); n != 8 || !strings.Contains(b.String(), "No region answered") {
		t.Errorf("the reason stands %d times:\n%s", n, b.String())
	}
	b.Reset()
	rows[0].RTT = newTestRTT()
	unanswered(&b, rows)
	if n := strings.Count(b.String(), "\n  region-"); n != 20 {
		t.Errorf("%d regions have their reason, want 20:\n%s", n, b.String())
	}
}

func newTestDirection() *facts.Direction { return &facts.Direction{Sent: 1, Received: 1} }

func newTestRTT() *facts.RTT { return &facts.RTT{Source: facts.RTTEcho, AvgMS: new(1.0)} }
