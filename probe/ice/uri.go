package ice

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// Transports of a URI, as its transport parameter names them.
const (
	UDP = "udp"
	TCP = "tcp"
)

// Ports of TURN where a URI names none (RFC 7065 3.1).
const (
	plainPort  = 3478
	securePort = 5349
)

// A URI is one transport to a TURN server (RFC 7065).
type URI struct {
	Secure    bool   // turns: TLS over TCP, DTLS over UDP
	Host      string // a name, an IPv4 or an IPv6 address without brackets
	Port      int    // never 0: the scheme's own where none was given
	Transport string // UDP, TCP or "", where none was given
}

// String is the URI without anything secret, as RFC 7065 writes it.
func (u URI) String() string {
	scheme := "turn:"
	if u.Secure {
		scheme = "turns:"
	}
	s := scheme + net.JoinHostPort(u.Host, strconv.Itoa(u.Port))
	if u.Transport != "" {
		s += "?transport=" + u.Transport
	}
	return s
}

// longestURI bounds what is parsed: a host name has 253 characters at most.
const longestURI = 512

// ParseURI reads a turn: or turns: URI. Its errors never repeat what may be a
// password in front of an @.
func ParseURI(s string) (URI, error) {
	scheme, rest, isURI := strings.Cut(s, ":")
	var u URI
	switch {
	case len(s) > longestURI:
		return u, fmt.Errorf("a URI of %d characters is too long: at most %d", len(s), longestURI)
	case !isURI || !strings.EqualFold(scheme, "turn") && !strings.EqualFold(scheme, "turns"):
		return u, fmt.Errorf("no TURN URI: it begins with turn: or turns:, as in turn:turn.example.org:3478?transport=udp")
	case strings.Contains(rest, "@"):
		return u, fmt.Errorf("a TURN URI has no user and no password in it (RFC 7065): leave out everything up to the @ and give --turn-user and NETREADY_TURN_PASSWORD")
	case strings.HasPrefix(rest, "/"):
		return u, fmt.Errorf("a TURN URI has no slashes (RFC 7065): write %s:HOST:PORT", strings.ToLower(scheme))
	}
	u.Secure = strings.EqualFold(scheme, "turns")
	place, query, _ := strings.Cut(rest, "?")
	var err error
	if u.Transport, err = transport(query); err != nil {
		return URI{}, err
	}
	if u.Host, u.Port, err = hostPort(place, u.Secure); err != nil {
		return URI{}, err
	}
	return u, nil
}

// transport reads the query of a URI: nothing, or transport=udp or tcp.
func transport(query string) (string, error) {
	if query == "" {
		return "", nil
	}
	name, value, _ := strings.Cut(query, "=")
	value = strings.ToLower(value)
	if !strings.EqualFold(name, "transport") || value != UDP && value != TCP {
		return "", fmt.Errorf("%q after the ? of a TURN URI: only transport=udp and transport=tcp are known (TLS is turns:…?transport=tcp)", query)
	}
	return value, nil
}

// hostPort reads HOST, HOST:PORT, [IPV6] or [IPV6]:PORT.
func hostPort(place string, secure bool) (string, int, error) {
	host, number := place, ""
	if end := strings.LastIndex(place, "]"); strings.HasPrefix(place, "[") && end > 0 {
		host, number = place[1:end], strings.TrimPrefix(place[end+1:], ":")
		if a, err := netip.ParseAddr(host); err != nil || !a.Is6() || place[end+1:] != "" && number == place[end+1:] {
			return "", 0, fmt.Errorf("%q is not [IPv6 address]:port", place)
		}
	} else if before, after, ok := strings.Cut(place, ":"); ok {
		host, number = before, after
		if number == "" || strings.Contains(number, ":") {
			return "", 0, fmt.Errorf("%q is not host:port (write an IPv6 address in brackets)", place)
		}
	}
	port := plainPort
	if secure {
		port = securePort
	}
	if number != "" {
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil || n == 0 {
			return "", 0, fmt.Errorf("%q is not a port from 1 to 65535", number)
		}
		port = int(n)
	}
	host, err := goodHost(host)
	return host, port, err
}

// goodHost accepts an address, or a name as DNS can hold it.
func goodHost(host string) (string, error) {
	if a, err := netip.ParseAddr(host); err == nil && a.Zone() == "" {
		return a.Unmap().String(), nil
	}
	name, err := idna.Lookup.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil || name == "" || len(name) > 253 || strings.ContainsAny(name, "%/?#\\") {
		return "", fmt.Errorf("%q is neither a host name nor an address", host)
	}
	return name, nil
}
