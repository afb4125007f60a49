package thresholds

import (
	"strings"
	"testing"

	"netready/probe/facts"
)

func TestLinkInWords(t *testing.T) {
	roam := func(at float64, from, to string) facts.Roam { return facts.Roam{AtS: at, From: from, To: to} }
	for want, i := range map[string]facts.Interface{
		"eth0, wired, 1 Gbit/s link, full duplex, MTU 1500": {Name: "eth0", Kind: facts.Wired, Mbps: new(1000.0), Duplex: facts.DuplexFull, MTU: 1500},
		"tun0, VPN, MTU 1280":                               {Name: "tun0", Kind: facts.VPN, MTU: 1280},
		"utun, -61 dBm":                                     {Name: "utun", Kind: "unknown", WifiDBM: new(-61.0)},
		"wlan0, Wi-Fi, 2.4 GHz, channel 6, -78 dBm (weakest -84 dBm), 26 Mbit/s to the access point, 12 % of the frames sent again, moved to another access point at 0:14": {
			Name: "wlan0", Kind: facts.Wifi, WifiDBM: new(-70.0), Wifi: &facts.WifiLink{
				Band: "2.4 GHz", Channel: new(6), SignalDBM: new(-78.0), SignalMinDBM: new(-84.0), TxMbps: new(26.0), RetryPercent: new(12.0), Roams: []facts.Roam{roam(14.2, "a", "b")},
			},
		},
		"wlan0, Wi-Fi, lost its access point at 0:03": {Name: "wlan0", Kind: facts.Wifi, Wifi: &facts.WifiLink{Roams: []facts.Roam{roam(3, "a", ""), roam(5, "", "a")}}},
		"wlan0, Wi-Fi, moved to another access point at 0:01, 0:02, 0:03 and 2 times more": {
			Name: "wlan0", Kind: facts.Wifi, Wifi: &facts.WifiLink{Roams: []facts.Roam{roam(1, "a", "b"), roam(2, "b", "c"), roam(3, "c", "a"), roam(4, "a", "b"), roam(5, "b", "a")}},
		},
	} {
		if got := strings.Join(LinkWords(i, Figure), ", "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
