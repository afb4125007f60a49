package thresholds

import (
	"slices"
	"strings"
	"testing"

	"netready/probe/facts"
)

func TestHeadline(t *testing.T) {
	noResponder := func(code, reason string) func(*facts.Result) {
		return func(r *facts.Result) {
			r.Voice, r.Region.Responder = facts.Voice{Mode: facts.ModeNone}, ""
			r.NotMeasured = []facts.NotMeasured{{What: "voice.up", Reason: reason, Code: code}}
		}
	}
	for _, test := range []struct {
		name   string
		change func(*facts.Result)
		want   string
		never  string
	}{
		{"ready", func(*facts.Result) {}, "This network is ready for cloud voice", "not"},
		{"ready in part", func(r *facts.Result) { r.Parts = []string{facts.PartFirewall} }, "without --only", "is ready"},
		{"a part on loopback", func(r *facts.Result) {
			r.Parts, r.Machine.Interface.Kind = []string{facts.PartVoice}, facts.Loopback
		}, "nothing about your network. What was tested is good", "is ready"},
		{"ready on loopback", func(r *facts.Result) { r.Machine.Interface.Kind = facts.Loopback }, "It says nothing about your network", "network is ready"},
		{"no responder", noResponder(facts.CodeNoResponder, "this region has no responder: run one"), "run netready-responder", "could not be used"},
		{"responder dead", noResponder(facts.CodeUnreachable, "dialing h:1: connection refused\ndialing h:2: no route"), "refused dialing h:2: no route.", "run netready-responder"},
		{"only the bandwidth, responder dead", func(r *facts.Result) {
			r.Parts = []string{facts.PartBandwidth}
			r.Voice, r.Region.Responder, r.Firewall = facts.Voice{Mode: facts.ModeNone}, "", nil
			r.NotMeasured = []facts.NotMeasured{{What: "voice", Reason: facts.NotAsked, Code: facts.CodeNotAsked}, {What: "firewall", Reason: facts.NotAsked, Code: facts.CodeNotAsked}, {What: "bandwidth", Reason: "connection refused"}}
			r.Bandwidth = facts.Bandwidth{Reason: "connection refused"}
		}, "could not be used: connection refused.", facts.NotAsked},
		{"another key", noResponder(facts.CodeUnreachable, "its key is not the one of the invite."), "not the one of the invite. Check that the responder runs", "..\n"},
		{"stopped", func(r *facts.Result) { r.Complete = false }, "Run it again", "ready for"},
		{"one figure missing", func(r *facts.Result) { r.Voice.Down.MOS = nil }, "First: MOS down was not measured", "responder"},
		{"a port that nobody serves", func(r *facts.Result) {
			r.Firewall[0].Status, r.Firewall[0].Reason, r.Firewall[0].Detail = facts.StatusNotMeasured, "not_served", "the responder does not serve it"
		}, "--ports standard", "invite"},
		{"a closed port without words", func(r *facts.Result) {
			r.Firewall[0] = facts.PortRow{Name: "UDP", Protocol: "udp", Port: 40000, Required: true, Status: facts.StatusFail, Reason: "no_reply"}
		}, "First: UDP: failed (no reply). Ask the network team to allow outbound UDP 40000 from this machine to the responder", ".."},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := goodResult()
			test.change(&r)
			findings := Default().Judge(r)
			got := Headline(VerdictOf(r, findings), findings, r)
			if !strings.Contains(got, test.want) || strings.Contains(got, test.never) || strings.ContainsAny(got, "\n\r\t") {
				t.Errorf("got %q, want %q and never %q", got, test.want, test.never)
			}
		})
	}
}

