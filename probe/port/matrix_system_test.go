//go:build system

package port_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/netlab"
	"netready/probe/internal/wire"
	"netready/probe/port"
)

// An action is what the firewall does to a port. %[1]s is tcp or udp, %[2]d
// the port.
type action struct {
	name, forward, nat string
	want               string // reason; "" is a pass
	tcpOnly            bool
}

var actions = []action{
	{name: "accept"},
	{name: "drop", forward: "ip daddr 10.9.2.2 %[1]s dport %[2]d drop", want: facts.ReasonNoReply},
	{name: "drop the answers", forward: "ip saddr 10.9.2.2 %[1]s sport %[2]d drop", want: facts.ReasonNoReply},
	{name: "tcp reset", forward: "ip daddr 10.9.2.2 %[1]s dport %[2]d reject with tcp reset", want: facts.ReasonRefused, tcpOnly: true},
	{name: "net-unreachable", forward: "ip daddr 10.9.2.2 %[1]s dport %[2]d reject with icmp type net-unreachable", want: facts.ReasonUnreachable},
	{name: "host-unreachable", forward: "ip daddr 10.9.2.2 %[1]s dport %[2]d reject with icmp type host-unreachable", want: facts.ReasonUnreachable},
	{name: "prot-unreachable", forward: "ip daddr 10.9.2.2 %[1]s dport %[2]d reject with icmp type prot-unreachable", want: facts.ReasonRefused},
	{name: "port-unreachable", forward: "ip daddr 10.9.2.2 %[1]s dport %[2]d reject with icmp type port-unreachable", want: facts.ReasonRefused},
	{name: "net-prohibited", forward: "ip daddr 10.9.2.2 %[1]s dport %[2]d reject with icmp type net-prohibited", want: facts.ReasonProhibited},
	{name: "host-prohibited", forward: "ip daddr 10.9.2.2 %[1]s dport %[2]d reject with icmp type host-prohibited", want: facts.ReasonProhibited},
	{name: "admin-prohibited", forward: "ip daddr 10.9.2.2 %[1]s dport %[2]d reject with icmp type admin-prohibited", want: facts.ReasonProhibited},
	{name: "accept then reset", forward: "ip daddr 10.9.2.2 tcp dport %[2]d ct state established reject with tcp reset", want: facts.ReasonResetAfter, tcpOnly: true},
	{name: "impostor", nat: "ip daddr 10.9.2.2 %[1]s dport %[2]d dnat to 10.9.3.2:%[3]d", want: facts.ReasonHijacked},
}

// kinds are the protocols of the matrix, with the transport that each runs on.
var kinds = []struct{ protocol, transport string }{
	{"tcp", "tcp"},
	{"tls", "tls"},
	{"sip-tcp", "tcp"},
	{"udp", "udp"},
	{"stun", "udp"},
	{"dns", "udp"},
	{"sip", "udp"},
}

// cell is one combination of protocol and action.
type cell struct {
	action
	protocol string
	required bool
}

// matrix gives each combination a port of its own, so that one run tries all.
func matrix() (p play, cells []cell, spec, rules string) {
	p.Host = netlab.Server
	var forward, nat, listens []string
	number := 2000
	for _, a := range actions {
		for _, k := range kinds {
			layer, far := "tcp", 1
			switch k.transport {
			case "udp":
				if a.tcpOnly {
					continue
				}
				layer, far = "udp", 3
			case "tls":
				far = 2
			}
			number++
			if a.forward != "" {
				forward = append(forward, fmt.Sprintf(a.forward, layer, number))
			}
			if a.nat != "" {
				nat = append(nat, fmt.Sprintf(a.nat, layer, number, far))
			}
			listens = append(listens, fmt.Sprintf("%s:%d", k.transport, number))
			required := number%2 == 0
			p.Listeners = append(p.Listeners, wire.Listener{Protocol: k.protocol, Port: number})
			p.Checks = append(p.Checks, port.Check{Name: a.name, Protocol: k.protocol, Port: number, Required: required})
			cells = append(cells, cell{a, k.protocol, required})
		}
	}
	return p, cells, strings.Join(listens, ","), ruleset(forward, nat)
}

// ruleset makes one of the rules. The text that Sprintf adds about arguments that a rule
// does not use is removed.
func ruleset(forward, nat []string) string {
	unused := func(lines []string) string {
		var all []string
		for _, l := range lines {
			l, _, _ = strings.Cut(l, "%!")
			all = append(all, l)
		}
		return strings.Join(all, "\n")
	}
	return fmt.Sprintf("table ip t {\nchain forward { type filter hook forward priority 0;\n%s\n}\nchain nat { type nat hook prerouting priority -100;\n%s\n}\n}\n",
		unused(forward), unused(nat))
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t)
	p, cells, spec, rules := matrix()
	lab.Rules(t, rules)
	lab.Role(t, "s", "responder", "ready", "SPEC="+spec)
	lab.Role(t, "i", "impostor", "ready")
	started := time.Now()
	rows := ask(t, lab, p)[0]
	took := time.Since(started)
	if len(rows) != len(cells) {
		t.Fatalf("got %d rows, want %d", len(rows), len(cells))
	}
	t.Logf("%d combinations in %s", len(rows), took.Round(100*time.Millisecond))
	for i, row := range rows {
		if i == 0 || cells[i].name != cells[i-1].name {
			t.Logf("%s", cells[i].name)
		}
		t.Logf("    %-8s %-12s %-20s %s", row.Protocol, row.Status, row.Reason, row.Detail)
		if wrong := cells[i].wrong(row); wrong != "" {
			t.Errorf("%s, %s: %s", cells[i].name, cells[i].protocol, wrong)
		}
	}
}

