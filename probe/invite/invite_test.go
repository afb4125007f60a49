package invite

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func sample() Invite {
	return Invite{Host: "responder.example.com:8443", Token: "s3cret_To-ken~1", Pins: [][]byte{Pin([]byte("a"))}}
}

func TestParse(t *testing.T) {
	good := sample().String()
	host, fragment, _ := strings.Cut(good, "#")
	two := sample()
	two.Pins = append(two.Pins, Pin([]byte("b")))
	six := sample()
	six.Host = "[2001:db8::1]:8443"
	std := sample()
	std.Host = "responder.example.com:443"
	tests := []struct {
		name, in string
		want     Invite
	}{
		{"plain", good, sample()},
		{"two pins", two.String(), two},
		{"straight quotes", `"` + good + `"`, sample()},
		{"single quotes", `'` + good + `'`, sample()},
		{"curly quotes", "\u201c" + good + "\u201d", sample()},
		{"German quotes", "\u201e" + good + "\u201c", sample()},
		{"guillemets", "\u00ab\u00a0" + good + "\u00a0\u00bb", sample()},
		{"angle brackets", "<" + good + ">", sample()},
		{"full stop behind", good + ".", sample()},
		{"spaces and newline around", "  " + good + "\r\n", sample()},
		{"broken by a mail", host + "#" + fragment[:10] + "\r\n" + fragment[10:30] + "\n  " + fragment[30:], sample()},
		{"broken and quoted in a reply", host + "#" + fragment[:10] + "\n> " + fragment[10:], sample()},
		{"quoted-printable", host + "#" + fragment[:10] + "=\r\n" + fragment[10:], sample()},
		{"zero-width space and BOM", "\ufeff" + host + "\u200b#" + fragment, sample()},
		{"scheme in capitals", "HTTPS" + strings.TrimPrefix(good, "https"), sample()},
		{"without scheme", strings.TrimPrefix(good, "https://"), sample()},
		{"IPv6", six.String(), six},
		{"IPv6 in brackets", "https://[2001:db8::1]:8443/i#" + fragment, six},
		{"no port", "https://responder.example.com/i#" + fragment, std},
		{"host and port alone", "responder.example.com:8443", Invite{Host: "responder.example.com:8443"}},
		{
			"a host whose name looks like a scanner's", strings.Replace(good, "responder.example.com", "netready.sophos.com", 1),
			Invite{Host: "netready.sophos.com:8443", Token: sample().Token, Pins: sample().Pins},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != tt.want.String() || got.Host != tt.want.Host {
				t.Errorf("got %s, want %s", got.String(), tt.want.String())
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	good := sample().String()
	pin := good[strings.LastIndexByte(good, '.')+1:]
	tests := []struct{ name, in, says string }{
		{"empty", " \n", "empty"},
		{"too long", strings.Repeat("a", 5000), "5000 characters"},
		{"Outlook safe links", "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fr.example.com%3A8443%2Fi%23" + pin + "&data=05%7C01", "Outlook"},
		{"Proofpoint 2", "https://urldefense.proofpoint.com/v2/url?u=https-3A__r.example.com-3A8443_i-23" + pin + "&d=DwMF", "Proofpoint"},
		{"Proofpoint 3", "https://urldefense.com/v3/__https://r.example.com:8443/i*" + pin + "__;Iw!!abc$", "Proofpoint"},
		{"Mimecast", "https://protect-eu.mimecast.com/s/AbCdEfGhIj", "Mimecast"},
		{"unknown scanner", "https://scan.example.net/x/https://r.example.com:8443/i#" + pin + "." + pin, "mail scanner"},
		{"encoded fragment", strings.Replace(good, "#", "%23", 1), "%23"},
		{"tracking", strings.Replace(good, "/i#", "/i?utm=1#", 1), "tracker"},
		{"fragment gone", "https://r.example.com:8443/i", "behind # is missing"},
		{"fragment gone, host only", "https://r.example.com:8443", "behind # is missing"},
		{"http", strings.Replace(good, "https", "http", 1), "instead of https"},
		{"pin gone", "https://r.example.com:8443/i#" + pin, "pin behind the token is missing"},
		{"pin cut", good[:len(good)-5], "38 characters"},
		{"pin too long", good + "A", "44 characters"},
		{"pin of other letters", good[:len(good)-1] + "~", "pin 1"},
		{"second pin cut", good + ".abc", "pin 2"},
		{"token missing", "https://r.example.com:8443/i#." + pin, "token"},
		{"port zero", "https://r.example.com:0/i#t." + pin, "port"},
		{"port too big", "https://r.example.com:65536/i#t." + pin, "port"},
		{"no host", "https://:8443/i#t." + pin, "host and port"},
		{"many colons", "a:b:c:8443", "host and port"},
		{"other path", "https://r.example.com:8443/j#t." + pin, "path"},
		{"umlaut", strings.Replace(good, "s3cret", "s\u00e9cret", 1), "character"},
		{"dollar", strings.Replace(good, "s3cret", "s$cret", 1), "character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.in)
			if err == nil {
				t.Fatalf("got %s", got.String())
			}
			if !errors.Is(err, Err) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %q, want it to say %q", err, tt.says)
			}
			if strings.Contains(err.Error(), pin) || strings.Contains(err.Error(), "To-ken") {
				t.Errorf("the error repeats the secrets: %v", err)
			}
		})
	}
}

// A complete pin whose last character has bits that no SHA-256 sets is a wrong pin like any
// other: it was refused as a malformed invite, and a less strict reading would have
// accepted it as the right one.
func TestPinThatNoKeyHas(t *testing.T) {
	key := []byte("a")
	good := sample().String()
	for _, last := range "-_BCDzx9" {
		in := good[:len(good)-1] + string(last)
		got, err := Parse(in)
		if err != nil {
			t.Fatalf("%c: %v", last, err)
		}
		if got.Trusts(key) || got.String() != in {
			t.Errorf("%c: trusts the key: %v, came back as %s, want %s", last, got.Trusts(key), got.String(), in)
		}
	}
}

func TestInviteHidesItsToken(t *testing.T) {
	i := sample()
	json, err := i.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(i), fmt.Sprintf("%v %+v %#v %s %q %d", i, i, i, i, i, i), fmt.Sprintf("%v", &i), i.redacted(), string(json)} {
		if strings.Contains(s, i.Token) {
			t.Errorf("the token shows in %q", s)
		}
	}
}

