package responder

import (
	"net/netip"
	"slices"
	"testing"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
)

// A session from the public Internet cannot make the responder send to addresses that its
// holder cannot reach: only to addresses of the holder's own kind.
func TestSpecialPurposeTargetsAreOnlyForWhoIsThere(t *testing.T) {
	clients := map[string]string{
		"public": "8.8.4.4", "public6": "2600::1", "loopback": "127.0.0.1", "loopback6": "::1", "private": "192.168.7.7",
		"private6": "fd00::1", "link": "169.254.1.1", "link6": "fe80::1", "shared": "100.64.0.9", "documentation": "192.0.2.77",
	}
	for _, to := range []string{"8.8.8.8:9", "[2a00::5]:9", "[::ffff:8.8.8.8]:65535"} {
		for name, client := range clients {
			if !reachable(netip.MustParseAddrPort(to), netip.MustParseAddr(client)) {
				t.Errorf("%s was refused to a client that is %s", to, name)
			}
		}
	}
	for _, test := range []struct {
		to   string
		whom []string
	}{
		{"127.0.0.9:9", []string{"loopback", "loopback6"}},
		{"[::1]:9", []string{"loopback", "loopback6"}},
		{"[::ffff:127.0.0.1]:9", []string{"loopback", "loopback6"}},
		{"10.1.2.3:9", []string{"private", "private6"}},
		{"172.31.255.1:9", []string{"private", "private6"}},
		{"[fc00::9]:9", []string{"private", "private6"}},
		{"169.254.169.254:80", []string{"link", "link6"}},
		{"[fe80::9]:9", []string{"link", "link6"}},
		{"100.127.255.1:9", []string{"shared"}},
		{"198.51.100.7:9", []string{"documentation"}},
		{"[2001:db8::1]:9", []string{"documentation"}},
		{"[64:ff9b::7f00:1]:9", []string{"documentation"}},
		{"[2002:7f00:1::1]:9", []string{"documentation"}},
		{"0.0.0.0:9", nil},
		{"0.1.2.3:9", nil},
		{"255.255.255.255:9", nil},
		{"224.0.0.1:9", nil},
		{"239.255.255.250:1900", nil},
		{"250.1.1.1:9", nil},
		{"[ff02::1]:9", nil},
		{"[::]:9", nil},
		{"8.8.8.8:0", nil},
		{"127.0.0.1:0", nil},
	} {
		for name, client := range clients {
			got, want := reachable(netip.MustParseAddrPort(test.to), netip.MustParseAddr(client)), slices.Contains(test.whom, name)
			if got != want {
				t.Errorf("%s for a client at %s: %v, want %v", test.to, client, got, want)
			}
		}
	}
}

// 127.255.255.255 is loopback's broadcast address, and the first address of a network was
// formerly used as one: both are known.
func TestBroadcastsOfOwnNetworksAreKnown(t *testing.T) {
	all := ownBroadcasts()
	for _, a := range []string{"127.255.255.255", "127.0.0.0"} {
		if !all[netip.MustParseAddr(a)] {
			t.Errorf("%s is not among %v", a, all)
		}
	}
	if all[netip.MustParseAddr("127.0.0.1")] {
		t.Error("a host's own address is taken for a broadcast address")
	}
}

// No port and no protocol answers odd source addresses, whoever holds the secrets.
func TestOddSourcesGetSilence(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	grant := open(t, s, request).Grant()
	before := s.callOfUser(grant.Calls[0].Username).news()
	for _, from := range []string{"127.255.255.255:9", "255.255.255.255:9", "224.0.0.1:9", "0.0.0.0:9", "10.1.2.3:9", "169.254.169.254:80", "198.51.100.7:9", "127.0.0.1:0"} {
		a := stamp.Arrival{From: netip.MustParseAddrPort(from), At: stamp.Now()}
		s.datagram(askPadded(t, grant.Calls[0]), a, newReplies(s.media[0]))
		k := wire.NewKnock(grant.Nonce)
		if s.mayAnswer(k.ID, k.Random, a.From) {
			t.Errorf("a knock from %s would be answered", from)
		}
	}
	if after := s.callOfUser(grant.Calls[0].Username).news(); after.Asked != before.Asked || after.Checks != before.Checks {
		t.Errorf("checks from odd sources counted: %+v", after)
	}
}
