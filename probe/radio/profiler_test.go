package radio

import (
	"fmt"
	"strings"
	"testing"
)

// profiled is what macOS prints, made up: a Mac with two radios, one of them connected.
func profiled(connection string) []byte {
	return fmt.Appendf(nil, `{"SPAirPortDataType": [
		{"spairport_airport_interfaces": [
			{"_name": "awdl0", "spairport_status_information": "spairport_status_off"},
			{"_name": "en0",
			 "spairport_airport_other_local_wireless_networks": [{"_name": "neighbour", "spairport_network_channel": "1 (2GHz, 20MHz)", "spairport_signal_noise": "-90 dBm / -95 dBm"}],
			 "spairport_current_network_information": %s}],
		 "spairport_software_information": {"spairport_corewlan_version": "16.0"}}]}`, connection)
}

func TestProfileOfMacOS(t *testing.T) {
	for name, c := range map[string]struct{ connection, want string }{
		"all is told": {
			`{"_name": "office", "spairport_network_bssid": "aa:bb:cc:dd:ee:ff", "spairport_network_channel": "149 (5GHz, 80MHz)", "spairport_network_rate": 866, "spairport_signal_noise": "-55 dBm / -90 dBm"}`,
			"office aa:bb:cc:dd:ee:ff, 5 GHz 149, 866 Mbit/s, -55 dBm",
		},
		"names are hidden": {
			`{"_name": "<redacted>", "spairport_network_channel": "6 (2GHz, 20MHz)", "spairport_network_rate": "72.2", "spairport_signal_noise": "-78 dBm / -92 dBm"}`,
			" , 2.4 GHz 6, 72.2 Mbit/s, -78 dBm",
		},
		"6 GHz":                {`{"spairport_network_channel": "37 (6GHz, 160MHz)"}`, " , 6 GHz 37, - Mbit/s, - dBm"},
		"a channel alone":      {`{"spairport_network_channel": 11}`, " , 2.4 GHz 11, - Mbit/s, - dBm"},
		"nothing of use":       {`{}`, " ,  -, - Mbit/s, - dBm"},
		"nulls":                {`{"_name": null, "spairport_network_rate": null, "spairport_signal_noise": null}`, " ,  -, - Mbit/s, - dBm"},
		"impossible":           {`{"spairport_network_channel": "900 (5GHz)", "spairport_network_rate": -3, "spairport_signal_noise": "12 dBm / 0 dBm"}`, " ,  -, - Mbit/s, - dBm"},
		"larger than a number": {`{"spairport_network_channel": "99999999999999999999", "spairport_network_rate": 1e999, "spairport_signal_noise": "-99999999999999999999 dBm"}`, " ,  -, - Mbit/s, - dBm"},
		"of other kinds":       {`{"_name": [1], "spairport_network_channel": {"a": 1}, "spairport_network_rate": [866], "spairport_signal_noise": -55}`, " ,  -, - Mbit/s, -55 dBm"},
	} {
		l, dbm, err := parseProfile(profiled(c.connection), "en0")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := fmt.Sprintf("%s %s, %s %s, %s Mbit/s, %s dBm", l.SSID, l.BSSID, l.Band, told(l.Channel), told(l.TxMbps), told(dbm))
		if got != c.want || l.Reason == "" || len(l.Roams) != 0 || l.SignalDBM != nil {
			t.Errorf("%s: %q, want %q; %+v", name, got, c.want, l)
		}
	}
}

func told[T any](v *T) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprint(*v)
}

func TestProfileWithoutTheConnection(t *testing.T) {
	for name, b := range map[string]string{
		"nothing printed": "", "cut off": string(profiled("{")), "no object": "[]",
		"another kind":  `{"SPAirPortDataType": {"spairport_airport_interfaces": []}}`,
		"not connected": string(profiled("null")), "no radio": `{"SPAirPortDataType": []}`,
		"another interface": strings.ReplaceAll(string(profiled("{}")), `"en0"`, `"en1"`),
	} {
		if l, dbm, err := parseProfile([]byte(b), "en0"); err == nil || l != nil || dbm != nil {
			t.Errorf("%s: %+v, %v", name, l, dbm)
		}
	}
}

func FuzzProfileOfMacOS(f *testing.F) {
	f.Add(profiled(`{"_name": "office", "spairport_network_channel": "149 (5GHz, 80MHz)", "spairport_network_rate": 866, "spairport_signal_noise": "-55 dBm / -90 dBm"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, dbm, err := parseProfile(b, "en0")
		if err == nil && (l == nil || l.Channel != nil && *l.Channel > lastChannel || l.TxMbps != nil && !(*l.TxMbps <= mostMbps)) || dbm != nil && *dbm >= 0 {
			t.Errorf("%+v, %v, %v", l, dbm, err)
		}
	})
}
