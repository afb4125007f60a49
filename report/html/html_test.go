package html_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/report"
	"netready/report/html"
	"netready/thresholds"
)

func htmlReport() report.Report {
	side := func(loss float64) *facts.Direction {
		return thresholds.KeepLimits(&facts.Direction{
			Sent: 1500, Received: 1400, Lost: 100, LossPercent: &loss, DiscardPercent: new(0.0), InOrderPercent: new(100.0),
			JitterMS: new(1.25), MOS: new(3.6), MOSBasis: "pcmu",
		})
	}
	r := facts.Result{
		Schema: 1, RunID: "01KAXQ00000000000000000001", StartedAt: time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC), Complete: true,
		Organization: "Example Ltd", Location: "Berlin", Machine: facts.Machine{Hostname: "DESK-7", OS: "windows"},
		Region: facts.Region{ID: "eu-central-1", Name: "Europe (Frankfurt)"},
		Voice: facts.Voice{
			Mode: facts.ModeResponder, Codec: "pcmu", PtimeMS: 20, DurationS: 30, JitterBufferMS: 60, Calls: 1,
			Up: side(6.667), Down: side(0), RTT: &facts.RTT{Source: facts.RTTStun, Samples: 150, AvgMS: new(150.0)},
		},
		Firewall: []facts.PortRow{
			{Name: "Service HTTPS", Protocol: "tls", Host: "api.example.com", Port: 443, Required: true, Status: facts.StatusPass},
			{Name: "Google STUN", Protocol: "stun", Host: "stun.example.com", Port: 19302, Status: facts.StatusFail, Reason: "no_reply", Note: "optional; nothing to worry about"},
			{Name: "Media range", Protocol: "udp-range", Host: "far.example.com", Ports: "16384-65535", Required: true, Status: facts.StatusFail, Reason: "no_reply", Tested: []int{16384, 65535}, FailedPorts: []int{65535}},
			{Name: "IPv6 service", Protocol: "tcp", Host: "2001:db8::1", Port: 443, Family: "ipv6", Required: true, Status: facts.StatusNotMeasured, Reason: "unreachable"},
		},
		NotMeasured: []facts.NotMeasured{{What: "nat.survives_30s", Reason: "it takes 30 s"}},
	}
	for i := range 30 {
		s := facts.Second{Second: i, Up: &facts.SecondSide{Sent: 50, LossPercent: new(0.0), JitterMS: new(1.0)}, Down: &facts.SecondSide{Sent: 50, LossPercent: new(0.0), JitterMS: new(1.0)}, RTTMS: new(20.0)}
		if i == 12 {
			s.Up.LossPercent = new(40.0)
		}
		r.Voice.Timeline = append(r.Voice.Timeline, s)
	}
	return report.Report{Result: r, Limits: thresholds.Default(), Verdict: thresholds.NotReady}
}

func htmlOf(t *testing.T, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := html.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// plain is the text that a reader sees, with single spaces.
func plain(page string) string {
	page = regexp.MustCompile(`(?s)<style>.*?</style>`).ReplaceAllString(page, "")
	page = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, " ")
	return strings.Join(strings.Fields(page), " ")
}

func TestHTMLSaysWhatMatters(t *testing.T) {
	got := plain(htmlOf(t, htmlReport()))
	for _, want := range []string{
		"This network is not ready", "Beyond their limits: packet loss up and round trip. 1 required connection is blocked.",
		"below 1 % 6.67 % 0 % ✕ Fail", "below 150 ms 150 ms ✕ Fail", "at least 3.6 3.6 3.6 ✓ Pass", "at least 98 % 100 % 100 % ✓ Pass",
		"✕ 1 required connection is blocked", "– 1 required connection was not measured", "! 1 optional check failed (no effect on the result)", "✓ 1 of 4 passed",
		"UDP 16384-65535 to far.example.com", "(1 of 2 tried ports failed: 65535)",
		"Optional; nothing to worry about.",
		"TCP 443 to 2001:db8::1, IPv6", "Highest 40 % up at 0:12. One second beyond the limit is shaded.",
		"Address translation, survives 30s : it takes 30 s",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}

func TestHTMLNeedsNothingElse(t *testing.T) {
	got := htmlOf(t, htmlReport())
	for _, bad := range []string{"<script", "<link", "<img", "<iframe", "http:", "https:", "url(", "@import", "ZgotmplZ"} {
		if strings.Contains(got, bad) {
			t.Errorf("the file contains %q", bad)
		}
	}
}

func TestHTMLNothingMeasured(t *testing.T) {
	r := report.Report{Result: facts.Result{RunID: "01KAXQ00000000000000000002"}, Verdict: thresholds.Undetermined}
	got := plain(htmlOf(t, r))
	for _, want := range []string{"No verdict yet", "not measured not measured – Not measured", "No port was tested.", "Nothing was recorded second by second"} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "✓") {
		t.Error("something passed that was not measured")
	}
}

