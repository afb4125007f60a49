// Package invite holds an invite as a value: it is parsed once, and every way to print
// it leaves out its secrets.
package invite

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// An Invite is all that an agent needs to reach a responder:
//
//	https://host:port/i#TOKEN.PIN[.PIN…]
//
// The secrets are in the fragment, which no browser sends and no proxy sees. An
// invite consists of [A-Za-z0-9._~:/#-] only, so that no shell, mail or chat changes
// it. For that reason an IPv6 address is written without brackets.
type Invite struct {
	Host  string   // host:port of the control connection
	Token string   // may be empty where only host:port was given
	Pins  [][]byte // SHA-256 of the keys (SPKI) that it may have; none: the usual authorities
}

// The bounds of an invite: anything longer is refused.
const (
	maxInvite = 4096
	maxPins   = 16
	pinChars  = 43 // of base64url, for the 32 bytes of a SHA-256
	maxToken  = 512
)

// Err is what every error of this package is.
var Err = errors.New("the invite cannot be used")

// An Error is what is wrong with an invite and what to do about it. No error
// repeats the secrets.
type Error struct {
	Wrong string
	advice
}

// advice is what to do, where a file can be named and where it cannot.
type advice struct{ onCommandLine, inForm string }

var (
	copyAgain = advice{
		"copy the whole line that netready-responder printed, or save it to a file and give @FILE",
		"copy the whole line that netready-responder printed",
	}
	askForFile = advice{
		"ask for the invite as an attached text file or in a chat message and give @FILE",
		"ask for the invite as an attached text file or in a chat message",
	}
)

func (e *Error) Error() string { return Err.Error() + ": " + e.Wrong + "; " + e.onCommandLine }
func (e *Error) Unwrap() error { return Err }

// InForm is the error where the invite was typed into a form, which reads no files.
func (e *Error) InForm() string { return Err.Error() + ": " + e.Wrong + "; " + e.inForm }

// Parse reads an invite as people paste it: in quotes, broken over
// several lines, with a full stop behind it. A bare host:port is allowed; the
// token then comes from elsewhere. No error repeats the secrets.
func Parse(s string) (Invite, error) {
	if len(s) > maxInvite {
		return Invite{}, invalid(copyAgain, "it is %d characters long", len(s))
	}
	s = unwrap(s)
	if s == "" {
		return Invite{}, invalid(copyAgain, "it is empty")
	}
	if who := rewrittenBy(s); who != "" {
		return Invite{}, invalid(askForFile, "it was rewritten by %s on its way", who)
	}
	if i := strings.IndexFunc(s, foreignRune); i >= 0 {
		return Invite{}, invalid(askForFile, "character %d is one that no invite has, so something changed it on its way", i+1)
	}
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		scheme, rest = "https", s
	}
	if !strings.EqualFold(scheme, "https") {
		return Invite{}, invalid(copyAgain, "it begins with %q instead of https://", clip(scheme)+"://")
	}
	before, secrets, hasSecrets := strings.Cut(rest, "#")
	address, path, _ := strings.Cut(before, "/")
	host, err := hostPort(address)
	if err != nil {
		return Invite{}, err
	}
	if !hasSecrets {
		if found || path != "" {
			return Invite{}, invalid(copyAgain, "the part behind # is missing: a mail program or a browser cut it off")
		}
		return Invite{Host: host}, nil
	}
	if path != "i" {
		return Invite{}, invalid(copyAgain, "its path is not /i")
	}
	token, pins, err := parseSecrets(secrets)
	return Invite{Host: host, Token: token, Pins: pins}, err
}

// WithToken is the invite with the token that a bare host:port lacks. One that
// has a token keeps it. The error is an Err: no token at all, or one that no
// responder makes.
func (i Invite) WithToken(token string) (Invite, error) {
	if i.Token != "" {
		return i, nil
	}
	if token == "" {
		return Invite{}, fmt.Errorf("%w: %s has no token; put it into the environment as NETREADY_TOKEN or give the whole invite", Err, i.Host)
	}
	if err := CheckToken(token); err != nil {
		return Invite{}, fmt.Errorf("%w: the token of the environment: %w", Err, err)
	}
	i.Token = token
	return i, nil
}

