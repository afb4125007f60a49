package radio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"netready/probe/facts"
)

// profile is the part that is of use of what `system_profiler -json SPAirPortDataType` of
// macOS prints. The kinds of some values differ between its versions.
type profile struct {
	Sections []struct {
		Interfaces []struct {
			Name    string   `json:"_name"`
			Current *current `json:"spairport_current_network_information"`
		} `json:"spairport_airport_interfaces"`
	} `json:"SPAirPortDataType"`
}

type current struct {
	SSID    json.RawMessage `json:"_name"`
	BSSID   json.RawMessage `json:"spairport_network_bssid"`
	Channel json.RawMessage `json:"spairport_network_channel"` // 149 (5GHz, 80MHz)
	Signal  json.RawMessage `json:"spairport_signal_noise"`    // -55 dBm / -90 dBm
	Rate    json.RawMessage `json:"spairport_network_rate"`    // Mbit/s, to the access point
}

// parseProfile reads the connection of an interface: its radio, and its signal at that
// moment in dBm. What is not told, or cannot be, is nil.
func parseProfile(b []byte, name string) (*facts.WifiLink, *float64, error) {
	var p profile
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, nil, fmt.Errorf("reading what macOS says of its Wi-Fi: %w", err)
	}
	for _, section := range p.Sections {
		for _, i := range section.Interfaces {
			if i.Name == name && i.Current != nil {
				link, dbm := i.Current.link()
				return link, dbm, nil
			}
		}
	}
	return nil, nil, fmt.Errorf("macOS says nothing of a Wi-Fi connection of %s", name)
}

const (
	lastChannel = 233    // the highest in use, of 6 GHz
	mostMbps    = 50_000 // above what IEEE 802.11be allows
	weakestDBM  = -120   // below all noise
	redacted    = "<redacted>"
	onceReason  = "macOS tells of its radio only when asked, which disturbs it: so it was asked once, after the call, and of the call itself nothing is known"
)

func (c *current) link() (*facts.WifiLink, *float64) {
	l := &facts.WifiLink{SSID: hidden(c.SSID), BSSID: hidden(c.BSSID), Roams: []facts.Roam{}, Reason: onceReason}
	var channel, ghz int
	if n, _ := fmt.Sscanf(text(c.Channel), "%d (%dGHz", &channel, &ghz); n > 0 && channel > 0 && channel <= lastChannel {
		l.Band, l.Channel, _ = place(0, channel)
		if ghz == 6 { // whose channels have numbers of the other bands
			l.Band = "6 GHz"
		}
	}
	if rate, err := strconv.ParseFloat(text(c.Rate), 64); err == nil && rate > 0 && rate <= mostMbps {
		l.TxMbps = new(facts.Round(rate))
	}
	var dbm int
	if n, _ := fmt.Sscanf(text(c.Signal), "%d dBm", &dbm); n == 1 && dbm < 0 && dbm >= weakestDBM {
		return l, new(float64(dbm))
	}
	return l, nil
}

// text is a string, or a number as it was written.
func text(raw json.RawMessage) string {
	var s string
	if err := json.Unmarshal(raw, &s); err == nil {
		return s
	}
	return string(bytes.TrimSpace(raw))
}

// hidden is a name, "" where macOS hides it from programs that may not know the location.
func hidden(raw json.RawMessage) string {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil || s == redacted {
		return ""
	}
	return s
}
