package thresholds

import (
	"fmt"
	"strings"

	"netready/probe/facts"
)

// kindWords are the kinds of an interface for people.
var kindWords = map[string]string{"wifi": "Wi-Fi", "vpn": "VPN"}

// LinkWords say how this machine is connected, with figures printed by print: wired, 1
// Gbit/s, full duplex; or Wi-Fi, 2.4 GHz, -78 dBm, moved to another access point at 0:14.
func LinkWords(i facts.Interface, print func(f float64, unit string) string) []string {
	words := []string{i.Name}
	if kind, ok := kindWords[i.Kind]; ok {
		words = append(words, kind)
	} else if i.Kind != "unknown" {
		words = append(words, i.Kind)
	}
	if i.Mbps != nil {
		words = append(words, print(*i.Mbps, "Mbit/s")+" link")
	}
	if i.Duplex != "" {
		words = append(words, i.Duplex+" duplex")
	}
	if i.MTU > 0 && i.Kind != facts.Loopback {
		words = append(words, fmt.Sprintf("MTU %d", i.MTU))
	}
	radio := RadioWords(i.Wifi, print)
	if i.WifiDBM != nil && (i.Wifi == nil || i.Wifi.SignalDBM == nil) {
		words = append(words, print(*i.WifiDBM, "dBm"))
	}
	return append(words, radio...)
}

// RadioWords describe the radio during the call, as far as the system tells.
func RadioWords(w *facts.WifiLink, print func(f float64, unit string) string) []string {
	if w == nil {
		return nil
	}
	var words []string
	add := func(f *float64, unit, before, after string) {
		if f != nil {
			words = append(words, before+print(*f, unit)+after)
		}
	}
	if w.Band != "" {
		words = append(words, w.Band)
	}
	if w.Channel != nil {
		words = append(words, fmt.Sprintf("channel %d", *w.Channel))
	}
	weakest := ""
	if w.SignalDBM != nil && w.SignalMinDBM != nil && *w.SignalMinDBM < *w.SignalDBM {
		weakest = " (weakest " + print(*w.SignalMinDBM, "dBm") + ")"
	}
	add(w.SignalDBM, "dBm", "", weakest)
	add(w.TxMbps, "Mbit/s", "", " to the access point")
	add(w.RxMbps, "Mbit/s", "", " from it")
	add(w.RetryPercent, "%", "", " of the frames sent again")
	return append(words, roamWords(w.Roams)...)
}

// roamWords say when the radio changed its access point: moved to another access point at
// 0:14.
func roamWords(roams []facts.Roam) []string {
	var moved, lost []string
	for _, r := range roams {
		switch {
		case r.To == "":
			lost = append(lost, clock(r.AtS))
		case r.From != "": // without one the loss was told before
			moved = append(moved, clock(r.AtS))
		}
	}
	var words []string
	for _, one := range []struct {
		what string
		at   []string
	}{{"moved to another access point", moved}, {"lost its access point", lost}} {
		if n := len(one.at); n > 0 {
			said := one.what + " at " + strings.Join(one.at[:min(n, mostShifts)], ", ")
			if n > mostShifts {
				said += fmt.Sprintf(" and %s more", times(n-mostShifts))
			}
			words = append(words, said)
		}
	}
	return words
}