// String is the invite with its secrets. It is for the one place that hands
// the invite out; everything else prints Redacted.
func (i Invite) String() string {
	var b strings.Builder
	b.WriteString("https://" + strings.NewReplacer("[", "", "]", "").Replace(i.Host) + "/i#" + i.Token)
	for _, pin := range i.Pins {
		b.WriteString("." + base64.RawURLEncoding.EncodeToString(pin)[:pinChars])
	}
	return b.String()
}

// redacted is the invite without its secrets, for logs, errors and results.
func (i Invite) redacted() string { return "https://" + i.Host + "/i#…" }

// Format keeps the secrets out of every fmt verb: whoever wants them calls
// String.
func (i Invite) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(i.redacted())) }

// MarshalText keeps them out of JSON too.
func (i Invite) MarshalText() ([]byte, error) { return []byte(i.redacted()), nil }

var inText = regexp.MustCompile(`(/i(?:#|%23))[A-Za-z0-9._~%-]+`)

// Hide takes the secrets of invites out of a text: one may have been given
// where something else belongs, and errors repeat what was given.
func Hide(text string) string { return inText.ReplaceAllString(text, "${1}…") }

// CheckHost says whether an invite can name this host:port, and if not why.
func CheckHost(hostport string) error {
	if i := strings.IndexFunc(hostport, foreignRune); i >= 0 && !strings.HasPrefix(hostport, "[") {
		return fmt.Errorf("%q holds a character that an invite cannot carry: use a name or an address", hostport)
	}
	_, err := hostPort(hostport)
	return err
}

// Pin is the SHA-256 of a certificate's RawSubjectPublicKeyInfo.
func Pin(spki []byte) []byte {
	sum := sha256.Sum256(spki)
	return sum[:]
}

// Trusts reports whether a key is one of the pinned ones.
func (i Invite) Trusts(spki []byte) bool {
	pin := Pin(spki)
	for _, p := range i.Pins {
		if bytes.Equal(p, pin) {
			return true
		}
	}
	return false
}

func invalid(what advice, format string, args ...any) error {
	return &Error{fmt.Sprintf(format, args...), what}
}

// unwrap takes off what mail, chat and office programs put around a link and
// what breaking a line leaves inside it.
func unwrap(s string) string {
	s = strings.NewReplacer("=\r\n", "", "=\n", "", "\r\n>", "", "\n>", "").Replace(s)
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.IsControl(r) {
			return -1 // zero-width marks and soft hyphens too
		}
		return r
	}, s)
	return strings.Trim(s, "\"'`<>()“”„‟‘’‚‛«»‹›,;.!")
}

// rewriters are the marks of link scanners and trackers.
var rewriters = []struct{ mark, name string }{
	{"safelinks.protection.", "Outlook's safe links"},
	{"urldefense.", "Proofpoint's URL defense"},
	{"linkprotect.cudasvc.", "Barracuda's link protection"},
	{"mimecast", "Mimecast"},
	{"secure-web.cisco.", "Cisco's mail scanner"},
	{"trendmicro.com", "Trend Micro's mail scanner"},
	{"sophos.com", "Sophos' mail scanner"},
	{"fireeye.com", "a mail scanner"},
	{"google.com/url?", "Google's link check"},
}

