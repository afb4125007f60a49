package thresholds

import (
	"strings"
	"testing"

	"netready/probe/facts"
)

func failedRow(reason string) facts.PortRow {
	return facts.PortRow{Name: "Service", Protocol: "tls", Host: "api.example.com", Port: 443, Required: true, Status: facts.StatusFail, Reason: reason, Detail: "what was seen"}
}

// "Ports are closed: the firewall" was said where DNS alone had failed, and "ask the
// network team" where this computer's own firewall forbids it. The rules use the reasons.
func TestCauseFollowsTheReasons(t *testing.T) {
	own := failedRow(facts.ReasonProhibited)
	own.By = facts.ByThisMachine
	elsewhere := failedRow(facts.ReasonProhibited)
	elsewhere.By = facts.ByPath
	for _, test := range []struct {
		name  string
		rows  []facts.PortRow
		want  string
		never string
	}{
		{"DNS alone", []facts.PortRow{failedRow(facts.ReasonDNS), failedRow(facts.ReasonDNS)}, "name resolution", "firewall"},
		{"own firewall alone", []facts.PortRow{own}, "this computer's own firewall", "network team"},
		{"a firewall elsewhere", []facts.PortRow{elsewhere}, "lies with the firewall", "own"},
		{"own firewall and another", []facts.PortRow{own, failedRow(facts.ReasonNoReply)}, "this computer's own firewall", "DNS"},
		{"silence", []facts.PortRow{failedRow(facts.ReasonNoReply)}, "lies with the firewall", "DNS"},
		{"DNS and silence", []facts.PortRow{failedRow(facts.ReasonDNS), failedRow(facts.ReasonNoReply)}, "name resolution", "firewall"},
		{"intercepted", []facts.PortRow{failedRow(facts.ReasonIntercepted)}, "a proxy that inspects traffic", "ports are closed"},
		{"no route", []facts.PortRow{failedRow(facts.ReasonUnreachable)}, "routes", "firewall"},
		{"an answer that is none", []facts.PortRow{failedRow(facts.ReasonProtocol)}, "", "firewall"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := goodResult()
			r.Firewall = test.rows
			got := finding(t, r, "cause").Text
			if !strings.Contains(got, test.want) || (test.want == "") != (got == "") || strings.Contains(got, test.never) {
				t.Errorf("cause %q, want %q and never %q", got, test.want, test.never)
			}
		})
	}
}

// Every reason has whom to ask, once, and as fields of their own: the sentence,
// and the rule alone to hand on.
func TestEveryReasonHasWhomToAsk(t *testing.T) {
	for _, reason := range []string{
		facts.ReasonRefused, facts.ReasonProhibited, facts.ReasonUnreachable, facts.ReasonNoReply, facts.ReasonDNS, facts.ReasonTLS,
		facts.ReasonIntercepted, facts.ReasonHijacked, facts.ReasonResetAfter, facts.ReasonProtocol, facts.ReasonPartly, "a new one", "",
	} {
		f := Row(failedRow(reason))
		if f.Level != Fail || !strings.HasPrefix(f.Advice, "Ask ") || !strings.Contains(f.Advice, "api.example.com") || strings.Contains(f.Text, "Ask") {
			t.Errorf("%s: %+v", reason, f)
		}
		if (f.Rule == "") != (reason == facts.ReasonProtocol) || f.Code != reason || f.Row != "Service" {
			t.Errorf("%s: rule %q, code %q, row %q", reason, f.Rule, f.Code, f.Row)
		}
		own := failedRow(reason)
		own.By = facts.ByThisMachine
		if f := Row(own); strings.Contains(f.Advice+f.Rule, "network team") || !strings.Contains(f.Advice, "this computer's own firewall") {
			t.Errorf("%s, by this machine: %q, rule %q", reason, f.Advice, f.Rule)
		}
	}
}

// Without a network one sentence says so, and nobody is blamed for the rows.
func TestOfflineIsOneSentence(t *testing.T) {
	for _, code := range []string{facts.CodeOffline, facts.CodeProxyOnly, facts.CodeDNSDead} {
		r := goodResult()
		r.Voice, r.Region.Responder = facts.Voice{Mode: facts.ModeNone}, ""
		r.Environment.Connectivity = facts.Connectivity{Code: code, Text: "This computer is somewhere"}
		for i := range r.Firewall {
			r.Firewall[i].Status, r.Firewall[i].Reason = facts.StatusNotMeasured, code
		}
		findings := Default().Judge(r)
		if got := VerdictOf(r, findings); got != Undetermined {
			t.Errorf("%s: verdict %s", code, got)
		}
		if got := Headline(Undetermined, findings, r); got != "This computer is somewhere." {
			t.Errorf("%s: headline %q", code, got)
		}
		if findings[0].What != "connectivity" || finding(t, r, "cause").Text != "" {
			t.Errorf("%s: first %+v", code, findings[0])
		}
	}
}

// New mappings during the call and packets that come twice were only in the JSON.
func TestWhatNoFindingRead(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*facts.Result)
		what   string
		want   string // "" no finding
	}{
		{"a new mapping", func(r *facts.Result) { r.Voice.PathChanges = []string{"after 2.0 s from 192.0.2.1:5 to 192.0.2.1:9"} }, "path_change", "changed once (after 2.0 s"},
		{"many new mappings", func(r *facts.Result) { r.Voice.PathChanges = strings.Split("a b c d e", " ") }, "path_change", "changed 5 times (a; b; c)"},
		{"none", func(*facts.Result) {}, "path_change", ""},
		{"copies up", func(r *facts.Result) { r.Voice.Up.Duplicates = 450 }, "duplicates_up", "30 % of the packets up"},
		{"copies down", func(r *facts.Result) { r.Voice.Down.Duplicates = 16 }, "duplicates_down", "1.07 % of the packets down"},
		{"a few copies", func(r *facts.Result) { r.Voice.Up.Duplicates = 15 }, "duplicates_up", ""},
		{"nothing arrived", func(r *facts.Result) { r.Voice.Up.Received, r.Voice.Up.Duplicates = 0, 5 }, "duplicates_up", ""},
	} {
		r := goodResult()
		test.change(&r)
		got := finding(t, r, test.what)
		if (got.Text == "") != (test.want == "") || !strings.Contains(got.Text, test.want) || test.want != "" && (got.Level != Warn || got.Advice == "") {
			t.Errorf("%s: %+v, want %q", test.name, got, test.want)
		}
	}
}
