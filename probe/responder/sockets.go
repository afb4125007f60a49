package responder

import (
	"context"
	"errors"
	"net/netip"
	"runtime"

	"netready/probe/internal/stamp"
)

// mostSockets bounds the sockets at the media port: each may hold 16 MB of a flood.
const mostSockets = 8

// sockets are those at the media port, all with the same address: one for each core. The
// system divides the agents among them if it can.
type sockets []*stamp.Shared

func listenMedia(ctx context.Context, address string) (sockets, error) {
	all, err := stamp.ListenMany(ctx, address, min(runtime.GOMAXPROCS(0), mostSockets))
	for _, s := range all {
		s.UseMark(usualMark)
	}
	return all, err
}

// usualMark is the DSCP of most calls: Expedited Forwarding (RFC 3246). Datagrams with it
// cost a little less; others have their own.
const usualMark = 46

// Drops is how many datagrams they dropped for lack of buffer space.
func (s sockets) Drops() (all uint32) {
	for _, c := range s {
		all += c.Drops()
	}
	return all
}

// LocalAddr is the address of each.
func (s sockets) LocalAddr() netip.AddrPort { return s[0].LocalAddr() }

// Close closes them.
func (s sockets) Close() error {
	var errs []error
	for _, c := range s {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
