package ice

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/unicode"
)

// aws is an answer of GetIceServerConfig in its documented shape: two servers,
// credentials of their own, one reached by IPv6 too.
const aws = `{"IceServerList":[
 {"Uris":["turn:3-80-1-2.t-0123.kinesisvideo.us-east-1.amazonaws.com:443?transport=udp","turns:3-80-1-2.t-0123.kinesisvideo.us-east-1.amazonaws.com:443?transport=udp","turns:3-80-1-2.t-0123.kinesisvideo.us-east-1.amazonaws.com:443?transport=tcp"],
  "Username":"1795644000:djE6YXJuOmF3czpr","Password":"one+secret/word=","Ttl":300},
 {"Uris":["turn:[2600:1f18::7]:443?transport=udp"],"Username":"1795644000:djE6","Password":"other","Ttl":300}]}`

func TestEveryServicesList(t *testing.T) {
	for name, c := range map[string]struct {
		json string
		want []string // user/password uri uri…
	}{
		"the W3C's, one URI": {`{"iceServers":[{"urls":"turn:a.example","username":"u","credential":"p"}]}`, []string{"u/p turn:a.example:3478"}},
		"the W3C's, list of URIs, STUN beside it": {
			`{"iceServers":[{"urls":"stun:s.example"},{"urls":["stun:a.example","turn:a.example:80?transport=tcp","turns:a.example"],"username":"u","credential":"p"}]}`,
			[]string{"u/p turn:a.example:80?transport=tcp turns:a.example:5349"},
		},
		"a bare list": {`[{"urls":["turn:10.0.0.1"],"username":"u","credential":"p","credentialType":"password"}]`, []string{"u/p turn:10.0.0.1:3478"}},
		"ice_servers, with url and urls and fields of the vendor": {
			`{"username":"x","ttl":"86400","ice_servers":[{"url":"stun:s.example:3478","urls":"stun:s.example:3478"},{"url":"turn:t.example:3478?transport=udp","username":"u","urls":"turn:t.example:3478?transport=udp","credential":"p"}]}`,
			[]string{"u/p turn:t.example:3478?transport=udp"},
		},
		"one object in place of a list": {`{"iceServers":{"urls":["turn:t.example:53?transport=udp"],"username":"u","credential":"p"}}`, []string{"u/p turn:t.example:53?transport=udp"}},
		"Amazon's": {aws, []string{
			"1795644000:djE6YXJuOmF3czpr/one+secret/word= turn:3-80-1-2.t-0123.kinesisvideo.us-east-1.amazonaws.com:443?transport=udp turns:3-80-1-2.t-0123.kinesisvideo.us-east-1.amazonaws.com:443?transport=udp turns:3-80-1-2.t-0123.kinesisvideo.us-east-1.amazonaws.com:443?transport=tcp",
			"1795644000:djE6/other turn:[2600:1f18::7]:443?transport=udp",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for encoding, data := range encodings(t, c.json) {
				servers, err := Parse(data)
				if err != nil {
					t.Fatalf("%s: %v", encoding, err)
				}
				if got := lines(servers); !slices.Equal(got, c.want) {
					t.Errorf("%s: got %q, want %q", encoding, got, c.want)
				}
			}
		})
	}
}

// encodings are the ways in which editors and shells save a text.
func encodings(t *testing.T, text string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{"UTF-8": []byte(text), "UTF-8 with its mark": []byte("\uFEFF" + text)}
	for name, e := range map[string]struct {
		order unicode.Endianness
		mark  unicode.BOMPolicy
	}{
		"PowerShell's >":        {unicode.LittleEndian, unicode.UseBOM},
		"UTF-16, big end":       {unicode.BigEndian, unicode.UseBOM},
		"UTF-16 without a mark": {unicode.LittleEndian, unicode.IgnoreBOM},
	} {
		b, err := unicode.UTF16(e.order, e.mark).NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = b
	}
	return all
}

func lines(servers []Server) []string {
	var all []string
	for _, s := range servers {
		line := s.Username.Reveal() + "/" + s.Password.Reveal()
		for _, u := range s.URIs {
			line += " " + u.String()
		}
		all = append(all, line)
	}
	return all
}

func TestExpiry(t *testing.T) {
	for user, want := range map[string]int64{"1795644000:djE6": 1795644000, "1795644000": 1795644000, "alice": 0, "12:alice": 0, "1795644000x": 0} {
		if got := expiry(user); want == 0 && !got.IsZero() || want != 0 && got.Unix() != want {
			t.Errorf("%s: got %v, want %d", user, got, want)
		}
	}
}

