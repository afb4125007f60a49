package regions

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"netready/probe/facts"

	"netready"
)

func list(t *testing.T) List {
	t.Helper()
	r, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The list as it was collected; S: has a STUN server, E: has a beacon.
func TestEmbeddedRegions(t *testing.T) {
	const want = `
us-east-1 mypurecloud.com amazonaws.com S E
us-east-2 use2.us-gov-pure.cloud amazonaws.com S E
us-west-2 usw2.pure.cloud amazonaws.com S E
ca-central-1 cac1.pure.cloud amazonaws.com S E
mx-central-1 mxc1.pure.cloud amazonaws.com
sa-east-1 sae1.pure.cloud amazonaws.com S E
eu-west-1 mypurecloud.ie amazonaws.com S E
eu-west-2 euw2.pure.cloud amazonaws.com S E
eu-central-1 mypurecloud.de amazonaws.com S E
eu-central-2 euc2.pure.cloud amazonaws.com
me-central-1 mec1.pure.cloud amazonaws.com
ap-south-1 aps1.pure.cloud amazonaws.com S E
ap-southeast-1 apse1.pure.cloud amazonaws.com S E
ap-southeast-2 mypurecloud.com.au amazonaws.com S E
ap-northeast-1 mypurecloud.jp amazonaws.com S E
ap-northeast-2 apne2.pure.cloud amazonaws.com S E
ap-northeast-3 apne3.pure.cloud amazonaws.com E
eusc-de-east-1 edee1.eusc-pure.cloud amazonaws.eu
`
	r := list(t)
	var got strings.Builder
	got.WriteByte('\n')
	for _, one := range r.Regions {
		if len(one.Responders) > 0 || one.Continent == "" || one.Name == "" {
			t.Errorf("%s has responders %v, continent %q, name %q", one.ID, one.Responders, one.Continent, one.Name)
		}
		if one.ID == "local" {
			continue
		}
		words := []string{one.ID, one.Domain, one.Suffix}
		filled, err := r.Find(one.ID)
		if err != nil {
			t.Fatal(err)
		}
		if one.STUN != "" {
			words = append(words, "S")
			if want := "stun.kinesisvideo." + one.ID + ".amazonaws.com:443"; filled.STUN != want {
				t.Errorf("STUN %s, want %s", filled.STUN, want)
			}
		}
		if want := "dynamodb." + one.ID + "." + one.Suffix + ":443"; one.ID != "local" && filled.TCP != want {
			t.Errorf("tcp %s, want %s", filled.TCP, want)
		}
		if one.Echo != "" {
			words = append(words, "E")
			if want := "gamelift-ping." + one.ID + ".api.aws:7770"; filled.Echo != want {
				t.Errorf("echo %s, want %s", filled.Echo, want)
			}
		}
		got.WriteString(strings.Join(words, " ") + "\n")
	}
	if got.String() != want {
		t.Errorf("regions:%swant:%s", got.String(), want)
	}
	if r.File != "" {
		t.Errorf("the embedded list has the file %q", r.File)
	}
}

func column(t *testing.T, region string, features ...string) map[string]Check {
	t.Helper()
	r := list(t)
	one, err := r.Find(region)
	if err != nil {
		t.Fatal(err)
	}
	checks := map[string]Check{}
	for _, c := range r.Column(one, features) {
		if strings.ContainsAny(c.Host, "{}") {
			t.Errorf("%s asks %q", c.Name, c.Host)
		}
		if _, twice := checks[c.Name]; twice {
			t.Errorf("%s stands twice", c.Name)
		}
		checks[c.Name] = c
	}
	return checks
}

func TestColumn(t *testing.T) {
	for _, test := range []struct {
		region   string
		features []string
		want     Check // without its note
	}{
		{"us-east-1", nil, Check{Name: "Service HTTPS (api)", Protocol: "tls", Host: "api.mypurecloud.com", Port: 443, Required: true}},
		{"eu-central-1", nil, Check{Name: "Service HTTPS (login)", Protocol: "tls", Host: "login.mypurecloud.de", Port: 443, Required: true}},
		{"eu-central-1", nil, Check{Name: "UDP to the responder", Protocol: "udp", Host: "responder", Required: true}},
		{"eu-central-1", nil, Check{Name: "Media range", Protocol: "udp-range", Host: "responder", Ports: "16384-65535", Required: true}},
		{"eu-central-1", nil, Check{Name: "STUN UDP 3478", Protocol: "stun", Host: "responder", Port: 3478, Required: true}},
		{"eu-central-1", nil, Check{Name: "Google STUN UDP 19302", Protocol: "stun", Host: "stun.l.google.com", Port: 19302}},
		{"eu-central-1", nil, Check{Name: "DNS UDP 53", Protocol: "dns", Host: "resolver", Port: 53}},
		{"eusc-de-east-1", nil, Check{Name: "AWS HTTPS", Protocol: "tls", Host: "dynamodb.eusc-de-east-1.amazonaws.eu", Port: 443}},
		{"us-west-2", nil, Check{Name: "AWS STUN", Protocol: "stun", Host: "stun.kinesisvideo.us-west-2.amazonaws.com", Port: 443}},
		{"eusc-de-east-1", nil, Check{Name: "AWS STUN"}},
		{"us-east-1", nil, Check{Name: "SIP phones TLS 8061"}},
		{"us-east-1", []string{"byoc"}, Check{Name: "SIP phones TLS 8061"}},
		{"us-east-1", []string{"byoc", "sip-phones"}, Check{Name: "SIP phones TLS 8061", Protocol: "sip-tls", Host: "responder", Port: 8061, Feature: "sip-phones", Required: true}},
		{"us-east-1", []string{"byoc"}, Check{Name: "BYOC SIP UDP 5060", Protocol: "sip", Host: "responder", Port: 5060, Feature: "byoc", Required: true}},
		{"local", nil, Check{Name: "UDP to the responder", Protocol: "udp", Host: "responder", Required: true}},
		{"local", nil, Check{Name: "DNS UDP 53"}},
	} {
		got := column(t, test.region, test.features...)[test.want.Name]
		got.Note = ""
		if test.want.Protocol == "" {
			test.want = Check{} // it is not there
		}
		if got != test.want {
			t.Errorf("%s %v: %+v, want %+v", test.region, test.features, got, test.want)
		}
	}
}

func TestLocalStaysOnTheMachine(t *testing.T) {
	for _, features := range [][]string{nil, features()} {
		for name, c := range column(t, "local", features...) {
			if c.Host != facts.HostResponder {
				t.Errorf("%s asks %q", name, c.Host)
			}
		}
	}
}

func TestColumnOfAnUnknownRegion(t *testing.T) {
	r := list(t)
	for _, region := range []Region{{}, {ID: "responder"}, {ID: "office", Name: "Office"}} {
		for _, c := range r.Column(region, nil) {
			if c.Host != facts.HostResponder || c.Required != (c.Protocol == "udp") {
				t.Errorf("%q: %+v", region.ID, c)
			}
		}
		if got, want := len(r.Column(region, nil)), len(r.columnForResponder(nil)); got != want || got != 4 {
			t.Errorf("%q has %d rows, want %d, which are 4", region.ID, got, want)
		}
	}
	if got := len(r.Column(Region{}, []string{"byoc"})); got != 7 {
		t.Errorf("%d rows with byoc, want 7", got)
	}
}

func TestFind(t *testing.T) {
	r := list(t)
	for id, want := range map[string]string{
		"eu-central-1":          "",
		" EU-Central-1 ":        "",
		"us-east1":              "did you mean us-east-1 (US East (N. Virginia))?",
		"us-est-2":              "did you mean us-east-2 (US East (Ohio), FedRAMP) or us-west-2 (US West (Oregon))?",
		"tokio":                 "did you mean ap-northeast-1 (Asia Pacific (Tokyo))?",
		"japan":                 "did you mean ap-northeast-1 (Asia Pacific (Tokyo)) or ap-northeast-3 (Asia Pacific (Osaka))?",
		"eu-west-9":             "did you mean eu-west-1 (Europe (Ireland)) or eu-west-2 (Europe (London))?",
		"frankfurt":             "did you mean eu-central-1 (Europe (Frankfurt))?",
		"mypurecloud.jp":        "did you mean ap-northeast-1",
		"nowhere":               `see "netready regions"`,
		"":                      "no region was named",
		"https://h:1/i#SECRET.": "--responder",
	} {
		region, err := r.Find(id)
		switch {
		case want == "" && (err != nil || region.ID != "eu-central-1"):
			t.Errorf("%q: %v, %v", id, region.ID, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "SECRET")):
			t.Errorf("%q: %v, want %q", id, err, want)
		}
	}
}

