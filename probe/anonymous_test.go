package probe

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"netready/probe/facts"
	"netready/probe/port"
	"netready/report"
	"netready/thresholds"
)

// Whatever field a sentence is in: afterwards none names the machine, its user or its
// network, and sentences about others stay as they were.
func TestEverySentenceIsCleaned(t *testing.T) {
	const said = `read udp 192.168.7.5:5060->[2001:db8::7]:53 on BER-pc7.corp.example (ssid "Café West"), as 203.0.113.9:40000, by 198.51.100.1: ber-pc7 got fe80::1%eth0 and 100.64.1.2, not ber-pc77`
	const want = `read udp …->[…]:53 on … (ssid "…"), as …, by 198.51.100.1: … got …%eth0 and …, not ber-pc77`
	r := facts.Result{
		Machine: facts.Machine{Hostname: "ber-pc7.corp.example", Interface: facts.Interface{Address: "192.168.7.5", Wifi: &facts.WifiLink{SSID: "Café West", Roams: []facts.Roam{{}}}}},
		NAT:     facts.NAT{PublicAddress: "203.0.113.9:40000", LocalAddress: "[2001:db8::7]:53"},
	}
	s := newScrubber(&r, []netip.Addr{netip.MustParseAddr("198.51.100.1")}, nil)
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

// A name is left out only where it is a word of its own, and codes stay codes.
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

// Wherever an address is in a text, it is found completely; a text that only looks like one
// stays.
func TestAddressesAreFoundWhole(t *testing.T) {
	s := &scrubber{addresses: map[netip.Addr]bool{netip.MustParseAddr("203.0.113.9"): true}, far: map[netip.Addr]bool{netip.MustParseAddr("10.9.9.9"): true}}
	for text, want := range map[string]string{
		"sip:192.168.1.5":                       "sip:…",
		"turn:10.0.0.1:3478":                    "turn:…",
		"<sip:7@192.168.1.5;tag=1>":             "<sip:7@…;tag=1>",
		"edge:192.168.1.5, face:203.0.113.9:80": "edge:…, face:…",
		"at .192.168.1.5. Or 192.168.1.5:":      "at .…. Or …:",
		"u=http%3A%2F%2F192.168.1.5%3A80":       "u=http%3A%2F%2F…%3A80",
		"192.168.1.5.nip.example, v10.0.0.1":    "….nip.example, v…",
		"via::192.168.1.5 [fe80::1%eth0]:5060":  "via::… […%eth0]:5060",
		"[fd00::7]:53 ::ffff:192.168.1.5":       "[…]:53 …",
		"stun:198.51.100.7:3478, 2001:db8::7":   "stun:198.51.100.7:3478, 2001:db8::7",
		"turn:10.9.9.9:3478, 110.0.0.15":        "turn:10.9.9.9:3478, 110.0.0.15",
		"12:30:45, 1.5 ms, ::, abc.def, 10.0.1": "12:30:45, 1.5 ms, ::, abc.def, 10.0.1",
	} {
		if got := s.clean(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A hardware address is left out in every form, inside the name of an interface too.
func TestHardwareAddressesInEveryForm(t *testing.T) {
	s := &scrubber{}
	s.addHardware(net.HardwareAddr{0, 0xe0, 0x4c, 0x68, 0, 0xab})
	s.addHardware(net.HardwareAddr{0, 0, 0, 0, 0, 0})
	r := facts.Result{Machine: facts.Machine{Interface: facts.Interface{Name: "enx00e04c6800ab"}}}
	s.leaveOut(&r)
	if got := r.Machine.Interface.Name; got != "enx…" {
		t.Errorf("the interface is named %q", got)
	}
	for _, form := range []string{"00:e0:4c:68:00:ab", "00-E0-4C-68-00-AB", "00e0.4c68.00ab", "00E04C6800AB", "00%3Ae0%3a4c%3A68%3A00%3Aab", "00%2De0%2D4c%2D68%2D00%2Dab"} {
		if got := s.clean("mac=" + form + "&x"); got != "mac=…&x" {
			t.Errorf("%s: %q", form, got)
		}
	}
	if zeros := "00:00:00:00:00:00"; s.clean(zeros) != zeros {
		t.Error("an address of zeros tells nothing, and was left out")
	}
}

// The public address that a check saw is left out without a lookup of the NAT too. The
// address of a relay at the far end is left out with its port, and the far end stays.
func TestEveryAddressThatAnyCheckSawIsLeftOut(t *testing.T) {
	at := netip.MustParseAddrPort
	r := &run{plan: Plan{Anonymous: true, Parts: []string{facts.PartFirewall}}}
	r.result.Path.Target = "198.51.100.1:3478"
	r.nat.Own = []netip.AddrPort{at("192.0.2.77:9")}
	row := func(detail string, own ...netip.AddrPort) port.Row {
		return port.Row{PortRow: facts.PortRow{Host: "stun.example", Protocol: "stun", Status: facts.StatusPass, Detail: detail}, Own: own}
	}
	r.take(t.Context(), around{rows: []port.Row{
		row("answered; it sees this machine as 203.0.113.9:4000", at("203.0.113.9:4000")),
		row("over the other line: 192.0.2.8", at("192.0.2.8:1")),
		row("a relay at 198.51.100.1:50000 was given by 198.51.100.1:3478", at("198.51.100.1:50000")),
	}})
	r.nat.Own = []netip.AddrPort{at("192.0.2.77:9")}
	r.missing("voice", "from 192.0.2.77:12")
	r.leaveOut()
	want := []string{"answered; it sees this machine as …", "over the other line: …", "a relay at … was given by 198.51.100.1:3478"}
	for i, row := range r.result.Firewall {
		if row.Detail != want[i] {
			t.Errorf("%q, want %q", row.Detail, want[i])
		}
	}
	if all := r.result.NotMeasured; !slices.ContainsFunc(all, func(n facts.NotMeasured) bool { return n.What == "voice" && n.Reason == "from …" }) {
		t.Errorf("the gaps are %+v", all)
	}
}

// Only a row that looks up names can be about the resolver; any other host is named as left
// out.
func TestHostsOfTheNetworkAreLeftOutAsWhatTheyAre(t *testing.T) {
	r := facts.Result{Firewall: []facts.PortRow{
		{Protocol: "dns", Host: "192.168.1.1"},
		{Protocol: "dns-tcp", Host: "fd00::1"},
		{Protocol: "sip", Host: "192.168.1.1"},
		{Protocol: "tls", Host: "10.0.0.8"},
		{Protocol: "dns", Host: "198.51.100.53"},
		{Protocol: "tls", Host: "app.example"},
	}}
	newScrubber(&r, nil, nil).leaveOut(&r)
	for i, want := range []string{facts.HostResolver, facts.HostResolver, facts.LeftOut, facts.LeftOut, "198.51.100.53", "app.example"} {
		if got := r.Firewall[i].Host; got != want {
			t.Errorf("row %d: host %q, want %q", i, got, want)
		}
	}
}

// What is left out changes no judgement: verdict, and each finding's code and level.
func TestVerdictIsTheSameWithoutNames(t *testing.T) {
	files, err := filepath.Glob("../report/testdata/*.json")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	findings := 0
	for _, file := range files {
		for variant := range 2 {
			open, anonymous := storedResult(t, file), storedResult(t, file)
			if variant == 1 { // what a run on a private network has
				identify(&open)
				identify(&anonymous)
			}
			newScrubber(&anonymous, nil, nil).leaveOut(&anonymous)
			want, got := judged(open), judged(anonymous)
			findings += len(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: judged as %v, want %v", file, got, want)
			}
		}
	}
	if findings < 30 {
		t.Errorf("%d findings were compared: the test has lost its way", findings)
	}
}

func storedResult(t *testing.T, file string) facts.Result {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	one, _, err := report.ReadJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	return one.Result
}

// identify gives a result everything that is left out, and rows and hops that are judged.
func identify(r *facts.Result) {
	r.Machine.Hostname = "ber-pc7"
	r.Machine.Interface = facts.Interface{
		Name: "wlx00e04c680001", Kind: facts.Wifi, Address: "192.168.7.5", Gateway: "192.168.7.1", MTU: 1500,
		Wifi: &facts.WifiLink{SSID: "Café West", BSSID: "00:e0:4c:68:00:02", Roams: []facts.Roam{{From: "00:e0:4c:68:00:02", To: "00:e0:4c:68:00:03"}}},
	}
	r.NAT = facts.NAT{PublicAddress: "203.0.113.9:4000", LocalAddress: "192.168.7.5:4000", Behind: new(true), Mapping: facts.MappingAddressDependent, SIPALG: new(true), Survives30s: new(false)}
	r.Voice.MappingChanges = []facts.MappingChange{{AtS: 3, From: "203.0.113.9:4000", To: "203.0.113.10:4000", OtherAddress: true}}
	r.Voice.PathChanges = append(r.Voice.PathChanges, "a new public address: 203.0.113.10:4000")
	r.Ping = append(r.Ping, facts.Ping{Role: facts.RoleGateway, Target: "192.168.7.1", AvgMS: new(120.0), MaxMS: new(400.0)})
	r.Environment.Proxy, r.Environment.IPv4 = "proxy.corp.example:3128", new(true)
	r.Environment.DNS = append(r.Environment.DNS, facts.DNSAnswer{Name: "app.example", Addresses: []string{"10.0.0.8"}, Code: facts.DNSSplitHorizon, Reason: "10.0.0.8 is private"})
	for _, protocol := range []string{"dns", "sip", "tls", "stun"} {
		r.Firewall = append(r.Firewall,
			facts.PortRow{Name: protocol + " a", Protocol: protocol, Host: "192.168.7.1", Port: 53, Required: true, Status: facts.StatusFail, Reason: facts.ReasonNoReply, Detail: "192.168.7.1 is silent"},
			facts.PortRow{Name: protocol + " b", Protocol: protocol, Host: "192.168.7.1", Port: 53, Status: facts.StatusPass, ElapsedMS: new(4000.0)})
	}
	r.Path = facts.Path{Method: facts.MethodUDP, Target: "198.51.100.1:3478", Hops: []facts.Hop{
		{TTL: 1, Address: "192.168.7.1", Role: facts.HopGateway, Sent: 100, Answered: 60, AvgMS: new(90.0), MinMS: new(1.0), P95MS: new(300.0)},
		{TTL: 2, Address: "100.64.0.1", Role: facts.HopBeyond, Sent: 100, Answered: 55, AvgMS: new(95.0), MinMS: new(5.0), P95MS: new(320.0)},
		{TTL: 3, Address: "10.20.0.1", Sent: 100, Answered: 50, AvgMS: new(96.0), MinMS: new(6.0), P95MS: new(330.0)},
		{TTL: 4, Address: "198.51.100.1", Role: facts.HopFarEnd, Sent: 100, Answered: 50, AvgMS: new(99.0), MinMS: new(8.0), P95MS: new(350.0)},
	}}
}

// judged is the verdict, and code and level of each finding.
func judged(r facts.Result) []string {
	rep := report.New(r, thresholds.Default())
	all := []string{string(rep.Verdict)}
	for _, f := range rep.Findings {
		all = append(all, strings.Join([]string{string(f.Level), f.What, f.Row, f.Code, f.Cause}, " "))
	}
	return all
}
