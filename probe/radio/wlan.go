package radio

import (
	"encoding/binary"
	"net"
	"unicode/utf8"
)

// Offsets in WLAN_CONNECTION_ATTRIBUTES (wlanapi.h): the state, the mode and the
// profile's 256 letters come first.
const (
	wlanSSIDLength = 4 + 4 + 512
	wlanSSID       = wlanSSIDLength + 4
	wlanBSSID      = wlanSSID + 32 + 4 // behind the kind of network
	wlanQuality    = wlanBSSID + 8 + 4 + 4
	wlanRx         = wlanQuality + 4 // kbit/s
	wlanTx         = wlanRx + 4      // kbit/s
	wlanLength     = wlanTx + 4

	wlanConnected = 1 // wlan_interface_state_connected
)

// parseConnection reads Windows' description of a Wi-Fi connection.
func parseConnection(b []byte) (reading, bool) {
	if len(b) < wlanLength {
		return reading{}, false
	}
	number := func(at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
	if number(0) != wlanConnected {
		return reading{}, true
	}
	r := reading{bssid: net.HardwareAddr(b[wlanBSSID : wlanBSSID+6]).String()}
	if name := b[wlanSSID : wlanSSID+int(min(number(wlanSSIDLength), 32))]; utf8.Valid(name) {
		r.ssid = string(name)
	}
	r.rxMbps, r.txMbps = float64(number(wlanRx))/1000, float64(number(wlanTx))/1000
	// The quality is 0 at -100 dBm and 100 at -50 dBm and above.
	r.dbm = int(min(number(wlanQuality), 100))/2 - 100
	return r, true
}