const small = `checks:
  - {name: Service HTTPS, protocol: tls, host: "api.{domain}", port: 443, required: true}
  - {name: Google STUN, protocol: stun, host: stun.l.google.com, port: 19302, required: false, note: "optional"}
  - {name: Media range, protocol: udp-range, ports: 16384-65535, required: true}   # to the responder
  - {name: Elsewhere, protocol: tcp, host: "2001:db8::1", port: 22}
regions:
  - {id: one, name: One, domain: example.com, checks: [{name: Google STUN, protocol: stun, host: 192.0.2.1, port: 3478}, {name: More, protocol: tcp, host: m.example.com, port: 1}], skip: [Elsewhere]}
  - {id: two, name: Two, only_own_checks: true, responders: ["https://h.example.com:8443/i#TOKEN.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "h:1"]}
`

func TestRegionChangesTheColumn(t *testing.T) {
	r, err := parse("regions.yaml", []byte(small))
	if err != nil {
		t.Fatal(err)
	}
	one, err := r.Find("one")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range r.Column(one, nil) {
		got = append(got, c.Name+" "+c.Host)
	}
	want := []string{"Service HTTPS api.example.com", "Google STUN 192.0.2.1", "Media range ", "More m.example.com"}
	if !slices.Equal(got, want) {
		t.Errorf("column %q, want %q", got, want)
	}
	two, err := r.Find("two")
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Column(two, nil); len(got) != 0 {
		t.Errorf("a region with its own checks only, and none of them, has %v", got)
	}
	if r.Checks[1].Host != "stun.l.google.com" {
		t.Error("the region changed everybody's check")
	}
}

