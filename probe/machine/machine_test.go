package machine

import (
	"net"
	"net/netip"
	"runtime"
	"testing"

	"netready/probe/facts"
)

func TestDescribeLoopback(t *testing.T) {
	for _, target := range []string{"127.0.0.1", "localhost"} {
		got, _ := Describe(t.Context(), target, StartLoad(t.Context()))
		if got.Interface.Kind != facts.Loopback {
			t.Errorf("Describe(%q).Interface.Kind = %q, want %q", target, got.Interface.Kind, facts.Loopback)
		}
		if got.Interface.Name == "" || !netip.MustParseAddr(got.Interface.Address).IsLoopback() {
			t.Errorf("Describe(%q).Interface = %+v, want a name and a loopback address", target, got.Interface)
		}
		if got.Hostname == "" || got.OS == "" || got.Cores != runtime.NumCPU() {
			t.Errorf("Describe(%q) = %+v, want hostname, OS and cores", target, got)
		}
	}
}

func TestDescribeUnknownHost(t *testing.T) {
	got, _ := Describe(t.Context(), "no such host", StartLoad(t.Context()))
	if got.Interface.Kind != facts.Unknown || got.Interface.Name != "" {
		t.Errorf("Interface = %+v, want unknown", got.Interface)
	}
}

func TestLooksLikeVPN(t *testing.T) {
	for _, test := range []struct {
		name  string
		flags net.Flags
		want  bool
	}{
		{"eth0", net.FlagUp, false},
		{"Ethernet", net.FlagUp, false},
		{"tun0", net.FlagUp, true},
		{"wg0", net.FlagUp, true},
		{"utun3", net.FlagUp, true},
		{"anything", net.FlagPointToPoint, true},
	} {
		if got := looksLikeVPN(net.Interface{Name: test.name, Flags: test.flags}); got != test.want {
			t.Errorf("looksLikeVPN(%s) = %v, want %v", test.name, got, test.want)
		}
	}
}

// A core that does nothing but count makes the load at least its own share; how much more
// depends on the machine.
func TestLoad(t *testing.T) {
	load := StartLoad(t.Context())
	for got := load.busyPercent(t.Context()); ; got = load.busyPercent(t.Context()) {
		if got == nil {
			continue // the counters have not moved yet
		}
		if *got < 0 || *got > 100 {
			t.Fatalf("BusyPercent = %v, want 0 to 100", *got)
		}
		if *got > 0 {
			return
		}
	}
}

// Packets to an address of this machine stay inside, whatever interface has it: it was
// taken for the network's.
func TestOwnAddressIsInside(t *testing.T) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		prefix, err := netip.ParsePrefix(a.String())
		if err != nil || prefix.Addr().IsLinkLocalUnicast() {
			continue
		}
		if got := Towards(t.Context(), prefix.Addr().String()); got.Kind != facts.Loopback || got.Gateway != "" || got.Name == "" {
			t.Errorf("to %s: %+v, want loopback", prefix.Addr(), got)
		}
	}
}

// A neighbour is reached without a gateway; an address of this machine is not a neighbour, and a
// network of one address has none.
func TestNeighbours(t *testing.T) {
	ip := func(s string) net.Addr {
		host, network, err := net.ParseCIDR(s)
		if err != nil {
			t.Fatal(err)
		}
		network.IP = host
		return network
	}
	for _, test := range []struct {
		own, target string
		want        bool
	}{
		{"192.168.1.7/24", "192.168.1.250", true},
		{"192.168.1.7/24", "192.168.2.1", false},
		{"10.1.2.3/8", "10.200.0.1", true},
		{"198.51.100.7/32", "198.51.100.7", false},
		{"2001:db8:1::7/64", "2001:db8:1::9", true},
		{"2001:db8:1::7/64", "2001:db8:2::9", false},
		{"2001:db8:1::7/128", "2001:db8:1::7", false},
		{"192.168.1.7/24", "2001:db8::1", false},
	} {
		if got := isIn([]net.Addr{ip(test.own)}, netip.MustParseAddr(test.target)); got != test.want {
			t.Errorf("%s in %s: %v", test.target, test.own, got)
		}
	}
	if is, known := IsNeighbour(t.Context(), netip.MustParseAddr("127.0.0.1")); is || known {
		t.Error("this machine is its own neighbour")
	}
}