func TestListsThatAreNone(t *testing.T) {
	const secret = "hunter2-never-shown"
	long := strings.Repeat("x", 5000)
	for name, c := range map[string]struct{ json, want string }{
		"empty":                 {"  \n", "it is empty"},
		"cut short":             {`{"iceServers":[{"urls":"turn:a","username":"u","credential":"` + secret, "it is invalid at byte"},
		"an error of AWS":       {`An error occurred (AccessDeniedException)`, "it is not valid JSON"},
		"a number":              {`7`, "neither a JSON object nor a list"},
		"another document":      {`{"servers":[]}`, "none of the fields iceServers, ice_servers, IceServerList"},
		"two lists":             {`{"iceServers":[],"IceServerList":[]}`, "iceServers and IceServerList are both in it"},
		"no servers":            {`{"iceServers":[]}`, "iceServers names no TURN server"},
		"STUN alone":            {`[{"urls":"stun:a.example"}]`, "list names no TURN server"},
		"a text as a server":    {`{"iceServers":["turn:a"]}`, "iceServers[0] is to be an object in braces"},
		"no URIs":               {`{"iceServers":[{"username":"u","credential":"` + secret + `"}]}`, "iceServers[0] has no urls"},
		"no user":               {`{"iceServers":[{"urls":"stun:s"},{"urls":"turn:a","credential":"` + secret + `"}]}`, "iceServers[1] has no username"},
		"a user misspelt":       {`[{"urls":"turn:a","user":"u","credential":"` + secret + `"}]`, "list[0] has no username"},
		"no password":           {`{"IceServerList":[{"Uris":["turn:a"],"Username":"u"}]}`, "IceServerList[0] has no Password"},
		"null for a password":   {`[{"urls":"turn:a","username":"u","credential":null}]`, "list[0] has no credential"},
		"a number as password":  {`[{"urls":"turn:a","username":"u","credential":7}]`, "list[0].credential is to be a text in quotation marks"},
		"another kind":          {`[{"urls":"turn:a","username":"u","credential":"p","credentialType":"oauth"}]`, "list[0].credentialType: only password"},
		"a URI of the web":      {`[{"urls":["turn:a","https://a"],"username":"u","credential":"p"}]`, "list[0].urls[1]: no TURN URI"},
		"a URI with slashes":    {`[{"urls":"turn://a","username":"u","credential":"p"}]`, "list[0].urls: a TURN URI has no slashes"},
		"a URI with a password": {`[{"urls":"turn:u:` + secret + `@a","username":"u","credential":"p"}]`, "has no user and no password in it"},
		"a field twice":         {`[{"urls":"turn:a","username":"u","credential":"` + secret + `","credential":"p"}]`, "a field is there twice"},
		"a line in a word":      {`[{"urls":"turn:a","username":"u\n","credential":"` + secret + `"}]`, "list[0].username holds a control character"},
		"a long word":           {`[{"urls":"turn:a","username":"` + long + `","credential":"p"}]`, "list[0].username is longer than"},
		"many servers":          {"[" + strings.Repeat(`{"urls":"stun:a"},`, 40) + `{"urls":"stun:a"}]`, "list has more than 16 entries"},
		"many URIs":             {`[{"urls":[` + strings.Repeat(`"turn:a",`, 40) + `"turn:a"]}]`, "list[0].urls has more than 16 entries"},
		"another encoding":      {"{\"iceServers\":\"\xe9\"}", "neither UTF-8 nor UTF-16"},
	} {
		t.Run(name, func(t *testing.T) {
			servers, err := Parse([]byte(c.json))
			if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, ErrInput) {
				t.Errorf("got %v, %v, want %q", servers, err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), secret) || len(err.Error()) > 700) {
				t.Errorf("the error shows a secret or too much: %v", err)
			}
		})
	}
}

func TestURIs(t *testing.T) {
	for in, want := range map[string]string{
		"turn:example.org":                          "turn:example.org:3478",
		"TURN:Example.org:3478?Transport=UDP":       "turn:example.org:3478?transport=udp",
		"turns:example.org":                         "turns:example.org:5349",
		"turns:192.0.2.1:443?transport=tcp":         "turns:192.0.2.1:443?transport=tcp",
		"turn:[2001:db8::1]":                        "turn:[2001:db8::1]:3478",
		"turn:[2001:db8::1]:80?transport=tcp":       "turn:[2001:db8::1]:80?transport=tcp",
		"turn:bücher.example":                       "turn:xn--bcher-kva.example:3478",
		"turn:example.org:0":                        "!is not a port",
		"turn:example.org:65536":                    "!is not a port",
		"turn:example.org:":                         "!is not host:port",
		"turn:2001:db8::1":                          "!IPv6 address in brackets",
		"turn:[2001:db8::1":                         "!",
		"turn:[2001:db8::1]80":                      "!is not [IPv6 address]:port",
		"turn:[example.org]:80":                     "!is not [IPv6 address]:port",
		"turn:":                                     "!is neither a host name",
		"turn:a b":                                  "!is neither a host name",
		"turn:example.org?transport=tls":            "!only transport=udp and transport=tcp",
		"turn:example.org?x=y":                      "!only transport=udp and transport=tcp",
		"stun:example.org":                          "!begins with turn: or turns:",
		"example.org":                               "!begins with turn: or turns:",
		"turn:" + strings.Repeat("a", 600) + ".org": "!too long",
	} {
		u, err := ParseURI(in)
		if message, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), message) {
				t.Errorf("%s: got %v, %v, want %q", in, u, err, message)
			}
			continue
		}
		if err != nil || u.String() != want {
			t.Errorf("%s: got %v, %v, want %s", in, u, err, want)
		}
	}
}