func TestWrongFiles(t *testing.T) {
	const region = "regions: [{id: a, name: A}]\n"
	for _, test := range []struct{ name, yaml, want string }{
		{"empty", "", "r.yaml: the file is empty; it needs a list of regions, as the regions.yaml in netready's source has"},
		{"only a remark", "# nothing\n", "r.yaml: the file is empty; it needs a list of regions, as the regions.yaml in netready's source has"},
		{"no regions", "checks: []\n", "r.yaml: line 1: there are no regions; add at least one under regions:"},
		{"unknown key", "regions:\n  - {id: a, name: A}\nregion: []\n", `r.yaml: line 3: unknown key "region"; did you mean "regions"?`},
		{"unknown key of a region", "regions:\n  - id: a\n    naem: A\n", `r.yaml: line 3: unknown key "naem"; did you mean "name"?`},
		{"unknown key of a check", "checks:\n  - {name: C, protocol: tcp, prot: 4}\n" + region, `r.yaml: line 2: unknown key "prot"; did you mean "port"?`},
		{"no id", "regions:\n  - {name: A}\n", "r.yaml: line 2: a region has no id; give it one, like id: us-east-1"},
		{"bad id", "regions:\n  - {id: ../a, name: A}\n", `r.yaml: line 2: the id "../a" holds more than letters, digits, - . and _, or more than 64 of them`},
		{"no name", "regions:\n  - {id: a}\n", "r.yaml: line 2: the region a has no name; give it one, like name: US East (N. Virginia)"},
		{"id twice", "regions:\n  - {id: a, name: A}\n  - {id: A, name: B}\n", `r.yaml: line 3: the region "A" is there twice, first in line 2; give one another id`},
		{"key twice", "regions:\n  - {id: a, name: A}\nregions: []\n", `r.yaml: line 3: the key "regions" is there twice, first in line 1; remove one`},
		{
			"name twice", "checks:\n  - {name: C, protocol: tcp, host: h, port: 1}\n  - {name: C, protocol: tcp, host: h, port: 2}\n" + region,
			`r.yaml: line 3: the check "C" is there twice in one list; give one another name`,
		},
		{"port too high", "checks:\n  - {name: C, protocol: tcp, host: h, port: 65536}\n" + region, `r.yaml: line 2: the port 65536 of the check "C" is not one from 1 to 65535`},
		{"port below", "checks:\n  - {name: C, protocol: tcp, host: h, port: -1}\n" + region, `r.yaml: line 2: the port -1 of the check "C" is not one from 1 to 65535`},
		{"no port", "checks:\n  - {name: C, protocol: tcp, host: h}\n" + region, `r.yaml: line 2: the check "C" needs a port from 1 to 65535; only the responder's may be left out`},
		{"port in words", "checks:\n  - {name: C, protocol: tcp, host: h, port: https}\n" + region, "r.yaml: line 2: found text (https) where a whole number is expected"},
		{"range turned round", "checks:\n  - {name: C, protocol: udp-range, ports: 9-5}\n" + region, `r.yaml: line 2: the ports "9-5" of the check "C" are not a range; write them as 16384-65535`},
		{"no range", "checks:\n  - {name: C, protocol: udp-range}\n" + region, `r.yaml: line 2: the check "C" needs ports, like ports: 16384-65535`},
		{"port of a range", "checks:\n  - {name: C, protocol: udp-range, port: 5}\n" + region, `r.yaml: line 2: the check "C" is about a range; write ports: 16384-65535 instead of port`},
		{"range of a port", "checks:\n  - {name: C, protocol: tcp, host: h, ports: 5-9}\n" + region, `r.yaml: line 2: the check "C" has ports, which only udp-range knows; write port with one number`},
		{"UDP to a stranger", "checks:\n  - {name: C, protocol: udp, host: h, port: 5}\n" + region, `r.yaml: line 2: the check "C" speaks udp, which only a responder answers; write host: responder or leave it out`},
		{"a URL for a host", "checks:\n  - {name: C, protocol: tls, host: 'https://h/', port: 443}\n" + region, `r.yaml: line 2: the host "https://h/" of the check "C" is neither a name nor an address; write it without scheme, port and path`},
		{"an address with a slip", "checks:\n  - {name: C, protocol: tls, host: 192.0.2.256, port: 443}\n" + region, `r.yaml: line 2: the host "192.0.2.256" of the check "C" is neither a name nor an address; write it without scheme, port and path`},
		{"unknown word in braces", "checks:\n  - {name: C, protocol: tls, host: 'a.{zone}', port: 443}\n" + region, `r.yaml: line 2: the check "C" has "{zone}" in its host; there are {domain}, {region} and {suffix}, and "{stun}" alone`},
		{
			"no domain to fill in", "checks:\n  - {name: C, protocol: tls, host: 'a.{domain}', port: 443}\n" + region,
			`r.yaml: line 3: "a.{domain}" needs the region's domain, which the region a does not have; add domain: to it, skip the check "C" there or set only_own_checks`,
		},
		{"the resolver's TLS", "checks:\n  - {name: C, protocol: tls, host: resolver}\n" + region, `r.yaml: line 2: the check "C" asks the resolver and does not speak dns or dns-tcp`},
		{
			"unknown protocol", "checks:\n  - name: C\n    protocol: icmp\n" + region,
			`r.yaml: line 3: the check "C" has the protocol "icmp"; there are ` + strings.Join(facts.Protocols(), ", "),
		},
		{"unknown feature", "checks:\n  - {name: C, protocol: sip, feature: fax}\n" + region, `r.yaml: line 2: the check "C" belongs to the feature "fax"; there are sip-phones and byoc`},
		{"unknown skip", "checks:\n  - {name: Cat, protocol: sip}\nregions: [{id: a, name: A, skip: [Cut]}]\n", `r.yaml: line 3: skip names "Cut", and there is no such check; did you mean "Cat"?`},
		{"bad TURN", "regions: [{id: a, name: A, turn: ['turn:t.example.com', 'turn://t']}]\n", `r.yaml: line 1: entry 2 of turn of region a: a TURN URI has no slashes (RFC 7065): write turn:HOST:PORT`},
		{"bad STUN", "regions: [{id: a, name: A, stun: stun.example.com}]\n", `r.yaml: line 1: "stun.example.com" is not host:port, like stun.example.com:3478 or [2001:db8::1]:3478`},
		{"a tab", "regions:\n\t- {id: a}\n", "r.yaml: line 2: found character that cannot start any token; indent with spaces, not with tabs, and put text with special characters in quotes"},
		{"a list at the top", "- a\n", "r.yaml: line 1: found a list where a mapping (key: value) is expected"},
		{"two documents", region + "---\n" + region, `r.yaml: a second document begins behind "---" or "..."; write one file for each`},
		{"Latin-1", "regions: [{id: a, name: S\xe3o}]\n", "r.yaml: invalid trailing UTF-8 octet; save the file as UTF-8 text"},
		{"not an invite", "regions: [{id: a, name: A, responders: ['h:x/i#TOKENSECRET']}]\n", "r.yaml: line 1: entry 1 of responders of region a: the invite cannot be used: its port is not a number from 1 to 65535; copy the whole line that netready-responder printed, or save it to a file and give @FILE"},
		{"an invite for a key", "regions:\n  - id: a\n    https://h/i#TOKENSECRET.PIN: A\n", `r.yaml: line 3: unknown key "https://h/i#…"; the keys here are checks, continent, country, domain, echo, id, name, only_own_checks, responders, skip, stun, suffix, tcp, turn, weights`},
		{"a weight too few", "regions:\n  - id: a\n    name: A\n    responders: ['h:1', 'h:2']\n    weights: [1]\n", "r.yaml: line 5: region a has 2 responders and 1 weights; write one weight for each"},
		{"a weight below nothing", "regions:\n  - id: a\n    name: A\n    responders: ['h:1']\n    weights: [-1]\n", "r.yaml: line 5: the weight -1 of region a: give 0 (asked last) to 1000"},
		{"no weight at all", "regions:\n  - id: a\n    name: A\n    responders: ['h:1']\n    weights: [0]\n", "r.yaml: line 5: all weights of region a are 0; give one that is more, or leave weights out to have them tried in order"},
		{"too large", "#" + strings.Repeat("x", 1<<20), "r.yaml: the file is larger than 1024 KiB; is this the right one?"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parse("r.yaml", []byte(test.yaml))
			if err == nil || err.Error() != test.want {
				t.Errorf("got\n%v\nwant\n%s", err, test.want)
			}
		})
	}
}

