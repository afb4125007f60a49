//go:build (lab || system) && linux

package lab

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A Situation is one fault in one place, or none.
type Situation struct {
	Name    string
	Place   string
	Also    []string // other places that nobody at the PC can distinguish from it
	Links   Links
	Gateway string // nftables rules of the gateway
	DNS     DNS
	// The far end is in the PC's own network.
	Neighbour bool
	Flags     []string // further flags of the program
	Burn      int      // processes that keep the PC's processors busy
	Quota     float64  // share of a processor that the PC's program gets, 0: all
	Before    func(*testing.T, *network, *os.Process)
	During    []Event
}

// An Event happens at a time of the call.
type Event struct {
	At time.Duration
	Do func(t *testing.T, n *network, far, pc *os.Process)
}

const (
	ms     = time.Millisecond
	second = time.Second
	kbit   = 1000
	mbit   = 1000 * kbit
)

// forward is a chain of the gateway for packets that it forwards, input one for packets to
// itself, and output one for packets that it sends.
func forward(rules ...string) string { return chain("forward", rules) }
func input(rules ...string) string   { return chain("input", rules) }
func output(rules ...string) string  { return chain("output", rules) }

func chain(hook string, rules []string) string {
	return fmt.Sprintf("table ip %s {\n chain c {\n type filter hook %s priority 0\n %s\n }\n}\n", hook, hook, strings.Join(rules, "\n "))
}

// lan, line and provider are the same harm each way of one link.
func lan(h Harm) Links      { return Links{LANUp: h, LANDown: h} }
func line(h Harm) Links     { return Links{LineUp: h, LineDown: h} }
func provider(h Harm) Links { return Links{ProviderUp: h, ProviderDown: h} }

// rulesAt loads rules into a namespace during the call.
func rulesAt(at time.Duration, ns, rules string) Event {
	return Event{at, func(t *testing.T, n *network, _, _ *os.Process) {
		t.Helper()
		if err := n.load(ns, rules); err != nil {
			t.Error(err)
		}
	}}
}

// stop makes a process stand still at a time of the call for so long.
func stop(at, lasts time.Duration, isPC bool) []Event {
	signal := func(s os.Signal) func(*testing.T, *network, *os.Process, *os.Process) {
		return func(_ *testing.T, _ *network, far, pc *os.Process) {
			if isPC {
				far = pc
			}
			_ = far.Signal(s)
		}
	}
	return []Event{{at, signal(unix.SIGSTOP)}, {at + lasts, signal(unix.SIGCONT)}}
}

func rulesBefore(ns, rules string) func(*testing.T, *network, *os.Process) {
	return func(t *testing.T, n *network, _ *os.Process) {
		t.Helper()
		n.rules(t, ns, rules)
	}
}

// flooded fills the line of 2 Mbit/s between two hosts.
func flooded(from, to, address string) func(*testing.T, *network, *os.Process) {
	return func(t *testing.T, n *network, _ *os.Process) {
		t.Helper()
		n.flood(t, from, to, address)
	}
}

// forget makes a router's NAT forget its mappings.
func forget(at time.Duration, router string) Event {
	return Event{at, func(t *testing.T, n *network, _, _ *os.Process) {
		t.Helper()
		n.forgetMappings(t, router)
	}}
}

// carrierNAT makes the provider's first router translate addresses too (CGNAT), with an
// address of RFC 6598 towards its customers.
func carrierNAT(t *testing.T, n *network, _ *os.Process) {
	t.Helper()
	must(t, "ip", "-n", n.ns(edge), "addr", "add", "100.64.2.1/24", "dev", "line")
	must(t, "ip", "-n", n.ns(edge), "route", "replace", "198.18.2.0/24", "dev", "line", "src", "100.64.2.1")
	n.rules(t, edge, strings.ReplaceAll(strings.ReplaceAll(randomPorts, "oifname line ip saddr 198.18.1.0/24", "oifname core"), "flush table ip nat\n", ""))
}

