//go:build !linux

package port

import "syscall"

// A tap reads the ICMP messages about a socket. Only Linux gives them to an ordinary
// program; elsewhere the verdict is made from the error number.
type tap struct{}

func newTap() *tap { return &tap{} }

func (t *tap) control(string, string, syscall.RawConn) error { return nil }

func (t *tap) read() *icmpError { return nil }

func (t *tap) close() {}