// Every limit has its finding, also if it is kept, and none has two.
func TestEveryLimitHasItsFinding(t *testing.T) {
	for name, change := range map[string]func(*facts.Result){
		"good": func(*facts.Result) {}, "nothing": func(r *facts.Result) { r.Voice = facts.Voice{} },
	} {
		r := goodResult()
		change(&r)
		var got []string
		for _, f := range Default().Judge(r) {
			if f.What != "port" {
				got = append(got, f.What)
			}
		}
		slices.Sort(got)
		var want []string
		for _, m := range Measures() {
			for _, way := range m.Ways() {
				want = append(want, m.What(way))
			}
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// The path of the call comes first, wherever its row is; a call of which most packets
// arrive tells more than that row, so nobody is blamed for it.
func TestOrderOfFindings(t *testing.T) {
	r := goodResult()
	r.Firewall = []facts.PortRow{
		{Name: "HTTPS", Protocol: "tls", Required: true, Status: facts.StatusFail},
		{Name: "DNS", Protocol: "dns", Status: facts.StatusFail},
		{Name: "UDP to the responder", Protocol: "udp", Required: true, Status: facts.StatusFail},
	}
	r.Voice.Up.LossPercent, r.Voice.Down.JitterMaxMS = new(3.0), new(77.0)
	var got []string
	for _, f := range Default().Judge(r) {
		if f.Level != Pass {
			name, _, _ := strings.Cut(f.Text, ":")
			got = append(got, string(f.Level)+" "+f.What+" "+name)
		}
	}
	want := []string{"fail port UDP to the responder", "fail port HTTPS", "fail loss_up", "warn cause Where the fault lies cannot be told", "warn jitter_max_down", "warn port DNS"}
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%d: %q, want %q", i, got[i], want[i])
		}
	}
	if len(r.Firewall) != 3 || r.Firewall[0].Name != "HTTPS" {
		t.Error("judging changed the result")
	}
}

func TestShiftsAreCapped(t *testing.T) {
	r := goodResult()
	for i := range 10 {
		r.Voice.Up.Shifts = append(r.Voice.Up.Shifts, facts.Shift{AtS: float64(i), ByMS: 25})
	}
	var texts []string
	for _, f := range Default().Judge(r) {
		if f.What == "shift_up" {
			texts = append(texts, f.Text)
		}
	}
	if len(texts) != 4 || !strings.Contains(texts[3], "7 times more") {
		t.Errorf("got %q, want three and the count of the rest", texts)
	}
}

func TestWhoIsToBlame(t *testing.T) {
	gateway := func(lost int) []facts.Ping {
		return []facts.Ping{{Role: "gateway", Samples: 300 - lost, Lost: lost, AvgMS: new(2.0)}}
	}
	for _, test := range []struct {
		kind string
		lost int
		want string
	}{
		{"wired", 0, "provider or the way to the region: the default gateway answers well while the call is bad in the direction up only"},
		{"wired", 14, "the LAN: the default gateway"},
		{"wifi", 14, "Wi-Fi first"},
		{"loopback", 0, "this PC: the call did not leave it"},
	} {
		r := goodResult()
		r.Voice.Up.LossPercent = new(5.0)
		r.Machine.Interface.Kind, r.Ping = test.kind, gateway(test.lost)
		findings := Default().Judge(r)
		i := slices.IndexFunc(findings, func(f Finding) bool { return f.What == "cause" })
		if i < 0 || !strings.Contains(findings[i].Text, test.want) {
			t.Errorf("%s, %d lost: %+v, want %q", test.kind, test.lost, findings, test.want)
		}
	}
}

func TestNATWarnings(t *testing.T) {
	for name, nat := range map[string]facts.NAT{
		"public port for each destination": {Mapping: "address_and_port_dependent"},
		"within 30 s":                      {Survives30s: new(false)},
		"SIP ALG":                          {SIPALG: new(true)},
	} {
		r := goodResult()
		r.NAT = nat
		findings := Default().Judge(r)
		if !slices.ContainsFunc(findings, func(f Finding) bool { return f.What == "nat" && strings.Contains(f.Text, name) }) || VerdictOf(r, findings) != Ready {
			t.Errorf("%s: %+v", name, findings)
		}
	}
}

// A limit that is missing lets nothing pass, and a finding that is missing says nothing.
func TestNoLimitsNoVerdict(t *testing.T) {
	r := goodResult()
	if got := VerdictOf(r, Limits{}.Judge(r)); got != Undetermined {
		t.Errorf("without limits: %s", got)
	}
	if got := VerdictOf(r, nil); got != Undetermined {
		t.Errorf("without findings: %s", got)
	}
	r.Parts = []string{facts.PartNAT}
	if got := VerdictOf(r, Default().Judge(r)); got != Undetermined {
		t.Errorf("only NAT, not measured: %s", got)
	}
	r.NAT.Mapping = "none"
	if findings := Default().Judge(r); findings == nil || VerdictOf(r, findings) != Ready {
		t.Errorf("only NAT: %+v", findings)
	}
}

func TestMessagesOfWrongLimits(t *testing.T) {
	var settings []string
	for _, m := range Measures() {
		settings = append(settings, m.Setting)
	}
	slices.Sort(settings)
	for yaml, want := range map[string]string{
		"\njitter: {below: 3}\n":          `l.yaml: line 2: unknown key "jitter"; the keys here are ` + strings.Join(settings, ", "),
		"mos: {atleast: 3}\n":             `l.yaml: line 1: unknown key "atleast"; did you mean "at_least"?`,
		"mos:\n  at_least: 6\n":           "l.yaml: line 2: mos: the bound has to be 1 to 5",
		"jitter_ms: {below: .inf}\n":      "l.yaml: line 1: .inf is not a number that can be used here; leave the key out for its default",
		"jitter_ms: {at_least: 30}\n":     "l.yaml: line 1: jitter_ms: this limit takes below: with the other one it would pass bad figures",
		"jitter_ms: 30\n":                 "l.yaml: line 1: found a number (30) where a mapping (key: value) is expected",
		"rtt_avg_ms: {below: 150ms}\n":    "l.yaml: line 1: found text (150ms) where a number is expected",
		"mos: {at_least: 3}\nmos: {}\n":   `l.yaml: line 2: the key "mos" is there twice, first in line 1; remove one`,
		"loss_percent: {below: 1\nmos:\n": "l.yaml: line 1: this is not valid YAML: did not find expected ',' or '}'; compare the indentation and the quotes with the lines around it",
	} {
		if _, err := parse("l.yaml", []byte(yaml)); err == nil || err.Error() != want {
			t.Errorf("%q gave\n%v\nwant\n%s", yaml, err, want)
		}
	}
}
