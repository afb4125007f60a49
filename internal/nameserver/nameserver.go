// Package nameserver is a DNS server for tests. It knows one name.
package nameserver

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// zone is a name and its addresses of IPv4.
type zone struct {
	name string
	to   []string
}

// Start answers questions for a name's addresses of IPv4 with those given, and all others
// with nothing, until the test is over. It returns where it is asked, over UDP and TCP.
func Start(tb testing.TB, name string, to ...string) (address string) {
	tb.Helper()
	z := zone{name + ".", to}
	tcp, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = tcp.Close() })
	address = tcp.Addr().String()
	udp, err := new(net.ListenConfig).ListenPacket(tb.Context(), "udp", address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = udp.Close() })
	go z.serveUDP(udp)
	go z.serveTCP(tcp)
	return address
}

func (z zone) serveUDP(conn net.PacketConn) {
	for b := make([]byte, 1500); ; {
		n, from, err := conn.ReadFrom(b)
		if err != nil {
			return
		}
		if answer, ok := z.answer(b[:n]); ok {
			_, _ = conn.WriteTo(answer, from)
		}
	}
}

func (z zone) serveTCP(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			for size := make([]byte, 2); ; { // RFC 1035 4.2.2
				if _, err := io.ReadFull(c, size); err != nil {
					return
				}
				question := make([]byte, binary.BigEndian.Uint16(size))
				_, err := io.ReadFull(c, question)
				answer, ok := z.answer(question)
				if err != nil || !ok {
					return
				}
				_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
			}
		}()
	}
}

func (z zone) answer(question []byte) (answer []byte, ok bool) {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil, false
	}
	m.Response, m.Additionals = true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA && strings.EqualFold(q.Name.String(), z.name) {
		for _, address := range z.to {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
				Body:   &dnsmessage.AResource{A: netip.MustParseAddr(address).As4()},
			})
		}
	}
	answer, err := m.Pack()
	return answer, err == nil
}
