//go:build !windows

package ping

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	probing "github.com/prometheus-community/pro-bing"
)

// series sends ICMP echo requests: from an unprivileged datagram socket where
// the system allows one, else from a raw one, which takes root.
func series(ctx context.Context, addr netip.Addr, s Settings) (trips []time.Duration, lost int, err error) {
	trips, lost, err = attempt(ctx, addr, s, false)
	if errors.Is(err, os.ErrPermission) {
		trips, lost, err = attempt(ctx, addr, s, true)
	}
	if errors.Is(err, os.ErrPermission) {
		err = fmt.Errorf("this system lets only administrators send ICMP echo requests (%w)", err)
	}
	return trips, lost, err
}

func attempt(ctx context.Context, addr netip.Addr, s Settings, privileged bool) ([]time.Duration, int, error) {
	pinger := probing.New(addr.String())
	pinger.SetIPAddr(&net.IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()})
	pinger.SetPrivileged(privileged)
	pinger.SetLogger(probing.NoopLogger{})
	pinger.Interval = s.Interval
	pinger.RecordTTLs = false
	pinger.Timeout = 24 * time.Hour // ctx ends it
	if s.Count > 0 {
		pinger.Count = s.Count
		pinger.Timeout = time.Duration(s.Count-1)*s.Interval + s.Timeout
	}
	err := pinger.RunWithContext(ctx)
	if err != nil && !errors.Is(err, ctx.Err()) {
		return nil, 0, fmt.Errorf("sending ICMP echo requests to %s: %w", addr, err)
	}
	stats := pinger.Statistics()
	return stats.Rtts, stats.PacketsSent - stats.PacketsRecv - inFlight(ctx, s, stats), nil
}

// inFlight is 1 where ctx cut off the wait for the last answer: that question
// is neither answered nor lost.
func inFlight(ctx context.Context, s Settings, stats *probing.Statistics) int {
	if ctx.Err() != nil && stats.PacketsSent > stats.PacketsRecv && (s.Count == 0 || stats.PacketsSent < s.Count) {
		return 1
	}
	return 0
}