// A result of an earlier version has no interval below its shares, and the page explains none.
func TestHTMLExplainsIntervalsThatItShows(t *testing.T) {
	const words = "Below a share"
	r := htmlReport()
	if got := plain(htmlOf(t, r)); strings.Contains(got, words) {
		t.Errorf("no interval is shown:\n%s", got)
	}
	r.Voice.Down.LossInterval = &facts.Interval{HighPercent: 0.4}
	if got := plain(htmlOf(t, r)); !strings.Contains(got, words) || !strings.Contains(got, "up to 0.4 %") {
		t.Errorf("the interval is not shown or not explained:\n%s", got)
	}
}

// The remains of a call that broke off were shown as "The test call, complete".
func TestHTMLNamesTheRestOfACall(t *testing.T) {
	r := htmlReport()
	r.NotMeasured = []facts.NotMeasured{{What: "voice.complete", Reason: "the control connection was cut"}}
	if got := plain(htmlOf(t, r)); !strings.Contains(got, "The rest of the test call") || strings.Contains(got, "complete the control") {
		t.Errorf("got\n%s", got)
	}
}

func TestHTMLHostileTextStaysText(t *testing.T) {
	evil := `<script>alert(1)</script>"'><img src=x onerror=alert(1)></style>` + "\u202E" + strings.Repeat("A", 10_000)
	r := htmlReport()
	r.Organization, r.Location, r.Machine.Hostname, r.Region.Name, r.RunID, r.Tool.Version = evil, evil, evil, evil, evil, evil
	r.Firewall[2].Name, r.Firewall[2].Host, r.Firewall[2].Detail, r.Firewall[2].Note = evil, evil, evil, evil
	r.Voice.Assumptions, r.Voice.Codec = []string{evil}, evil
	r.NotMeasured = []facts.NotMeasured{{What: evil, Reason: evil}}
	r.Findings = []thresholds.Finding{{Level: thresholds.Fail, What: evil, Text: evil, Advice: evil}}
	var compared bytes.Buffer
	if err := html.Comparison(&compared, []report.Report{r, r}); err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string]string{"report": htmlOf(t, r), "comparison": compared.String()} {
		if strings.Contains(page, "<script") || strings.Contains(page, "<img") || strings.Count(page, "</style>") > 1 {
			t.Errorf("%s: markup of the name came through", name)
		}
		if !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;") {
			t.Errorf("%s: the name is not there as text", name)
		}
	}
}

func TestHTMLComparison(t *testing.T) {
	other := htmlReport()
	other.Machine.Hostname, other.Voice.Up, other.Voice.RTT, other.Firewall = "DESK-8", nil, nil, nil
	var b bytes.Buffer
	if err := html.Comparison(&b, []report.Report{htmlReport(), other}); err != nil {
		t.Fatal(err)
	}
	got := plain(b.String())
	for _, want := range []string{"DESK-7", "DESK-8", "Packet loss up below 1 % 6.67 % not measured", "Packet loss down below 1 % 0 % 0 %", "Required connections blocked none 1 not measured"} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}

// FuzzHTML prints whatever a result file may hold.
func FuzzHTML(f *testing.F) {
	text, err := json.Marshal(htmlReport())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"voice":{"timeline":[{"second":-5},{"second":9007199254740993,"rtt_ms":1e308}],"up":{"jitter_ms":-1}},"firewall":[{}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var r report.Report
		if json.Unmarshal(text, &r) != nil {
			t.Skip()
		}
		var b bytes.Buffer
		if err := html.Write(&b, r); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b.Bytes(), []byte("NaN")) || bytes.Contains(b.Bytes(), []byte("<script")) {
			t.Error("a number or a tag that must not be there")
		}
	})
}

