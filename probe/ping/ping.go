// Package ping measures the ICMP round trip to one host, as far as the system allows an
// ordinary user to do that.
package ping

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/dial"
)

// Settings of a series; the zero value means the defaults.
type Settings struct {
	Count    int           // questions; 0: until ctx is done
	Interval time.Duration // between two questions; 0: 500 ms
	Timeout  time.Duration // for each answer; 0: 1 s
	Size     int           // bytes of a question after its header; 0: the smallest that the system allows
}

const (
	defaultInterval = 500 * time.Millisecond // far from a load, often enough to see a bad gateway
	defaultTimeout  = time.Second
)

// A Question is one of a series.
type Question struct {
	Sent time.Duration  // on the clock of package stamp, as the packets of a call
	Trip *time.Duration // nil: no answer in time
}

// Run asks the host until Count is reached or ctx is done. It does not fail: the Reason
// says what kept it from measuring. The caller sets the Role.
func Run(ctx context.Context, host string, s Settings) facts.Ping {
	p, _ := Series(ctx, host, s)
	return p
}

// Series is Run with every question that was sent, in their order, so that a caller can
// compare them with what else happened at that time.
func Series(ctx context.Context, host string, s Settings) (facts.Ping, []Question) {
	if s.Interval <= 0 {
		s.Interval = defaultInterval
	}
	if s.Timeout <= 0 {
		s.Timeout = defaultTimeout
	}
	result := facts.Ping{Target: host}
	addr, err := resolve(ctx, host)
	if err != nil {
		result.Reason = fmt.Sprintf("looking up %s: %v", host, err)
		return result, nil
	}
	t, err := series(ctx, addr, s)
	if err != nil && t.count() == 0 {
		result.Reason = err.Error()
		return result, nil
	}
	slices.SortStableFunc(t.asked, func(a, b Question) int { return cmp.Compare(a.Sent, b.Sent) })
	return t.result(host), t.asked
}

// systemWords strips Go's wrapping from a system error.
func systemWords(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	return err.Error()
}

func resolve(ctx context.Context, host string) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr, nil // with its zone
	}
	addrs, err := dial.Lookup(ctx, nil, host)
	if err != nil {
		return netip.Addr{}, err
	}
	return addrs[0], nil
}

// summarise sets the figures of the answers, nil where there were none.
func summarise(p *facts.Ping, trips []time.Duration) {
	p.Samples = len(trips)
	if len(trips) == 0 {
		return
	}
	var sum time.Duration
	for _, t := range trips {
		sum += t
	}
	shortest, longest, mean := slices.Min(trips), slices.Max(trips), sum/time.Duration(len(trips))
	p.MinMS, p.AvgMS, p.MaxMS = facts.Milliseconds(&shortest), facts.Milliseconds(&mean), facts.Milliseconds(&longest)
}
