package port

import (
	"net/netip"
	"testing"
	"time"

	"netready/probe/facts"

	"github.com/miekg/dns"
)

// A resolver that answers late was called silent, and a firewall was blamed, if a port of
// the same address answered at once.
func TestSlowResolverIsNoFirewall(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{2200 * time.Millisecond, 5300 * time.Millisecond} {
		started := time.Now()
		port := farEnd(t, "udp", func(q []byte, _ netip.AddrPort) [][]byte {
			if time.Since(started) < late { // the first request works and the rest is dropped
				time.Sleep(late - time.Since(started))
			}
			m := new(dns.Msg)
			_ = m.Unpack(q)
			b, _ := new(dns.Msg).SetRcode(m, dns.RcodeServerFailure).Pack()
			return [][]byte{b}
		})
		paths := &Paths{}
		for range 5 {
			paths.Heard(netip.MustParseAddr("127.0.0.1"), time.Millisecond)
		}
		rows := Run(t.Context(), []Check{{Protocol: "dns", Host: "127.0.0.1", Port: port}}, Options{Paths: paths})
		if rows[0].Status != facts.StatusPass {
			t.Errorf("after %v: got %s %s (%s)", late, rows[0].Status, rows[0].Reason, rows[0].Detail)
		}
	}
}
