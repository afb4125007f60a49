package port

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"netready/probe/facts"

	"github.com/miekg/dns"
)

// farEnd answers every question, by UDP or TCP, with what answers makes of it.
func farEnd(t *testing.T, network string, answers func(question []byte, from netip.AddrPort) [][]byte) int {
	t.Helper()
	if network == "udp" {
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		go func() {
			for b := make([]byte, 4096); ; {
				n, from, err := c.ReadFromUDPAddrPort(b)
				if err != nil {
					return
				}
				for _, answer := range answers(bytes.Clone(b[:n]), from) {
					_, _ = c.WriteToUDPAddrPort(answer, from)
				}
			}
		}()
		return c.LocalAddr().(*net.UDPAddr).Port
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b := make([]byte, 4096)
				n, _ := c.Read(b)
				for _, answer := range answers(b[:n], netip.MustParseAddrPort(c.RemoteAddr().String())) {
					_, _ = c.Write(answer)
				}
				_, _ = c.Read(b) // until the asker has had enough
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// stunAnswer is a message with our transaction and attributes by number.
func stunAnswer(kind uint16, question []byte, attributes ...[]byte) []byte {
	body := bytes.Join(attributes, nil)
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	return append(append(b, question[4:20]...), body...)
}

// attribute without padding, as old servers send it.
func attribute(number uint16, value []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, number)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(value))), value...)
}

func plainAddress(from netip.AddrPort) []byte {
	ip := from.Addr().As4()
	return append([]byte{0, 1, byte(from.Port() >> 8), byte(from.Port())}, ip[:]...)
}

func xorAddress(from netip.AddrPort) []byte {
	b := plainAddress(from)
	for i, x := range []byte{0x21, 0x12, 0x21, 0x12, 0xa4, 0x42} {
		b[2+i] ^= x
	}
	return b
}

// Answers of RFC 3489 servers, errors and unreadable attributes were reported as "somebody
// in between answers". An answer with our transaction answers our question.
func TestEveryStunAnswerIsAnAnswer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer func(q []byte, from netip.AddrPort) []byte
		detail string // of the row; "": it says the address
	}{
		"xor":               {func(q []byte, f netip.AddrPort) []byte { return stunAnswer(0x101, q, attribute(0x20, xorAddress(f))) }, ""},
		"mapped alone":      {func(q []byte, f netip.AddrPort) []byte { return stunAnswer(0x101, q, attribute(1, plainAddress(f))) }, ""},
		"old number of xor": {func(q []byte, f netip.AddrPort) []byte { return stunAnswer(0x101, q, attribute(0x8020, xorAddress(f))) }, ""},
		"both": {func(q []byte, f netip.AddrPort) []byte {
			return stunAnswer(0x101, q, attribute(1, make([]byte, 8)), attribute(0x20, xorAddress(f)))
		}, ""},
		"no address": {func(q []byte, _ netip.AddrPort) []byte { return stunAnswer(0x101, q) }, "without an address"},
		"unknown family": {func(q []byte, _ netip.AddrPort) []byte {
			return stunAnswer(0x101, q, attribute(0x20, []byte{0, 9, 0, 0}))
		}, "without an address"},
		"no padding": {func(q []byte, _ netip.AddrPort) []byte {
			return stunAnswer(0x101, q, attribute(0x8022, []byte("Serv1")))
		}, "without an address"},
		"bad request": {func(q []byte, _ netip.AddrPort) []byte {
			return stunAnswer(0x111, q, attribute(9, []byte("\x00\x00\x04\x00Bad ")))
		}, "STUN error"},
		"try another":          {func(q []byte, _ netip.AddrPort) []byte { return stunAnswer(0x111, q, attribute(9, []byte{0, 0, 3, 0})) }, "STUN error"},
		"error without a code": {func(q []byte, _ netip.AddrPort) []byte { return stunAnswer(0x111, q) }, "STUN error"},
	}
	for _, network := range []string{"udp", "tcp"} {
		var checks []Check
		want := map[string]string{}
		for name, test := range tests {
			port := farEnd(t, network, func(q []byte, from netip.AddrPort) [][]byte { return [][]byte{test.answer(q, from)} })
			checks = append(checks, Check{Name: name, Protocol: map[string]string{"udp": "stun", "tcp": "stun-tcp"}[network], Host: "127.0.0.1", Port: port})
			if want[name] = test.detail; test.detail == "" {
				want[name] = "sees this machine as 127.0.0.1:"
			}
		}
		for _, row := range Run(t.Context(), checks, Options{}) {
			if row.Status != facts.StatusPass || !strings.Contains(row.Detail, want[row.Name]) {
				t.Errorf("%s, %s: got %s %s (%s)", network, row.Name, row.Status, row.Reason, row.Detail)
			}
		}
	}
}

