//go:build system

package page

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"netready/probe/facts"

	"netready/report"
	"netready/report/html"
	"netready/thresholds"
)

// layouts are results of every shape: what is not measured has long reasons.
func layouts() map[string]report.Report {
	s := script{}
	o := Options{Region: "eu-central-1", Organization: "Example Ltd", Location: "Hamburg", Duration: 20 * time.Second, Calls: 1}
	ready := s.result(1, o)
	s.bad = true
	notReady := s.result(2, o)
	notReady.Voice.RTT.AvgMS, notReady.Voice.Down.JitterMS = new(1234.567), new(1023.125)

	alone := s.result(3, o) // a region without a responder
	const none = "this region has no responder, so nothing at the far end can count packets: run netready-responder on a host there and give its invite with --responder"
	alone.Region.Responder = ""
	alone.Voice = facts.Voice{Mode: facts.ModeRoundtrip}
	alone.Bandwidth = facts.Bandwidth{Reason: none}
	alone.NotMeasured = nil
	for _, what := range []string{"voice.up", "voice.down", "voice.rtt", "voice.timeline", "voice.send_lateness_ms", "bandwidth", "firewall.responder"} {
		alone.NotMeasured = append(alone.NotMeasured, facts.NotMeasured{What: what, Reason: none, Code: facts.CodeNoResponder})
	}
	for i := range alone.Firewall {
		alone.Firewall[i].Status, alone.Firewall[i].Reason, alone.Firewall[i].Detail = facts.StatusNotMeasured, facts.ReasonNoResponder, none
	}

	s.bad = false
	short := s.result(4, o)
	short.Complete, short.Voice.Down, short.Voice.Timeline = false, nil, short.Voice.Timeline[:7]
	short.NotMeasured = []facts.NotMeasured{{What: "voice.down", Reason: "the run was stopped before its end", Code: facts.CodeStopped}}

	many := s.result(5, o)
	for i := range 60 {
		row := facts.PortRow{Name: fmt.Sprintf("Carrier signalling %d", i), Protocol: "sip-tls", Host: fmt.Sprintf("a-rather-long-host-name-%d.voice.carrier.example.com", i), Port: 5061, Required: i%3 > 0, Status: facts.StatusFail, Reason: "no_reply"}
		if i%7 == 0 {
			row.Reason, row.Detail = "dns", "lookup of "+row.Host+" on 192.168.1.1:53: server misbehaving"
		}
		many.Firewall = append(many.Firewall, row)
	}
	out := map[string]report.Report{}
	for name, r := range map[string]facts.Result{"ready": ready, "not-ready": notReady, "no-responder": alone, "cut-short": short, "many-ports": many} {
		out[name] = report.New(r, thresholds.Default())
	}
	return out
}

// TestNothingRunsOutOfItsCard: the VOIP table ran out of its card in every run
// without a responder, at 1100 to 1920 px, on the page and in the printable one.
func TestNothingRunsOutOfItsCard(t *testing.T) {
	dir, pages := t.TempDir(), t.TempDir()
	for name, r := range layouts() {
		if err := save(dir, r); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := html.Write(&b, r); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(pages, name+".html"), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if keep := os.Getenv("NETREADY_KEEP"); keep != "" { // to look at it
			if err := os.WriteFile(filepath.Join(keep, name+".html"), b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := serve(t, Config{Dir: dir, Run: (&script{dir: dir}).run})
	t.Log(browse(t, "widths", s, map[string]string{"html": pages}))
}
