//go:build !linux

package stamp

import "context"

// ListenMany opens one socket here: no other system distributes the senders to one port
// evenly among several sockets.
func ListenMany(ctx context.Context, address string, _ int) ([]*Conn, error) {
	c, err := Listen(ctx, address)
	if err != nil {
		return nil, err
	}
	return []*Conn{c}, nil
}