// A message without our transaction, or the question itself, is not an answer.
func TestWhatIsNoStunAnswer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func([]byte) []byte{
		"another transaction": func(q []byte) []byte { q[8] ^= 1; return stunAnswer(0x101, q) },
		"the question":        func(q []byte) []byte { return q },
		"an indication":       func(q []byte) []byte { return stunAnswer(0x11, q) },
		"text":                func([]byte) []byte { return []byte("what do you want here?") },
	} {
		port := farEnd(t, "udp", func(q []byte, _ netip.AddrPort) [][]byte { return [][]byte{answer(q)} })
		for _, row := range Run(t.Context(), []Check{{Protocol: "stun", Host: "127.0.0.1", Port: port}}, Options{}) {
			if row.Status != facts.StatusFail {
				t.Errorf("%s: got %s (%s)", name, row.Status, row.Detail)
			}
		}
	}
}

func TestEveryTurnAnswerIsAnAnswer(t *testing.T) {
	t.Parallel()
	var checks []Check
	for name, answer := range map[string]func(q []byte) []byte{
		"unauthorized without a realm": func(q []byte) []byte { return stunAnswer(0x113, q, attribute(9, []byte{0, 0, 4, 1})) },
		"unauthorized with a realm": func(q []byte) []byte {
			return stunAnswer(0x113, q, attribute(9, []byte{0, 0, 4, 1}), attribute(0x14, []byte("here")))
		},
		"error without a code":       func(q []byte) []byte { return stunAnswer(0x113, q) },
		"unreadable":                 func(q []byte) []byte { return stunAnswer(0x113, q, attribute(0x8022, []byte("a"))) },
		"a STUN server without TURN": func(q []byte) []byte { return stunAnswer(0x111, q, attribute(9, []byte{0, 0, 4, 0})) },
	} {
		port := farEnd(t, "udp", func(q []byte, _ netip.AddrPort) [][]byte { return [][]byte{answer(q)} })
		checks = append(checks, Check{Name: name, Protocol: "turn", Host: "127.0.0.1", Port: port})
	}
	for _, row := range Run(t.Context(), checks, Options{}) {
		if row.Status != facts.StatusPass {
			t.Errorf("%s: got %s %s (%s)", row.Name, row.Status, row.Reason, row.Detail)
		}
	}
}

// Errors without the question, cut answers and mixed case were "hijacked".
func TestEveryDNSAnswerIsAnAnswer(t *testing.T) {
	t.Parallel()
	edit := func(change func(m *dns.Msg)) func([]byte) []byte {
		return func(q []byte) []byte {
			m := new(dns.Msg)
			_ = m.Unpack(q)
			m.Response = true
			change(m)
			b, _ := m.Pack()
			return b
		}
	}
	soa, _ := dns.NewRR(". 60 IN SOA a. b. 1 2 3 4 5")
	tests := map[string]func([]byte) []byte{
		"no such name":        edit(func(m *dns.Msg) { m.Rcode = dns.RcodeNameError; m.Ns = []dns.RR{soa} }),
		"error, no question":  edit(func(m *dns.Msg) { m.Rcode = dns.RcodeRefused; m.Question = nil }),
		"format, no question": edit(func(m *dns.Msg) { m.Rcode = dns.RcodeFormatError; m.Question = nil }),
		"empty, no question":  edit(func(m *dns.Msg) { m.Question = nil }),
		"no data":             edit(func(*dns.Msg) {}),
		"mixed case": edit(func(m *dns.Msg) {
			m.Question[0].Name = strings.ToUpper(m.Question[0].Name)
			m.Rcode = dns.RcodeNameError
		}),
		"truncated":       edit(func(m *dns.Msg) { m.Truncated, m.Rcode = true, dns.RcodeNameError }),
		"not implemented": edit(func(m *dns.Msg) { m.Rcode = dns.RcodeNotImplemented }),
		"cut inside a record": func(q []byte) []byte {
			b := edit(func(m *dns.Msg) { m.Rcode = dns.RcodeNameError; m.Truncated = true; m.Ns = []dns.RR{soa} })(q)
			return b[:len(b)-7]
		},
		"cut inside the question": func(q []byte) []byte {
			b := edit(func(m *dns.Msg) { m.Rcode = dns.RcodeServerFailure })(q)
			return b[:20]
		},
	}
	for _, protocol := range []string{"dns", "dns-tcp"} {
		var checks []Check
		for name, answer := range tests {
			network, framed := "udp", func(q []byte) []byte { return answer(q) }
			if protocol == "dns-tcp" {
				network, framed = "tcp", func(q []byte) []byte {
					b := answer(q[2 : 2+binary.BigEndian.Uint16(q)])
					return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
				}
			}
			port := farEnd(t, network, func(q []byte, _ netip.AddrPort) [][]byte { return [][]byte{framed(q)} })
			checks = append(checks, Check{Name: name, Protocol: protocol, Host: "127.0.0.1", Port: port})
		}
		for _, row := range Run(t.Context(), checks, Options{}) {
			if row.Status != facts.StatusPass {
				t.Errorf("%s, %s: got %s %s (%s)", protocol, row.Name, row.Status, row.Reason, row.Detail)
			}
		}
	}
}