func TestCredentialsFromTheEnvironmentAndFiles(t *testing.T) {
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("\uFEFFfrom a file\r\nnot this\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "ice.json")
	if err := os.WriteFile(list, []byte(aws), 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_795_000_000, 0)
	for name, c := range map[string]struct {
		source   Source
		password string // in the environment
		secret   string
		want     string // first server's user/password, or !error
	}{
		"environment": {Source{URI: "turn:a", User: "u"}, "p", "", "u/p"},
		"file":        {Source{URI: "turn:a", User: "u", PasswordFile: password}, "p", "", "u/from a file"},
		// openssl dgst -sha1 -hmac north -binary | base64
		"shared secret":      {Source{URI: "turn:a", User: "office"}, "", "north", "1795007200:office/lfuWdsKKuPtX2Dqu0cvH40pkYQs="},
		"--ice":              {Source{File: list}, "", "", "1795644000:djE6YXJuOmF3czpr/one+secret/word="},
		"--ice -":            {Source{File: "-", Stdin: strings.NewReader(aws)}, "", "", "1795644000:djE6YXJuOmF3czpr/one+secret/word="},
		"no password":        {Source{URI: "turn:a", User: "u"}, "", "", "!set NETREADY_TURN_PASSWORD"},
		"no user":            {Source{URI: "turn:a"}, "p", "", "!give --turn-user"},
		"both":               {Source{URI: "turn:a", User: "u"}, "p", "s", "!are both set"},
		"both ways":          {Source{URI: "turn:a", File: list}, "p", "", "!not both"},
		"a user for a file":  {Source{File: list, User: "u"}, "", "", "!contains its own credentials"},
		"no such file":       {Source{File: filepath.Join(dir, "none")}, "", "", "!opening the file of --ice"},
		"no URI":             {Source{URI: "a", User: "u"}, "p", "", "!--turn: no TURN URI"},
		"no password's file": {Source{URI: "turn:a", User: "u", PasswordFile: dir}, "", "", "!--turn-password-file"},
		"too large":          {Source{File: "-", Stdin: strings.NewReader(strings.Repeat(" ", largestFile+1))}, "", "", "!larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			c.source.Now = now
			c.source.Getenv = func(name string) string {
				return map[string]string{PasswordVariable: c.password, SecretVariable: c.secret}[name]
			}
			servers, err := c.source.Load()
			if message, bad := strings.CutPrefix(c.want, "!"); bad {
				if err == nil || !strings.Contains(err.Error(), message) || !errors.Is(err, ErrInput) {
					t.Errorf("got %v, %v, want %q", servers, err, message)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := servers[0].Username.Reveal() + "/" + servers[0].Password.Reveal(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	servers, err := Parse([]byte(aws))
	if err != nil {
		t.Fatal(err)
	}
	var list any = servers // a type without JSON names is what is tested
	j, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	all.Write(j)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&all, verb, servers)
		fmt.Fprintf(&all, verb, &servers[0])
		fmt.Fprintf(&all, verb, servers[0].Password)
	}
	for _, word := range []string{"one+secret", "6f6e65", "djE6", "other"} {
		if strings.Contains(all.String(), word) {
			t.Errorf("%q is shown in %s", word, all.String())
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{aws, `[{"urls":["turn:a:1?transport=udp"],"username":"u","credential":"p"}]`, "\xff\xfe{\x00}\x00", `{"iceServers":{"url":"turns:[::1]"}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		servers, err := Parse(data)
		if err != nil {
			if len(err.Error()) > 2000 {
				t.Errorf("an error of %d characters", len(err.Error()))
			}
			return
		}
		if len(servers) > mostServers {
			t.Errorf("%d servers", len(servers))
		}
		for _, s := range servers {
			if len(s.URIs) == 0 || len(s.URIs) > mostURIs || s.Username.Reveal() == "" || s.Password.Reveal() == "" {
				t.Errorf("accepted %v", s)
			}
			for _, u := range s.URIs {
				again, err := ParseURI(u.String())
				if err != nil || again != u {
					t.Errorf("%v is read as %v, %v", u, again, err)
				}
			}
		}
	})
}
