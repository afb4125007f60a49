package responder_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"netready/probe/bandwidth"
	"netready/probe/internal/control"
	"netready/probe/internal/wire"
	"netready/probe/responder"
)

// from opens a session from an address.
func from(t *testing.T, s *responder.Server, address netip.Addr) *control.Client {
	t.Helper()
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(address, 0))}
	c, err := control.Open(t.Context(), s.Invite(), wire.Request{
		Version: wire.Version, Codec: "pcmu", Ptime: 20 * time.Millisecond, Payload: 160, Rate: 8000, Duration: time.Minute, Calls: 1,
	}, &http.Transport{DialContext: d.DialContext})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// hold begins more bandwidth tests from an address than there may be and reads nothing, and
// returns how many were granted. Each has a connection of its own.
func hold(t *testing.T, ctx context.Context, s *responder.Server, address netip.Addr) (got int) {
	t.Helper()
	for range transfersAtOnce + 1 {
		body, err := from(t, s, address).Download(ctx, "", 1<<30, 15*time.Second)
		if err == nil {
			t.Cleanup(func() { _ = body.Close() })
			got++
			continue
		}
		busy, is := errors.AsType[*control.Busy](err)
		if !is || busy.After <= 0 || !strings.Contains(busy.Sentence, "try again in") {
			t.Fatalf("it is refused with %v", err)
		}
	}
	return got
}

// One address gets half of the bandwidth tests at once, and one prefix three quarters;
// another one's are measured meanwhile, and a client that has to wait is served in turn.
func TestTransfersAreShared(t *testing.T) {
	t.Parallel()
	s := begin(t, responder.Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if got := hold(t, ctx, s, elsewhere(t, 60)); got != transfersAtOnce/2 {
		t.Errorf("one address has %d at once, want half of %d", got, transfersAtOnce)
	}
	if got := hold(t, ctx, s, elsewhere(t, 61)); got != transfersAtOnce/4 {
		t.Errorf("its prefix got %d more, want a quarter of %d", got, transfersAtOnce)
	}
	hog, other := from(t, s, elsewhere(t, 60)), from(t, s, netip.MustParseAddr("127.0.0.1"))
	short := bandwidth.Settings{For: 200 * time.Millisecond, Wait: 30 * time.Second}
	if r := bandwidth.Run(t.Context(), other, short); r.DownMbps == nil || r.UpMbps == nil {
		t.Errorf("another address was not served: %s", r.Reason)
	}
	impatient := short
	impatient.Wait = time.Millisecond
	if r := bandwidth.Run(t.Context(), hog, impatient); r.DownMbps != nil || !strings.Contains(r.Reason, "other bandwidth tests are under way") {
		t.Errorf("who does not wait is told %q", r.Reason)
	}
	time.AfterFunc(time.Second, cancel)
	if r := bandwidth.Run(t.Context(), hog, short); r.DownMbps == nil || r.UpMbps == nil {
		t.Errorf("who waited was not served: %s", r.Reason)
	}
}
