package radio

import (
	"encoding/binary"
	"testing"
	"time"
)

const second = time.Second

// A laptop moves from one access point to another in the middle of a call. Made
// readings: there is no radio where the tests run.
func TestRadioDuringACall(t *testing.T) {
	var all []reading
	for i := range 10 {
		r := reading{at: time.Duration(i) * second, ssid: "office", bssid: "aa", mhz: 2437, dbm: -60 - i, txMbps: 72, rxMbps: 65, counted: true, sent: int64(100 * i), retries: int64(25 * i), failed: int64(i)}
		if i >= 6 {
			r.bssid, r.mhz, r.sent, r.retries, r.failed = "bb", 5180, int64(100*(i-6)), int64(25*(i-6)), 0
		}
		all = append(all, r)
	}
	l := summary(all, 0, 9*second)
	if l.SSID != "office" || l.BSSID != "bb" || l.Band != "5 GHz" || *l.Channel != 36 || *l.SignalMinDBM != -69 || *l.SignalDBM != -64.5 {
		t.Errorf("%+v", l)
	}
	if len(l.Roams) != 1 || l.Roams[0].AtS != 6 || l.Roams[0].From != "aa" || l.Roams[0].To != "bb" {
		t.Errorf("moves %+v", l.Roams)
	}
	if *l.RetryPercent != 20 || *l.Failed != 5 || l.Reason != "" {
		t.Errorf("retries %v %%, failed %v, %q", *l.RetryPercent, *l.Failed, l.Reason)
	}
	if nothing := summary(all, 20*second, 30*second); nothing != nil {
		t.Errorf("%+v of no reading", nothing)
	}
	if lost := summary([]reading{{at: 0}, {at: second}}, 0, second); lost == nil || lost.Reason == "" || lost.SignalDBM != nil {
		t.Errorf("not connected: %+v", lost)
	}
}

func TestBandsAndChannels(t *testing.T) {
	for _, c := range []struct {
		mhz, told int
		band      string
		channel   int
	}{{2412, 0, "2.4 GHz", 1}, {2472, 0, "2.4 GHz", 13}, {2484, 0, "2.4 GHz", 14}, {5180, 0, "5 GHz", 36}, {5885, 0, "5 GHz", 177}, {5955, 0, "6 GHz", 1}, {7115, 0, "6 GHz", 233}, {0, 11, "2.4 GHz", 11}, {0, 149, "5 GHz", 149}, {0, 20, "", 20}} {
		band, channel, _ := place(c.mhz, c.told)
		if band != c.band || channel == nil || *channel != c.channel {
			t.Errorf("%d MHz, channel %d: %s %v", c.mhz, c.told, band, channel)
		}
	}
}

// connection is what Windows says of a connected radio.
func connection(ssid string, quality, rx, tx uint32) []byte {
	b := make([]byte, wlanLength+16)
	put := func(at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }
	put(0, wlanConnected)
	put(wlanSSIDLength, uint32(len(ssid)))
	copy(b[wlanSSID:], ssid)
	copy(b[wlanBSSID:], []byte{1, 2, 3, 4, 5, 6})
	put(wlanQuality, quality)
	put(wlanRx, rx)
	put(wlanTx, tx)
	return b
}

func TestConnectionOfWindows(t *testing.T) {
	r, ok := parseConnection(connection("office", 44, 65_000, 72_200))
	if !ok || r.ssid != "office" || r.bssid != "01:02:03:04:05:06" || r.dbm != -78 || r.rxMbps != 65 || r.txMbps != 72.2 {
		t.Errorf("%+v, %v", r, ok)
	}
}

func FuzzConnectionOfWindows(f *testing.F) {
	f.Add(connection("x", 100, 1, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, ok := parseConnection(b); ok && (r.dbm > 0 || len(r.ssid) > 32) {
			t.Errorf("%+v", r)
		}
	})
}
