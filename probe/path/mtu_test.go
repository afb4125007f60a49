package path

import (
	"net"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/wire"
)

func TestMTUVerdict(t *testing.T) {
	for _, c := range []struct {
		name             string
		largest, own     int
		told             *int
		refused, stopped bool
		want             string
		bytes            int
	}{
		{"the interface's own", 1500, 1500, nil, false, false, facts.MTUFine, 1500},
		{"less, and a router says so", 1400, 1500, new(1400), false, false, facts.MTUFine, 1400},
		{"less, and the system knows it", 1400, 1500, nil, true, false, facts.MTUFine, 1400},
		{"less, and nobody says so", 1400, 1500, nil, false, false, facts.MTUHole, 1400},
		{"no answer at all", 0, 1500, nil, false, false, facts.MTUUnknown, 0},
		{"stopped", 576, 1500, nil, false, true, facts.MTUUnknown, 0},
	} {
		got := verdictMTU(c.largest, c.own, c.told, c.refused, c.stopped)
		bytes := 0
		if got.Bytes != nil {
			bytes = *got.Bytes
		}
		if got.Code != c.want || bytes != c.bytes || (got.Bytes == nil) != (got.Reason != "") {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

// Over a satellite, or behind a queue, each answer comes after the time of its round. It
// counts all the same: the largest size was reported as lost, as where a firewall drops
// ICMP.
func TestMTUOverASlowPath(t *testing.T) {
	const nonce, late = "slow", mtuWait + 200*time.Millisecond
	far, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	go func() {
		b := make([]byte, 4096)
		for {
			n, from, err := far.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			k, _, ok := wire.ParseKnock(b[:n], func(wire.KnockID) (string, bool) { return nonce, true })
			if !ok {
				t.Errorf("no question: %d bytes", n)
				return
			}
			time.AfterFunc(late+time.Duration(n)*50*time.Microsecond, func() {
				_, _ = far.WriteToUDPAddrPort(k.Answer(from, 1).Marshal(nonce), from)
			})
		}
	}()
	near, err := net.DialUDP("udp", nil, far.LocalAddr().(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	m := &mtuTest{udp: near, nonce: nonce, headers: 28, tooLarge: map[int]bool{}, asked: map[[16]byte]sized{}}
	m.run(t.Context(), append([]int(nil), usualMTUs...))
	if m.largest != usualMTUs[0] {
		t.Errorf("%d bytes were answered, want %d", m.largest, usualMTUs[0])
	}
}
