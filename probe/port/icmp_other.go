//go:build !linux

package port

import "syscall"

// A tap hears what ICMP says about a socket. Only Linux tells an ordinary
// program; elsewhere the verdict rests on the error number.
type tap struct{}

func newTap() *tap { return &tap{} }

func (t *tap) control(string, string, syscall.RawConn) error { return nil }

func (t *tap) read() *icmpError { return nil }

func (t *tap) close() {}