func TestInviteCharacters(t *testing.T) {
	allowed := regexp.MustCompile(`^https://[A-Za-z0-9._~:/#-]+$`)
	for _, host := range []string{"a.example:1", "192.0.2.1:8443", "[2001:db8::1]:443", "[::1]:65535"} {
		i := sample()
		i.Host = host
		if !allowed.MatchString(i.String()) {
			t.Errorf("%s has other characters", i.String())
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample().String())
	f.Add("\u201chttps://[::1]:1/i#t." + strings.Repeat("A", 43) + "\u201d")
	f.Add("host:1")
	f.Add("https://::1:8443/i#t.x")
	f.Add("https://urldefense.com/v3/__https://h:1/i*t__;Iw!!")
	f.Fuzz(func(t *testing.T, s string) {
		i, err := Parse(s)
		if err != nil {
			if i.Token != "" || i.Pins != nil {
				t.Fatalf("an error, and yet %q", i.Token)
			}
			return
		}
		if i.Token == "" {
			return
		}
		again, err := Parse(i.String())
		if err != nil || again.Host != i.Host || again.Token != i.Token || len(again.Pins) != len(i.Pins) {
			t.Fatalf("%q became %q: %v", s, i.String(), err)
		}
		for n, pin := range i.Pins {
			if !bytes.Equal(pin, again.Pins[n]) {
				t.Fatalf("pin %d changed", n)
			}
		}
	})
}

func TestWithToken(t *testing.T) {
	pin := strings.Repeat("A", 43)
	tests := []struct{ name, in, token, want string }{
		{"whole", "https://h.example:1/i#mine." + pin, "other", "mine"},
		{"host and port", "h.example:1", "env-token", "env-token"},
		{"no token", "h.example:1", "", ""},
		{"bad token", "h.example:1", "a b", ""},
	}
	for _, tt := range tests {
		got, err := Parse(tt.in)
		if err != nil {
			t.Fatal(err)
		}
		got, err = got.WithToken(tt.token)
		if got.Token != tt.want || (err == nil) != (tt.want != "") || err != nil && !errors.Is(err, Err) {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got.Token, err, tt.want)
		}
	}
}

// An invite given to the wrong flag was printed whole by the error.
func TestHide(t *testing.T) {
	whole := sample().String()
	_, secret, _ := strings.Cut(whole, "#")
	for _, text := range []string{whole, "--only " + whole + ": no", `"` + whole + `"`, whole + "," + whole, "http://h/i#" + secret, strings.Replace(whole, "#", "%23", 1)} {
		if got := Hide(text); strings.Contains(got, secret[:20]) || !strings.Contains(got, "…") {
			t.Errorf("%s became %s", text, got)
		}
	}
	if got := Hide("floor #3, /i, 50 %"); got != "floor #3, /i, 50 %" {
		t.Errorf("another text became %s", got)
	}
}