func TestHTMLChartsTakeAnyNumber(t *testing.T) {
	r := htmlReport()
	r.Voice.Timeline[3].RTTMS = new(math.MaxFloat64)
	r.Voice.Timeline[4].Up.JitterMS = new(-3.0)
	if got := htmlOf(t, r); strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
		t.Error("a graph has no number where it needs one")
	}
}

// Nobody could find the answer: verdict and columns were below the findings, each port's
// reason was repeated for each port, and twice.
func TestHTMLOrderAndGroups(t *testing.T) {
	r := htmlReport()
	for i := range 30 {
		row := r.Firewall[0]
		row.Name, row.Host, row.Status, row.Reason = fmt.Sprintf("Blocked %d", i), fmt.Sprintf("h%d.example.com", i), facts.StatusFail, "refused"
		r.Firewall = append(r.Firewall, row)
	}
	r = report.New(r.Result, r.Limits)
	got := plain(htmlOf(t, r))
	last := -1
	for _, want := range []string{"This network is not ready", "VOIP", "Firewall", "✕ 31 required connections are blocked", "and 24 more", "What to do first", "Over the time of the call", "This machine"} {
		at := strings.Index(got, want)
		if at <= last {
			t.Errorf("%q stands at %d, want it after %d", want, at, last)
		}
		last = at
	}
	for want, times := range map[string]int{"The connection was refused at once": 1, "all the connections below, outbound, and the answers back in": 1, "31 required connections are blocked": 3} {
		if n := strings.Count(got, want); n != times {
			t.Errorf("%q stands there %d times, want %d", want, n, times)
		}
	}
}

// Whatever keeps all figures from being measured is one thing to do, not one
// for each figure.
func TestHTMLOneCauseOneThingToDo(t *testing.T) {
	for code, reason := range map[string]string{
		facts.CodeNoResponder: "this region has no responder", facts.CodeBusy: "the responder is full", facts.CodeOffline: "this computer is offline",
	} {
		r := htmlReport().Result
		r.Voice.Up, r.Voice.Down, r.Voice.RTT, r.Firewall = nil, nil, nil, nil
		r.NotMeasured = nil
		for _, what := range []string{"voice.up", "voice.down", "voice.rtt", "firewall"} {
			r.NotMeasured = append(r.NotMeasured, facts.NotMeasured{What: what, Reason: reason, Code: code})
		}
		page := htmlOf(t, report.New(r, thresholds.Default()))
		_, after, _ := strings.Cut(page, ">What to do first<")
		list, _, _ := strings.Cut(after, "</section>")
		if n := strings.Count(list, "<li>"); n != 1 || !strings.Contains(strings.ToLower(plain(list)), reason) {
			t.Errorf("%s: %d things to do, want 1 that names the reason: %s", code, n, plain(list))
		}
	}
}

// The self-test inside the computer looked like a verdict on the network.
func TestHTMLPlainVerdicts(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*facts.Result)
		want   []string
	}{
		"self-test": {func(r *facts.Result) { r.Machine.Interface.Kind = "loopback" }, []string{"This was a self-test inside this computer. It says nothing about your network."}},
		"stopped": {func(r *facts.Result) {
			r.Complete = false
			r.NotMeasured = []facts.NotMeasured{{What: "run", Reason: "ended", Code: facts.CodeStopped}}
		}, []string{"No verdict yet", "You stopped the test early."}},
		"broken off": {func(r *facts.Result) { r.Complete = false }, []string{"No verdict yet", "The test ended before everything required was measured."}},
	} {
		r := htmlReport()
		r.Verdict = thresholds.Undetermined
		test.change(&r.Result)
		got := plain(htmlOf(t, r))
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: want %q in\n%.400s", name, want, got)
			}
		}
	}
}

// A call on a full line is a table of its own, beside the idle line; where none was asked
// for there is none.
func TestCallOnAFullLine(t *testing.T) {
	r := htmlReport()
	if strings.Contains(htmlOf(t, r), thresholds.LoadTitle) {
		t.Error("nothing was asked for, and it is shown")
	}
	r.UnderLoad = &facts.UnderLoad{Up: &facts.LoadPhase{Mbps: new(5.0), CallUp: &facts.Direction{MOS: new(1.72)}, RTT: &facts.RTT{AvgMS: new(262.0)}, RPM: new(229.0)}}
	r.Findings = r.Limits.Judge(r.Result)
	page := htmlOf(t, r)
	for _, want := range []string{thresholds.LoadTitle, "Responsiveness", "229 RPM", "1.72", "Broken", "While uploads filled the line"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
