package port

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/beevik/ntp"
)

// ntpTries are at least five, spaced by ntpWait.
const (
	ntpTries = 5
	ntpWait  = 900 * time.Millisecond
)

// ntp asks for the time. The library checks that the answer repeats the
// question's own stamp.
func (t target) ntp(ctx context.Context) outcome {
	var last outcome
	for i := range ntpTries {
		o, silent := t.ntpOnce(ctx)
		switch {
		case ctx.Err() != nil:
			return t.silent(i + 1)
		case !silent && (o.status == Pass || last.status == Fail):
			return o
		case !silent:
			last = o
		case last.status == Fail:
			return last
		}
	}
	return t.silent(ntpTries)
}

func (t target) ntpOnce(ctx context.Context) (o outcome, silent bool) {
	tap := newTap()
	defer tap.close()
	dial := func(_, remote string) (net.Conn, error) {
		d := net.Dialer{Control: tap.control}
		conn, err := d.DialContext(ctx, "udp", remote)
		if u, ok := conn.(*net.UDPConn); ok {
			hearRefusals(u)
		}
		return conn, err
	}
	r, err := ntp.QueryWithOptions(t.addr.String(), ntp.QueryOptions{Timeout: ntpWait, Dialer: dial})
	switch {
	case isTimeout(err):
		return outcome{}, true
	case err == nil && r.Validate() != nil && !r.IsKissOfDeath():
		return passed("answered, but its time is not to be trusted: " + r.Validate().Error()), false
	case err == nil:
		return passed(fmt.Sprintf("answered; this machine's clock is off by %s", r.ClockOffset.Round(time.Millisecond))), false
	}
	if o := t.blamed(err, tap.read()); o.reason != Protocol {
		return o, false
	}
	return *t.impostor(), false
}