func TestAliasBomb(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		one := "*" + string(c-1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat(one+",", 9), ",") + "]\n"
	}
	if _, err := parse("r.yaml", []byte("regions: *j\n"+bomb)); err == nil {
		t.Error("an alias bomb was accepted")
	}
}

func TestDefaultBesideTheProgram(t *testing.T) {
	folder := t.TempDir()
	write := func(s string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, fileName), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := defaultIn(folder); err != nil || r.File != "" {
		t.Errorf("no file there: %q, %v", r.File, err)
	}
	write(string(netready.RegionsYAML))
	if r, err := defaultIn(folder); err != nil || r.File != "" {
		t.Errorf("the same list: %q, %v", r.File, err)
	}
	write("\ufeffregions: [{id: mine, name: Mine}]\r\n")
	if r, err := defaultIn(folder); err != nil || r.File != filepath.Join(folder, fileName) || r.Regions[0].ID != "mine" {
		t.Errorf("another list: %+v, %v", r, err)
	}
	write("regions: [")
	if _, err := defaultIn(folder); err == nil || !strings.Contains(err.Error(), folder) {
		t.Errorf("a broken list: %v, want its name", err)
	}
	if _, err := Load(filepath.Join(folder, "none.yaml")); !os.IsNotExist(err) && (err == nil || !strings.Contains(err.Error(), "none.yaml")) {
		t.Errorf("no file: %v", err)
	}
}

func FuzzRegions(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("a: &a [*a]\nregions: *a\n"))
	f.Add([]byte("regions: [{id: a, name: A, <<: {stun: 'x:1'}}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parse("r.yaml", data)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Fatal("an error without words")
			}
			return
		}
		for _, region := range r.Regions {
			found, err := r.Find(region.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range r.Column(found, features()) {
				if strings.ContainsAny(c.Host, "{}") || c.Port < 0 || c.Port > 65535 {
					t.Fatalf("%+v", c)
				}
			}
		}
	})
}
