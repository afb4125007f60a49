//go:build !linux

package stamp

import "context"

// ListenMany opens one socket here: no other system divides those who send to
// one port evenly among several.
func ListenMany(ctx context.Context, address string, _ int) ([]*Conn, error) {
	c, err := Listen(ctx, address)
	if err != nil {
		return nil, err
	}
	return []*Conn{c}, nil
}