// rewrittenBy names what rewrote the link, or is "".
func rewrittenBy(s string) string {
	lower := strings.ToLower(s)
	_, path, _ := strings.Cut(strings.TrimPrefix(lower, "https://"), "/")
	intact := strings.HasPrefix(path, "i#") && strings.Count(lower, "://") == 1
	for _, r := range rewriters {
		if !intact && strings.Contains(lower, r.mark) {
			return r.name
		}
	}
	switch {
	case strings.Count(lower, "://") > 1, strings.Contains(lower, "https%3a"):
		return "a mail scanner, which wrapped it into a link of its own,"
	case strings.Contains(lower, "%23"):
		return "a mail program or scanner, which wrote # as %23,"
	case strings.ContainsAny(s, "%?&="):
		return "a mail scanner or link tracker"
	}
	return ""
}

// foreignRune reports a character that no invite has. Brackets are let
// through, since people write IPv6 addresses with them.
func foreignRune(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !letter && !strings.ContainsRune("._~:/#-[]", r)
}

// hostPort normalises host:port; an IPv6 address gets its brackets back and a
// missing port is that of HTTPS.
func hostPort(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil && strings.Count(s, ":") > 1 && !strings.ContainsAny(s, "[]") {
		i := strings.LastIndexByte(s, ':')
		if a, aerr := netip.ParseAddr(s[:i]); aerr == nil && a.Is6() {
			host, port, err = s[:i], s[i+1:], nil
		}
	}
	if err != nil && !strings.ContainsAny(s, ":[]") {
		host, port, err = s, "443", nil
	}
	if err != nil || host == "" || strings.ContainsAny(host, "[]/#") {
		return "", invalid(copyAgain, "it has no host and port like responder.example.com:8443")
	}
	if strings.Contains(host, ":") {
		if a, aerr := netip.ParseAddr(host); aerr != nil || !a.Is6() {
			return "", invalid(copyAgain, "it has no host and port like responder.example.com:8443")
		}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", invalid(copyAgain, "its port is not a number from 1 to 65535")
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}

// parseSecrets reads TOKEN.PIN[.PIN…].
func parseSecrets(s string) (token string, pins [][]byte, err error) {
	parts := strings.Split(s, ".")
	token = parts[0]
	if err := CheckToken(token); err != nil {
		return "", nil, invalid(copyAgain, "the token behind # is missing or broken")
	}
	if len(parts) == 1 {
		return "", nil, invalid(copyAgain, "the pin behind the token is missing, so it was cut short")
	}
	if len(parts)-1 > maxPins {
		return "", nil, invalid(copyAgain, "it has %d pins, more than %d", len(parts)-1, maxPins)
	}
	for i, part := range parts[1:] {
		pin, ok := parsePin(part)
		if !ok {
			return "", nil, invalid(copyAgain, "pin %d has %d characters that are not a SHA-256 in base64url (43 letters, digits, - and _), so it was cut short or changed", i+1, len(part))
		}
		pins = append(pins, pin)
	}
	return token, pins, nil
}

// parsePin reads a pin of pinChars characters of base64url (RFC 4648 section 5). The
// last one carries two bits more than the 32 bytes need. Where they are set, it is
// a pin that no responder prints, yet a whole one: it stays and matches no key, as
// any other wrong pin does.
func parsePin(s string) (pin []byte, ok bool) {
	const unused = "A" // six bits of nothing, so that the 258 bits fill 33 bytes
	pin, err := base64.RawURLEncoding.DecodeString(s + unused)
	if err != nil || len(s) != pinChars {
		return nil, false
	}
	if pin[sha256.Size] == 0 {
		pin = pin[:sha256.Size]
	}
	return pin, true
}

// CheckToken says whether an invite and an HTTP header can carry a token.
func CheckToken(token string) error {
	if token == "" || len(token) > maxToken {
		return fmt.Errorf("a token has 1 to %d characters, this one has %d", maxToken, len(token))
	}
	for _, r := range token {
		if foreignRune(r) || strings.ContainsRune(".:/#[]", r) {
			return errors.New("a token is made of letters, digits, - _ and ~ only")
		}
	}
	return nil
}

// clip shortens what an error quotes.
func clip(s string) string {
	if len(s) > 12 {
		return s[:12] + "…"
	}
	return s
}