// sipAnswer is a response to an OPTIONS request, its headers as edit makes them.
func sipAnswer(question []byte, status string, edit func(name, value string) string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "SIP/2.0 %s\r\n", status)
	for line := range strings.SplitSeq(string(question), "\r\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "Via", "From", "To", "Call-ID", "CSeq":
			b.WriteString(edit(name, value))
		}
	}
	b.WriteString(edit("Content-Length", "0") + "\r\n")
	return b.Bytes()
}

func asItIs(name, value string) string { return name + ": " + value + "\r\n" }

// A 100 before the answer, folded headers and short names were "hijacked".
func TestEverySIPAnswerIsAnAnswer(t *testing.T) {
	t.Parallel()
	one := func(status string, edit func(name, value string) string) func([]byte) [][]byte {
		return func(q []byte) [][]byte { return [][]byte{sipAnswer(q, status, edit)} }
	}
	short := map[string]string{"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Content-Length": "l", "CSeq": "CSeq"}
	tests := map[string]func(q []byte) [][]byte{
		"plain":     one("200 OK", asItIs),
		"refusal":   one("405 Method Not Allowed", asItIs),
		"no reason": one("200 ", asItIs),
		"folded":    one("200 OK", func(n, v string) string { return n + ":\r\n " + strings.ReplaceAll(v, ";", "\r\n\t;") + "\r\n" }),
		"compact":   one("200 OK", func(n, v string) string { return short[n] + ":" + v + "\r\n" }),
		"odd case":  one("200 OK", func(n, v string) string { return strings.ToUpper(n) + "  :   " + v + "  \r\n" }),
		"version": func(q []byte) [][]byte {
			return [][]byte{bytes.Replace(sipAnswer(q, "200 OK", asItIs), []byte("SIP"), []byte("sip"), 1)}
		},
		"no Call-ID": one("400 Bad Request", func(n, v string) string {
			if n == "Call-ID" {
				return ""
			}
			return asItIs(n, v)
		}),
		"trying": func(q []byte) [][]byte {
			return [][]byte{sipAnswer(q, "100 Trying", asItIs), sipAnswer(q, "183 Session Progress", asItIs), sipAnswer(q, "200 OK", asItIs)}
		},
		"keep-alive first": func(q []byte) [][]byte { return [][]byte{[]byte("\r\n\r\n"), sipAnswer(q, "200 OK", asItIs)} },
		"its own question": func(q []byte) [][]byte {
			return [][]byte{bytes.ReplaceAll(q, []byte("Call-ID: "), []byte("Call-ID: x")), sipAnswer(q, "200 OK", asItIs)}
		},
		"a stray one before": func(q []byte) [][]byte {
			return [][]byte{sipAnswer([]byte("Call-ID: old"), "200 OK", asItIs), sipAnswer(q, "200 OK", asItIs)}
		},
		"trying alone": one("100 Trying", asItIs),
	}
	for _, protocol := range []string{"sip", "sip-tcp"} {
		var checks []Check
		for name, answers := range tests {
			port := farEnd(t, map[string]string{"sip": "udp", "sip-tcp": "tcp"}[protocol], func(q []byte, _ netip.AddrPort) [][]byte { return answers(q) })
			checks = append(checks, Check{Name: name, Protocol: protocol, Host: "127.0.0.1", Port: port})
		}
		for _, row := range Run(t.Context(), checks, Options{}) {
			if row.Status != facts.StatusPass {
				t.Errorf("%s, %s: got %s %s (%s)", protocol, row.Name, row.Status, row.Reason, row.Detail)
			}
		}
	}
}

// An answer in HTTP is recognized whatever comes before it and whatever its headers are.
func TestEveryHTTPAnswerIsAnAnswer(t *testing.T) {
	t.Parallel()
	var checks []Check
	for name, answer := range map[string]string{
		"plain":             "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"early hints first": "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
		"folded header":     "HTTP/1.1 200 OK\r\nX-A: one\r\n two\r\n\r\n",
		"odd header":        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
		"old version":       "HTTP/1.0 403 Forbidden\r\n\r\n",
		"odd location":      "HTTP/1.1 302 Found\r\nLocation: http://%zz/\r\n\r\n",
	} {
		port := farEnd(t, "tcp", func([]byte, netip.AddrPort) [][]byte { return [][]byte{[]byte(answer)} })
		checks = append(checks, Check{Name: name, Protocol: "http", Host: "127.0.0.1", Port: port})
	}
	for _, row := range Run(t.Context(), checks, Options{NoProxy: true}) {
		if row.Status != facts.StatusPass {
			t.Errorf("%s: got %s %s (%s)", row.Name, row.Status, row.Reason, row.Detail)
		}
	}
}

