// Package portal distinguishes the answer of a captive portal, or of a filter that works
// like one, from that of the host that was asked.
package portal

import (
	"bytes"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Status is what a portal answers in place of a host; hosts themselves never answer it
// (RFC 6585 6).
const Status = http.StatusNetworkAuthenticationRequired

// Words say what Status means, for people.
const Words = "a captive portal answers in its place (HTTP status 511, Network Authentication Required): open a browser, log in, and run this again"

// Peek is how many bytes of an answer Says needs.
const Peek = 12

// says is a response's first line with Status, RFC 9112 4.
var says = regexp.MustCompile(`^HTTP/[0-9]\.[0-9] 511`)

// Says reports whether bytes that came over a connection, in whatever
// protocol it should speak, are a portal's refusal.
func Says(b []byte) bool { return says.Match(bytes.TrimLeft(b, "\r\n")) }

// LeadsAway reports whether a redirection leads to another site: one under another
// registered name. It is false for a location that cannot be read.
func LeadsAway(location, host string) bool {
	u, err := url.Parse(location)
	return err == nil && u.Hostname() != "" && site(u.Hostname()) != site(host)
}

// Shown is a location that LeadsAway may be said of, for people: scheme, host and path.
// What follows may name the machine that was led away (mac=…, ip=…).
func Shown(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return "a page whose address cannot be read"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// site is the registered name of a host, by the public suffix list: for
// apps.example.com.au it is example.com.au. For a name without one, such as an address
// or a public suffix, it is the name itself.
func site(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	if registered, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return registered
	}
	return host
}
