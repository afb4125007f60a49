package nat

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"netready/probe/internal/wire"
)

// A run that is stopped while the silence begins waited 33 s for it all the same.
func TestSilenceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	const nonce = "00112233445566778899aabbccddeeff"
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for b := make([]byte, 512); ; {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			k, _, ok := wire.ParseKnock(b[:n], func(wire.KnockID) (string, bool) { return nonce, true })
			if !ok || k.Delay != 0 {
				continue
			}
			cancel() // the answer and the end of the run come together
			_, _ = c.WriteToUDPAddrPort(k.Answer(from, 1).Marshal(nonce), from)
		}
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if survives, reason := Silence(ctx, SilenceOptions{Nonce: nonce, Knock: c.LocalAddr().String(), For: time.Hour}); survives != nil || reason == "" {
			t.Errorf("got %v, %q", survives, reason)
		}
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it still waits")
	}
}

// A port that answers knocks and STUN was waited for twice, until all rounds
// were over.
func TestPlacesAreDistinct(t *testing.T) {
	t.Parallel()
	o := Options{
		Knock: []string{"192.0.2.1:3478", "192.0.2.1:40000", "[2001:db8::1]:40000"},
		STUN:  []STUN{{Address: "192.0.2.1:3478"}, {Address: "192.0.2.2:3478"}},
	}
	places, err := o.places(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []netip.AddrPort
	for _, p := range places {
		got = append(got, p.at)
	}
	if len(got) != 3 || got[0].Port() != 3478 || !places[0].knock || got[1].Port() != 40000 || got[2].Addr() != netip.MustParseAddr("192.0.2.2") {
		t.Errorf("got %v", got)
	}
}

// With a round trip of 3 s the answer after the silence came when nobody waited any more,
// and it was reported that the NAT forgets silent flows.
func TestAnswerAfterTheSilenceHasTheTimeOfItsPath(t *testing.T) {
	for trip, want := range map[time.Duration]time.Duration{0: 3 * time.Second, 3 * time.Second: 9 * time.Second, time.Hour: 13 * time.Second, -time.Second: 3 * time.Second} {
		if got := afterSilence(trip); got != want || got <= min(trip, 5*time.Second) {
			t.Errorf("round trip %v: %v, want %v", trip, got, want)
		}
	}
}