// A portal that answers 511 in place of a host passed, or was not named, in all rows but
// one.
func TestPortalIsNamedOnEveryRow(t *testing.T) {
	t.Parallel()
	const refusal = "HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n"
	waits := farEnd(t, "tcp", func([]byte, netip.AddrPort) [][]byte { return [][]byte{[]byte(refusal)} })
	speaksFirst := speaking(t, refusal)
	var checks []Check
	for _, protocol := range []string{"http", "https", "tls", "stun-tcp", "stun-tls", "turn-tcp", "dns-tcp", "sip-tcp", "sip-tls"} {
		checks = append(checks, Check{Name: protocol, Protocol: protocol, Host: "127.0.0.1", Port: waits})
	}
	checks = append(checks, Check{Name: "tcp", Protocol: "tcp", Host: "127.0.0.1", Port: speaksFirst})
	for _, row := range Run(t.Context(), checks, Options{NoProxy: true}) {
		if row.Reason != facts.ReasonHijacked || !strings.Contains(row.Detail, "captive portal") || !strings.Contains(row.Detail, "log in") {
			t.Errorf("%s: got %s %s (%s)", row.Name, row.Status, row.Reason, row.Detail)
		}
	}
}

// speaking is a server that speaks first.
func speaking(t *testing.T, words string) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte(words))
			_ = c.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// A portal under the same public suffix passed as the same site.
func TestPortalUnderTheSameSuffix(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"http://login.hotel-wifi.com.au/portal": facts.ReasonHijacked,
		"https://apps.example.com.au/":          "",
		"https://example.com.au/":               "",
		"http://10.1.1.1/":                      facts.ReasonHijacked,
	} {
		port := farEnd(t, "tcp", func([]byte, netip.AddrPort) [][]byte {
			return [][]byte{[]byte("HTTP/1.1 302 Found\r\nLocation: " + location + "\r\n\r\n")}
		})
		check := Check{Protocol: "http", Host: "apps.example.com.au", Port: port}
		there := namedHere(t)
		for _, row := range Run(t.Context(), []Check{check}, Options{NoProxy: true, Resolver: there}) {
			if row.Reason != want {
				t.Errorf("%s: got %s %s (%s)", location, row.Status, row.Reason, row.Detail)
			}
		}
	}
}

// The text after the path of a portal's page may name the machine, and is not repeated.
func TestPortalsPageIsNamedWithoutItsQuery(t *testing.T) {
	t.Parallel()
	port := farEnd(t, "tcp", func([]byte, netip.AddrPort) [][]byte {
		return [][]byte{[]byte("HTTP/1.1 302 Found\r\nLocation: http://me:secret@portal.test/login;x?mac=00-e0-4c-68-00-01&ip=192.168.7.5#at\r\n\r\n")}
	})
	rows := Run(t.Context(), []Check{{Protocol: "http", Host: "apps.example.com", Port: port}}, Options{NoProxy: true, Resolver: namedHere(t)})
	for _, row := range rows {
		if !strings.Contains(row.Detail, "sends to http://portal.test/login;x, which") {
			t.Errorf("%s: %s", row.Reason, row.Detail)
		}
	}
}

// What a STUN server sees is in the row as data too, not in its sentence alone.
func TestRowHoldsTheAddressThatStunSees(t *testing.T) {
	t.Parallel()
	seen := netip.MustParseAddrPort("203.0.113.9:4000")
	for protocol, network := range map[string]string{"stun": "udp", "stun-tcp": "tcp"} {
		port := farEnd(t, network, func(question []byte, _ netip.AddrPort) [][]byte {
			return [][]byte{stunAnswer(0x0101, question, attribute(0x0001, plainAddress(seen)))}
		})
		rows := Run(t.Context(), []Check{{Protocol: protocol, Host: "127.0.0.1", Port: port}}, Options{NoProxy: true})
		if len(rows) != 1 || !slices.Equal(rows[0].Own, []netip.AddrPort{seen}) {
			t.Errorf("%s: %+v", protocol, rows)
		}
	}
}

// namedHere resolves every name but those that cannot exist to this machine.
func namedHere(t *testing.T) *net.Resolver {
	t.Helper()
	server := nameServer(t, func(name string) net.IP {
		if strings.HasSuffix(name, ".invalid.") {
			return nil
		}
		return net.IPv4(127, 0, 0, 1)
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.String())
	}}
}
