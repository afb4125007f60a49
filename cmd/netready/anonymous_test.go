package main

import (
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"netready/probe/facts"
	"netready/probe/port"
	"netready/probe/responder"
	"netready/report"
)

// identifying are the values that tell which computer this is.
func identifying(t *testing.T) (all []string) {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, host)
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range interfaces {
		all = append(all, i.HardwareAddr.String())
		addresses, _ := i.Addrs()
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil && !p.Addr().IsLoopback() {
				all = append(all, p.Addr().WithZone("").String())
			}
		}
	}
	for _, resolver := range port.Resolvers() {
		if !resolver.IsLoopback() {
			all = append(all, resolver.WithZone("").String())
		}
	}
	if u, err := user.Current(); err == nil && u.Username != "root" {
		all = append(all, u.Username)
	}
	return all
}

// names says whether a text has a value as a word of its own.
func names(text, value string) bool {
	text, value = strings.ToLower(text), strings.ToLower(value)
	for rest := text; value != ""; {
		before, after, found := strings.Cut(rest, value)
		if !found {
			return false
		}
		isWord := func(s string) bool { return s != "" && strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz0123456789_") }
		if !isWord(before[max(0, len(before)-1):]) && !isWord(after[:min(1, len(after))]) {
			return true
		}
		rest = after
	}
	return false
}

// An anonymous run does not name this computer: in no field and no sentence of its JSON and
// its TXT, and both fit their signature.
func TestAnonymousResultNamesNobody(t *testing.T) {
	far, err := responder.Start(t.Context(), responder.Local())
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	out := t.TempDir()
	_, stdout, stderr := command(t, "run", "--responder", far.Invite().String(), "--region", "local", "--duration", "1s", "--no-bandwidth",
		"--org", "Example Ltd", "--anonymous", "--json", "--out", out)
	rep, note, err := report.ReadJSON(strings.NewReader(stdout))
	if err != nil || note.Signed != report.SignedWhole {
		t.Fatalf("%v, %v: %s", err, note.Signed, stderr)
	}
	if rep.Machine.Hostname != "" || rep.Organization != "Example Ltd" {
		t.Errorf("machine %q of %q", rep.Machine.Hostname, rep.Organization)
	}
	left := map[string]bool{}
	for _, gap := range rep.NotMeasured {
		left[gap.What] = left[gap.What] || gap.Code == facts.CodeAnonymous
	}
	if !left["machine.hostname"] || !left["nat.public_address"] {
		t.Errorf("the gaps are %v", rep.NotMeasured)
	}
	files, err := filepath.Glob(filepath.Join(out, "*.txt"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, note, err := report.ReadText(strings.NewReader(string(text))); err != nil || note.Signed != report.SignedWhole || note.Edited {
		t.Errorf("the TXT: %v, %+v", err, note)
	}
	var document any
	if err := json.Unmarshal([]byte(stdout), &document); err != nil {
		t.Fatal(err)
	}
	for _, value := range identifying(t) {
		if names(filepath.Base(files[0]), value) {
			t.Errorf("the file's name %s has %q", files[0], value)
		}
		eachText(document, func(s string) {
			// The system's name and version stay, and may be the same word as the host's
			// name.
			if s != rep.Machine.OS && names(s, value) {
				t.Errorf("%q names %q", s, value)
			}
		})
		for line := range strings.Lines(string(text)) {
			if !strings.Contains(line, rep.Machine.OS) && names(line, value) {
				t.Errorf("the TXT names %q: %s", value, line)
			}
		}
	}
}

// eachText calls do for every string of a JSON document.
func eachText(v any, do func(string)) {
	switch v := v.(type) {
	case string:
		do(v)
	case []any:
		for _, one := range v {
			eachText(one, do)
		}
	case map[string]any:
		for _, one := range v {
			eachText(one, do)
		}
	}
}
