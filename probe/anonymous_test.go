package probe

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"netready/probe/facts"
)

// Whatever field a sentence stands in: none names the machine, its user or its network
// afterwards, and what it says of others stays.
func TestEverySentenceIsCleaned(t *testing.T) {
	const said = `read udp 192.168.7.5:5060->[2001:db8::7]:53 on BER-pc7.corp.example (ssid "Café West"), as 203.0.113.9:40000, by 198.51.100.1: ber-pc7 got fe80::1%eth0 and 100.64.1.2, not ber-pc77`
	const want = `read udp …->[…]:53 on … (ssid "…"), as …, by 198.51.100.1: … got …%eth0 and …, not ber-pc77`
	r := facts.Result{
		Machine: facts.Machine{Hostname: "ber-pc7.corp.example", Interface: facts.Interface{Address: "192.168.7.5", Wifi: &facts.WifiLink{SSID: "Café West", Roams: []facts.Roam{{}}}}},
		NAT:     facts.NAT{PublicAddress: "203.0.113.9:40000", LocalAddress: "[2001:db8::7]:53"},
	}
	s := newScrubber(&r, []netip.Addr{netip.MustParseAddr("198.51.100.1")})
	r.Voice.Relay, r.Voice.Up, r.UnderLoad = &facts.Relay{Failed: []string{""}}, &facts.Direction{Unreliable: []facts.Unreliable{{}}}, &facts.UnderLoad{Up: &facts.LoadPhase{}}
	r.Firewall, r.NotMeasured, r.Ping = []facts.PortRow{{}}, []facts.NotMeasured{{}}, []facts.Ping{{}}
	r.Environment.DNS, r.Path.Hops, r.Voice.PathChanges = []facts.DNSAnswer{{}}, []facts.Hop{{}}, []string{""}
	sentences := 0
	eachString(reflect.ValueOf(&r).Elem(), "", func(v reflect.Value, name string) { v.SetString(said) })
	s.walk(reflect.ValueOf(&r).Elem(), "")
	eachString(reflect.ValueOf(&r).Elem(), "", func(v reflect.Value, name string) {
		if sentences++; v.String() != want && !slices.Contains(asGiven, name) {
			t.Errorf("%s: %s", name, v.String())
		}
	})
	if sentences < 50 {
		t.Errorf("%d texts were looked at: the test has lost its way", sentences)
	}
}

// eachString is scrubber.walk without its exceptions.
func eachString(v reflect.Value, name string, do func(reflect.Value, string)) {
	switch v.Kind() {
	case reflect.String:
		do(v, name)
	case reflect.Pointer:
		if !v.IsNil() {
			eachString(v.Elem(), name, do)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachString(v.Index(i), name, do)
		}
	case reflect.Struct:
		if v.Type().PkgPath() == reflect.TypeFor[facts.Result]().PkgPath() {
			for i := range v.NumField() {
				owner := v.Type().Name() + "." + v.Type().Field(i).Name
				if !slices.Contains(asGiven, owner) {
					eachString(v.Field(i), owner, do)
				}
			}
		}
	default:
	}
}

// A name that is a word of its own only where it stands alone, and codes stay codes.
func TestNamesWithinWordsStay(t *testing.T) {
	s := &scrubber{words: []string{"udp", "pc"}}
	for text, want := range map[string]string{
		"udp": "udp", "no_reply": "no_reply", "an UDP datagram": "an … datagram", "the pcs of pc": "the pcs of …", "İİ pc": "İİ …", "/home/pc/x": "/home/…/x",
	} {
		if got := s.clean(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := strings.Count(s.clean("pc pc pc"), "…"); got != 3 {
		t.Errorf("%d of 3", got)
	}
}
