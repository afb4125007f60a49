package portal

import (
	"net"
	"sync"
)

// A Conn remembers the first bytes that arrived over it.
type Conn struct {
	net.Conn

	mu    sync.Mutex // guards the rest
	first []byte
}

// Listen is a connection whose first bytes are remembered.
func Listen(c net.Conn) *Conn { return &Conn{Conn: c} }

// Read reads from the connection.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if room := Peek - len(c.first); room > 0 {
		c.first = append(c.first, b[:min(n, room)]...)
	}
	return n, err
}

// Says reports whether a portal's refusal arrived.
func (c *Conn) Says() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Says(c.first)
}