var (
	good     = Harm{Delay: 5 * ms}
	thinLine = line(Harm{Delay: 5 * ms, Rate: 2 * mbit, Queue: 300 * ms})
	// The gateway gives a new mapping another port.
	randomPorts = "flush table ip nat\n" + strings.ReplaceAll(translation, "masquerade", "masquerade fully-random")
	toMedia     = fmt.Sprintf("udp dport %d", mediaPort)
	fromMedia   = fmt.Sprintf("udp sport %d", mediaPort)
)

var situations = []Situation{
	// Nothing is wrong.
	{Name: "clean-wire", Place: Nowhere},
	{Name: "clean-delay-80ms", Place: Nowhere, Links: provider(Harm{Delay: 40 * ms})},
	{Name: "clean-loss-0.2", Place: Nowhere, Links: provider(Harm{Delay: 10 * ms, Loss: 0.001})},
	{Name: "clean-icmp-limited", Place: Nowhere, Links: line(good), Gateway: input("icmp type echo-request limit rate over 5/second burst 1 packets drop")},
	{Name: "clean-gateway-silent", Place: Nowhere, Links: line(good), Gateway: input("icmp type echo-request drop")},
	{Name: "clean-hops-silent", Place: Nowhere, Links: line(good), Gateway: output("icmp type time-exceeded drop"), Before: func(t *testing.T, n *network, _ *os.Process) {
		t.Helper()
		n.rules(t, edge, output("icmp type time-exceeded drop"))
		n.rules(t, core, output("icmp type time-exceeded drop"))
	}},
	{Name: "clean-slow-line", Place: Nowhere, Links: line(Harm{Delay: 15 * ms, Rate: mbit, Queue: 200 * ms})},
	{Name: "clean-small-jitter", Place: Nowhere, Links: line(Harm{Delay: 10 * ms, Jitter: 6 * ms})},
	{Name: "clean-neighbour", Place: Nowhere, Neighbour: true},

	// This PC.
	{Name: "pc-interface-drops", Place: PC, Links: line(good), Before: rulesBefore(pc, "table netdev n {\n chain c {\n type filter hook egress device eth0 priority 0\n meta l4proto { udp, icmp } numgen random mod 100 < 6 drop\n }\n}\n")},
	{Name: "pc-interface-queue", Place: PC, Links: line(good), Before: func(t *testing.T, n *network, _ *os.Process) {
		t.Helper()
		must(t, "ip", "netns", "exec", n.ns(pc), "tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "100kbit", "burst", "3000", "limit", "3000")
	}},
	{Name: "pc-cpu-burned", Place: PC, Links: line(good), Burn: 6},
	{Name: "pc-throttled", Place: PC, Links: line(good), Quota: 0.04},
	{Name: "pc-stands-still-2s", Place: PC, Links: line(good), During: stop(4*second, 2*second, true)},
	{Name: "pc-stands-still-often", Place: PC, Links: line(good), During: append(append(stop(2*second, 400*ms, true), stop(5*second, 700*ms, true)...), stop(8*second, 500*ms, true)...)},
	{Name: "pc-upload-fills-its-link", Place: PC, Links: Links{LANUp: Harm{Rate: 2 * mbit, Queue: 300 * ms}, LineUp: good, LineDown: good}, During: []Event{{5 * second, func(t *testing.T, n *network, _, _ *os.Process) {
		t.Helper()
		n.flood(t, pc, resolver, dnsAddress)
	}}}},
	{Name: "pc-own-firewall", Place: PC, Links: line(good), Before: rulesBefore(pc, output("meta l4proto udp udp dport != 53 reject"))},

	// The LAN.
	{Name: "lan-loss-5", Place: LAN, Links: lan(Harm{Loss: 0.05})},
	{Name: "lan-loss-up-8", Place: LAN, Links: Links{LANUp: Harm{Loss: 0.08}, LineUp: good, LineDown: good}},
	{Name: "lan-loss-down-4", Place: LAN, Links: Links{LANDown: Harm{Loss: 0.04}, LineUp: good, LineDown: good}},
	{Name: "lan-bursts", Place: LAN, Links: lan(Harm{Loss: 0.06, Burst: 5})},
	{Name: "lan-jitter", Place: LAN, Links: lan(Harm{Jitter: 180 * ms})},
	{Name: "lan-duplicates", Place: LAN, Links: lan(Harm{Duplicate: 0.3})},
	{Name: "lan-stalls", Place: LAN, Links: lan(Harm{StallEvery: 2 * second, StallFor: 350 * ms})},
	{Name: "lan-reorder", Place: LAN, Links: lan(Harm{Reorder: 0.15, ReorderBy: 45 * ms})},
	{Name: "lan-slow-hop", Place: LAN, Links: lan(Harm{Delay: 100 * ms})},
	{Name: "lan-outage-2s", Place: LAN, Links: lan(Harm{Dead: []span{{5 * second, 7 * second}}})},

	{Name: "lan-neighbour-loss-5", Place: LAN, Neighbour: true, Links: lan(Harm{Loss: 0.05})},
	{Name: "lan-neighbour-jitter", Place: LAN, Neighbour: true, Links: lan(Harm{Jitter: 180 * ms})},

	// The firewall and NAT.
	{Name: "fw-rate-limit", Place: Firewall, Also: []string{Line}, Links: line(good), Gateway: forward("ip protocol udp limit rate over 70/second burst 10 packets drop")},
	{Name: "fw-rate-limit-up", Place: Firewall, Also: []string{Line}, Links: line(good), Gateway: forward(toMedia + " limit rate over 40/second burst 5 packets drop")},
	{Name: "fw-mapping-forgotten", Place: Firewall, Links: line(good), Gateway: randomPorts, During: []Event{forget(3*second, gateway), forget(6*second, gateway), forget(9*second, gateway)}},
	{Name: "fw-state-timeout", Place: Firewall, Links: line(good), During: []Event{rulesAt(4*second, gateway, forward(toMedia+" drop", fromMedia+" drop"))}},
	{Name: "fw-udp-blocked", Place: Firewall, Links: line(good), Gateway: forward("udp dport 53 accept", "udp sport 53 accept", "ip protocol udp drop")},
	{Name: "fw-udp-rejected", Place: Firewall, Links: line(good), Gateway: forward("udp dport 53 accept", "udp sport 53 accept", "ip protocol udp reject")},
	{Name: "fw-port-range", Place: Firewall, Links: line(good), Gateway: forward("oifname line udp dport 45000-65535 drop")},
	{Name: "fw-stun-tcp", Place: Firewall, Links: line(good), Gateway: forward("tcp dport 3478 drop")},
	{Name: "fw-stun-udp-rejected", Place: Firewall, Links: line(good), Gateway: forward("udp dport 3478 reject with icmp type admin-prohibited")},
	{Name: "fw-dscp-cleared", Place: Firewall, Also: []string{Line, Provider}, Links: line(good), Gateway: forward("ip dscp set cs0")},
	{Name: "fw-mtu-black-hole", Place: Firewall, Also: []string{Line}, Links: line(good), Gateway: forward("meta length > 700 drop")},
	{Name: "fw-forwards-badly", Place: Firewall, Also: []string{Line}, Links: line(good), Gateway: forward("numgen random mod 100 < 10 drop")},
	{Name: "fw-one-way", Place: Firewall, Links: line(good), Gateway: forward(fromMedia + " drop")},

	// The access line.
	{Name: "line-upload-full", Place: Line, Links: thinLine, Before: flooded(other, resolver, dnsAddress)},
	{Name: "line-download-full", Place: Line, Links: thinLine, Before: flooded(resolver, other, otherAddress)},
	{Name: "line-full-by-this-pc", Place: Line, Links: thinLine, Before: flooded(pc, resolver, dnsAddress)},
	{Name: "line-rate-too-low", Place: Line, Links: Links{LineUp: Harm{Delay: 5 * ms, Rate: 70 * kbit, Queue: 400 * ms}, LineDown: good}},
	{Name: "line-policed", Place: Line, Also: []string{Provider, Firewall}, Links: Links{LineUp: Harm{Delay: 5 * ms, Rate: 70 * kbit}, LineDown: good}},
	{Name: "line-loss-5", Place: Line, Also: []string{Provider}, Links: line(Harm{Delay: 5 * ms, Loss: 0.05})},

	// The provider.
	{Name: "provider-loss-5", Place: Provider, Links: provider(Harm{Delay: 10 * ms, Loss: 0.05})},
	{Name: "provider-loss-up-3", Place: Provider, Links: Links{ProviderUp: Harm{Delay: 10 * ms, Loss: 0.03}, ProviderDown: Harm{Delay: 10 * ms}}},
	{Name: "provider-bursts", Place: Provider, Links: provider(Harm{Delay: 10 * ms, Loss: 0.06, Burst: 5})},
	{Name: "provider-jitter", Place: Provider, Links: provider(Harm{Delay: 10 * ms, Jitter: 180 * ms})},
	{Name: "provider-reorder", Place: Provider, Links: provider(Harm{Delay: 10 * ms, Reorder: 0.15, ReorderBy: 45 * ms})},
	{Name: "provider-outage-3s", Place: Provider, Links: provider(Harm{Delay: 10 * ms, Dead: []span{{5 * second, 8 * second}}})},
	{Name: "provider-stalls", Place: Provider, Links: provider(Harm{Delay: 10 * ms, StallEvery: 2 * second, StallFor: 350 * ms})},
	{Name: "provider-far-away", Place: Provider, Links: provider(Harm{Delay: 180 * ms})},
	{Name: "provider-duplicates", Place: Provider, Links: provider(Harm{Delay: 10 * ms, Duplicate: 0.3})},
	{Name: "provider-nat-forgets", Place: Provider, Links: line(good), Before: carrierNAT, During: []Event{forget(3*second, edge), forget(6*second, edge), forget(9*second, edge)}},
	{Name: "provider-dies", Place: Provider, Also: []string{Far}, Links: provider(Harm{Delay: 10 * ms, Dead: []span{{5 * second, time.Hour}}})},

	// The far end.
	{Name: "far-dies", Place: Far, Links: line(good), During: []Event{{5 * second, func(_ *testing.T, _ *network, far, _ *os.Process) { _ = far.Kill() }}}},
	{Name: "far-stands-still-2s", Place: Far, Links: line(good), During: stop(5*second, 2*second, false)},
	{Name: "far-busy", Place: Far, Links: line(good), During: append(append(stop(2*second, 400*ms, false), stop(5*second, 700*ms, false)...), stop(8*second, 500*ms, false)...)},
	{Name: "far-not-there", Place: Far, Links: line(good), Before: func(_ *testing.T, _ *network, far *os.Process) { _ = far.Kill() }},
	{Name: "far-host-gone", Place: Far, Also: []string{Provider}, Links: line(good), Before: func(t *testing.T, n *network, _ *os.Process) {
		t.Helper()
		must(t, "ip", "-n", n.ns(core), "link", "set", "far", "down")
	}},

	{Name: "far-ports-closed", Place: Far, Links: line(good), Before: rulesBefore(far, input("udp dport 45000-65535 drop"))},

	// Name resolution.
	{Name: "dns-dead", Place: Names, Links: line(good), DNS: DNS{Dead: true}},
	{Name: "dns-refuses", Place: Names, Links: line(good), DNS: DNS{Refuses: true}},
	{Name: "dns-slow", Place: Names, Links: line(good), DNS: DNS{Slow: 4 * second}},
	{Name: "dns-loses-one", Place: Nowhere, Links: line(good), DNS: DNS{Lost: 1}},
	{Name: "dns-loses-another", Place: Nowhere, Links: line(good), DNS: DNS{Lost: 3}},
}
