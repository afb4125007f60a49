package responder

import (
	"encoding/binary"
	"net"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// Bounds on the frames of one HTTP/2 connection (RFC 9113). A frame without data costs
// the sender nothing, and the receiver an answer or a lock; an agent sends some hundred
// of them in a run.
const (
	framesPerSec   = 100
	framesAtOnce   = 1000
	smallData      = 256      // bytes: a DATA frame below this counts as one without
	bytesPerWindow = 512      // sent by us for each WINDOW_UPDATE that is free
	strangerFrame  = 16 << 10 // largest frame before the first request with the token (RFC 9113 4.2)
	frameHead      = 9        // bytes, RFC 9113 4.1
)

// framed is a control connection whose HTTP/2 frames are counted as they are read. One
// goroutine reads.
type framed struct {
	net.Conn // over TLS
	under    *guarded

	skip int // bytes of a payload, or of the preface, still to come
	head [frameHead]byte
	have int       // bytes of head
	left float64   // frames that may come now
	at   time.Time // when left was true
	sent atomic.Int64
	free int64 // WINDOW_UPDATE frames that were let through for what was sent
}

func newFramed(c net.Conn, under *guarded) *framed {
	return &framed{Conn: c, under: under, skip: len(http2.ClientPreface), left: framesAtOnce, at: time.Now()}
}

// Read implements net.Conn.
func (c *framed) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && !c.follow(b[:n], time.Now()) {
		return 0, errFlood
	}
	return n, err
}

// Write implements net.Conn.
func (c *framed) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.sent.Add(int64(n))
	return n, err
}

var _ net.Conn = (*framed)(nil)

// follow finds the frames in what was read, and returns false if there are too many.
func (c *framed) follow(b []byte, now time.Time) bool {
	for len(b) > 0 {
		if c.skip > 0 {
			n := min(c.skip, len(b))
			c.skip -= n
			b = b[n:]
			continue
		}
		n := copy(c.head[c.have:], b)
		c.have += n
		b = b[n:]
		if c.have < frameHead {
			return true
		}
		c.have = 0
		c.skip = int(binary.BigEndian.Uint32(append([]byte{0}, c.head[:3]...)))
		if !c.frame(http2.FrameType(c.head[3]), c.skip, now) {
			return false
		}
	}
	return true
}

// frame says whether this frame may come. Its head has been read; room for the rest is made
// when frame has returned.
func (c *framed) frame(kind http2.FrameType, size int, now time.Time) bool {
	if size > strangerFrame && c.under != nil && !c.under.waitForToken() {
		return false
	}
	switch {
	case kind == http2.FrameData && size >= smallData:
		return true
	case kind == http2.FrameWindowUpdate && c.free < c.sent.Load()/bytesPerWindow:
		c.free++
		return true
	}
	c.left = min(framesAtOnce, c.left+now.Sub(c.at).Seconds()*framesPerSec)
	c.at = now
	c.left--
	return c.left >= 0
}
