//go:build !windows

package path

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/stamp"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// echoAsker asks by ICMP echo requests with a small TTL. macOS lets every user send them
// from a datagram socket, which receives the routers' time exceeded messages as well
// (icmp(4)), together with those for other programs. On Linux only a raw socket does.
type echoAsker struct {
	settings Settings
	conn     *icmp.PacketConn
	to       net.Addr
	is6      bool
	first    uint16 // identifier of a question is first + its TTL

	mu     sync.Mutex // guards the rest
	latest [mostHops + 1]int
	kept   keptMarks
}

// openEcho opens a socket of one of package icmp's networks, such as "udp4" and "udp6".
func openEcho(s Settings, network4, network6 string) (*echoAsker, string, error) {
	target := s.Target.Addr().Unmap()
	a := &echoAsker{settings: s, is6: target.Is6(), first: uint16(rand.Uint32()) &^ 0xf}
	network, local := network4, "0.0.0.0"
	if a.is6 {
		network, local = network6, "::"
	}
	conn, err := icmp.ListenPacket(network, local)
	if err != nil {
		return nil, facts.PathDenied, fmt.Errorf("opening ICMP to ask the routers on the path: %w", err)
	}
	a.conn = conn
	if a.to = net.Addr(&net.UDPAddr{IP: target.AsSlice(), Zone: target.Zone()}); network[:2] == "ip" {
		a.to = &net.IPAddr{IP: target.AsSlice(), Zone: target.Zone()}
	}
	a.mark(s.DSCP<<2 | ect0)
	if err := a.endAt(1); err != nil {
		a.close()
		return nil, facts.PathUnsupported, fmt.Errorf("setting a TTL to ask the routers on the path: %w", err)
	}
	return a, "", nil
}

// mark sets the type of service, where the system lets it.
func (a *echoAsker) mark(tos int) {
	if a.is6 {
		_ = a.conn.IPv6PacketConn().SetTrafficClass(tos)
	} else {
		_ = a.conn.IPv4PacketConn().SetTOS(tos)
	}
}

// endAt sets the TTL of what is sent next.
func (a *echoAsker) endAt(ttl int) error {
	if a.is6 {
		return a.conn.IPv6PacketConn().SetHopLimit(ttl)
	}
	return a.conn.IPv4PacketConn().SetTTL(ttl)
}

// ask sends a question.
func (a *echoAsker) ask(ttl, number int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: echoBody(a.first+uint16(ttl), uint16(number), a.settings.Size)}
	if a.is6 {
		m.Type = ipv6.ICMPTypeEchoRequest // the system sets its checksum (RFC 3542 3.1)
	}
	b, err := m.Marshal(nil)
	if err != nil {
		return err
	}
	if err := a.endAt(ttl); err != nil {
		return err
	}
	a.latest[ttl] = number
	_, err = a.conn.WriteTo(b, a.to)
	return err
}

// mostFailures is after how many failed reads in a row nobody listens any more.
const mostFailures = 1000

// listen passes the answers on until ctx ends.
func (a *echoAsker) listen(ctx context.Context, answered func(answer)) {
	defer context.AfterFunc(ctx, func() { _ = a.conn.SetReadDeadline(time.Unix(1, 0)) })()
	b := make([]byte, 1500)
	for failures := 0; failures < mostFailures; {
		n, from, err := a.conn.ReadFrom(b)
		at := stamp.Now()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			failures++
			continue
		}
		failures = 0
		if got, ok := a.understand(b[:n], addressOf(from)); ok {
			got.at = at
			answered(got)
		}
	}
}

// understand finds the question that a message answers.
func (a *echoAsker) understand(b []byte, from netip.Addr) (answer, bool) {
	e, ok := parseEcho(b, a.is6)
	target := a.settings.Target.Addr().Unmap().WithZone("")
	ttl := int(e.id - a.first)
	if !ok || ttl < 1 || ttl > mostHops || e.isReply && from != target || !e.isReply && e.to != target {
		return answer{}, false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	got := answer{ttl: ttl, number: wholeNumber(e.sequence, a.latest[ttl]), from: from, isEnd: e.isReply}
	if !e.isReply {
		got.dscp, got.ecn = a.kept.see(e.tos, a.settings.DSCP)
	}
	return got, got.number >= 0
}

// addressOf is the address of a sender, without its zone.
func addressOf(from net.Addr) netip.Addr {
	var ip net.IP
	switch from := from.(type) {
	case *net.UDPAddr:
		ip = from.IP
	case *net.IPAddr:
		ip = from.IP
	}
	addr, _ := netip.AddrFromSlice(ip)
	return addr.Unmap()
}

func (a *echoAsker) close() { _ = a.conn.Close() }
