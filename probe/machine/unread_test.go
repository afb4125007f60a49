package machine

import (
	"strings"
	"testing"

	"netready/probe/facts"
)

// A link speed or a signal that is nil has its reason, as a gap or as a value that such an
// interface does not have: never none, never both.
func TestUnreadFiguresHaveReasons(t *testing.T) {
	gigabit, weak := new(1000.0), new(-70.0)
	const no = "this program does not read it here"
	for _, test := range []struct {
		name                string
		i                   facts.Interface
		noSpeed, noSignal   string
		none, mbps, wifiDBM string // what the reasons hold; "": there must be none
	}{
		{"loopback", facts.Interface{Name: "lo", Kind: facts.Loopback}, "", "", "neither", "", ""},
		{"wired", facts.Interface{Name: "eth0", Kind: facts.Wired, Mbps: gigabit}, "", "", "no Wi-Fi signal", "", ""},
		{"virtual", facts.Interface{Name: "eth0", Kind: facts.Wired}, "", "", "no Wi-Fi signal", "virtual", ""},
		{"wired, unread", facts.Interface{Name: "en0", Kind: facts.Wired}, no, no, "no Wi-Fi signal", no, ""},
		{"Wi-Fi", facts.Interface{Name: "wlan0", Kind: facts.Wifi, Mbps: gigabit, WifiDBM: weak}, "", "", "", "", ""},
		{"Wi-Fi, unread", facts.Interface{Name: "wlan0", Kind: facts.Wifi, Mbps: gigabit}, "", no, "", "", no},
		{"Wi-Fi, untold", facts.Interface{Name: "wlan0", Kind: facts.Wifi}, "", "", "", "no link speed", "no signal strength"},
		{"tunnel", facts.Interface{Name: "wg0", Kind: facts.VPN}, "", no, "", "tunnel", "tunnel"},
		{"of no known kind", facts.Interface{Name: "x0", Kind: facts.Unknown}, "", "", "", "no link speed", "whether"},
		{"not found", facts.Interface{Kind: facts.Unknown}, no, no, "", noInterface, noInterface},
	} {
		i := adapter{Interface: test.i}
		i.explain(test.noSpeed, test.noSignal)
		for _, reason := range []struct{ field, got, want string }{
			{"None", i.Reason, test.none}, {"NoMbps", i.noMbps, test.mbps}, {"NoWifiDBM", i.noWifiDBM, test.wifiDBM},
		} {
			if (reason.got == "") != (reason.want == "") || !strings.Contains(reason.got, reason.want) {
				t.Errorf("%s: %s: got %q, want %q", test.name, reason.field, reason.got, reason.want)
			}
		}
	}
}
