package port

import (
	"net/netip"
	"testing"
	"time"
)

func (p *Paths) untilSilence(to netip.Addr) (whole time.Duration) {
	for i := range tries {
		whole += p.wait(to, i)
	}
	return whole
}

// Beside an answer from the same address silence is judged soon, and never
// before the address's own time-out is over.
func TestPatience(t *testing.T) {
	t.Parallel()
	far, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	const ms = time.Millisecond
	for name, test := range map[string]struct {
		heard []time.Duration
		want  time.Duration
	}{
		"nothing heard": {nil, 4600 * ms},
		"near":          {[]time.Duration{ms}, 2950 * ms},
		"200 ms":        {[]time.Duration{200 * ms}, 2950 * ms},
		"steady 100 ms": {[]time.Duration{100 * ms, 100 * ms}, 2950 * ms},
		"600 ms":        {[]time.Duration{600 * ms}, 3200*ms + 3*600*ms}, // R + 4 R/2
		"2.4 s":         {[]time.Duration{2400 * ms}, 3200*ms + 5000*ms},
		"shaky":         {[]time.Duration{10 * ms, 900 * ms}, 4600 * ms}, // 121.25 + 4 x 226.25: over a second, and below 1.4 s
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p Paths
			for _, took := range test.heard {
				p.Heard(far, took)
			}
			if got := p.untilSilence(far); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if got := p.untilSilence(other); got != 4600*ms {
				t.Errorf("another address: got %s", got)
			}
		})
	}
}

func TestPathsKnowMappedAddresses(t *testing.T) {
	t.Parallel()
	var p Paths
	p.Heard(netip.MustParseAddr("::ffff:192.0.2.1"), time.Millisecond)
	if _, known := p.timeout(netip.MustParseAddr("192.0.2.1")); !known {
		t.Error("the IPv4 address in IPv6 clothes was taken for another one")
	}
}
