package responder

import (
	"net/netip"

	"netready/probe/internal/stamp"
)

// mostReply is more bytes than any check or answer of ours has.
const mostReply = 256

// replies are the answers and checks that wait for the next flush, in buffers of their
// own. They are for one goroutine.
type replies struct {
	writer *stamp.Writer
	rooms  [sendAtOnce][mostReply]byte
	n      int // that wait
}

func newReplies(conn *stamp.Shared) *replies { return &replies{writer: conn.Writer(sendAtOnce)} }

// room is an empty slice to which the next one may be appended.
func (r *replies) room() []byte { return r.rooms[r.n][:0] }

// put adds a datagram to the next flush, and flushes if there is no room for another one.
func (r *replies) put(b []byte, to netip.AddrPort, dscp int) {
	r.n++
	if r.writer.Put(b, to, dscp) {
		r.flush()
	}
}

// flush sends what waits.
func (r *replies) flush() {
	r.writer.Flush()
	r.n = 0
}
