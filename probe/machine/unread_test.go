package machine

import (
	"strings"
	"testing"
)

// A link speed or a signal that is nil says why, as a gap or as what such an
// interface has not: never neither, never both.
func TestUnreadFiguresHaveReasons(t *testing.T) {
	gigabit, weak := new(1000.0), new(-70.0)
	const no = "this program does not read it here"
	for _, test := range []struct {
		name                string
		i                   Interface
		noSpeed, noSignal   string
		none, mbps, wifiDBM string // what the reasons hold; "": there must be none
	}{
		{"loopback", Interface{Name: "lo", Kind: Loopback}, "", "", "neither", "", ""},
		{"wired", Interface{Name: "eth0", Kind: Wired, Mbps: gigabit}, "", "", "no Wi-Fi signal", "", ""},
		{"virtual", Interface{Name: "eth0", Kind: Wired}, "", "", "no Wi-Fi signal", "virtual", ""},
		{"wired, unread", Interface{Name: "en0", Kind: Wired}, no, no, "no Wi-Fi signal", no, ""},
		{"Wi-Fi", Interface{Name: "wlan0", Kind: Wifi, Mbps: gigabit, WifiDBM: weak}, "", "", "", "", ""},
		{"Wi-Fi, unread", Interface{Name: "wlan0", Kind: Wifi, Mbps: gigabit}, "", no, "", "", no},
		{"Wi-Fi, untold", Interface{Name: "wlan0", Kind: Wifi}, "", "", "", "no link speed", "no signal strength"},
		{"tunnel", Interface{Name: "wg0", Kind: VPN}, "", no, "", "tunnel", "tunnel"},
		{"of no known kind", Interface{Name: "x0", Kind: Unknown}, "", "", "", "no link speed", "whether"},
		{"not found", Interface{Kind: Unknown}, no, no, "", noInterface, noInterface},
	} {
		test.i.explain(test.noSpeed, test.noSignal)
		for _, reason := range []struct{ field, got, want string }{
			{"None", test.i.None, test.none}, {"NoMbps", test.i.NoMbps, test.mbps}, {"NoWifiDBM", test.i.NoWifiDBM, test.wifiDBM},
		} {
			if (reason.got == "") != (reason.want == "") || !strings.Contains(reason.got, reason.want) {
				t.Errorf("%s: %s: got %q, want %q", test.name, reason.field, reason.got, reason.want)
			}
		}
	}
}