func (c cell) wrong(row port.Row) string {
	status := facts.StatusPass
	if c.want != "" {
		status = facts.StatusFail
	}
	switch {
	case row.Status != status || row.Reason != c.want:
		return fmt.Sprintf("got %s %s, want %s %s", row.Status, row.Reason, status, c.want)
	case row.Required != c.required:
		return fmt.Sprintf("got required %v", row.Required)
	case row.Status == facts.StatusFail && row.Detail == "":
		return "no word of what was seen"
	}
	return ""
}

// A hundred runs over a path that loses 2 % of the packets each way: no
// verdict and no reason changes.
func TestLossIsNoVerdict(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t)
	p, cells, spec, rules := matrix()
	rules += "table ip loss { chain forward { type filter hook forward priority -10;\nnumgen random mod 100 < 2 drop\n}\n}\n"
	lab.Rules(t, rules)
	lab.Role(t, "s", "responder", "ready", "SPEC="+spec)
	lab.Role(t, "i", "impostor", "ready")
	p.Runs, p.AtOnce = 100, 12
	started := time.Now()
	runs := ask(t, lab, p)
	wrong, verdicts := 0, 0
	for n, rows := range runs {
		for i, row := range rows {
			verdicts++
			w := cells[i].wrong(row)
			if cells[i].want == facts.ReasonResetAfter && row.Reason == facts.ReasonRefused {
				w = "" // a SYN that is sent again counts as established, and is reset
			}
			if w != "" {
				wrong++
				t.Errorf("run %d, %s, %s: %s (%s)", n, cells[i].name, cells[i].protocol, w, row.Detail)
			}
		}
	}
	t.Logf("%d runs, %d verdicts, %d wrong, %s", len(runs), verdicts, wrong, time.Since(started).Round(time.Second))
}

// IPv6 has its own codes.
func TestMatrixIPv6(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t)
	codes := []struct{ name, want string }{
		{"accept", ""},
		{"no-route", facts.ReasonUnreachable},
		{"admin-prohibited", facts.ReasonProhibited},
		{"addr-unreachable", facts.ReasonUnreachable},
		{"port-unreachable", facts.ReasonRefused},
		{"policy-fail", facts.ReasonProhibited},
		{"reject-route", facts.ReasonProhibited},
	}
	p := play{Host: netlab.Server6}
	var rules, listens []string
	number := 2000
	for _, code := range codes {
		for _, layer := range []string{"tcp", "udp"} {
			number++
			if code.want != "" {
				rules = append(rules, fmt.Sprintf("%s dport %d reject with icmpv6 type %s", layer, number, code.name))
			}
			listens = append(listens, fmt.Sprintf("%s:%d", layer, number))
			p.Listeners = append(p.Listeners, wire.Listener{Protocol: layer, Port: number})
			p.Checks = append(p.Checks, port.Check{Name: code.name, Protocol: layer, Port: number})
		}
	}
	lab.Rules(t, "table ip6 t { chain forward { type filter hook forward priority 0;\n"+strings.Join(rules, "\n")+"\n}\n}\n")
	lab.Role(t, "s", "responder", "ready", "SPEC="+strings.Join(listens, ","))
	for i, row := range ask(t, lab, p)[0] {
		t.Logf("%-18s %-4s %-6s %-12s %s", row.Name, row.Protocol, row.Status, row.Reason, row.Detail)
		if want := codes[i/2].want; row.Reason != want {
			t.Errorf("%s, %s: got %s, want %s", row.Name, row.Protocol, row.Reason, want)
		}
	}
}

// 64 ports of the range, 5 of them closed: exactly those are named.
func TestRange(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t)
	closed := "20001, 20017, 20030, 20044, 20062"
	lab.Rules(t, "table ip t { chain forward { type filter hook forward priority 0;\nudp dport { "+closed+" } drop\n}\n}\n")
	lab.Role(t, "s", "responder", "ready", "SPEC=udp:3478")
	rows := ask(t, lab, play{Host: netlab.Server, Samples: 62, Checks: []port.Check{
		{Name: "closed five", Protocol: "udp-range", Ports: "20000-20063", Required: true},
		{Name: "all open", Protocol: "udp-range", Ports: "30000-30063"},
	}})[0]
	got := rows[0]
	if got.Status != facts.StatusFail || got.Reason != facts.ReasonPartly || len(got.Tested) != 64 || port.List(got.FailedPorts) != closed {
		t.Errorf("got %+v", got)
	}
	if rows[1].Status != facts.StatusPass || len(rows[1].Tested) != 64 {
		t.Errorf("got %+v", rows[1])
	}
	t.Log(got.Detail)
}
