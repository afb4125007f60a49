package responder

import (
	"net/netip"

	"netready/probe/internal/stamp"
)

// mostReply is more than any check or answer of ours has, bytes.
const mostReply = 256

// replies are the answers and checks that wait for the next flush, in room of
// their own. They are for one goroutine.
type replies struct {
	writer *stamp.Writer
	rooms  [sendAtOnce][mostReply]byte
	n      int // that wait
}

func newReplies(conn *stamp.Conn) *replies { return &replies{writer: conn.Writer(sendAtOnce)} }

// room is where the next one may be written: as an empty slice.
func (r *replies) room() []byte { return r.rooms[r.n][:0] }

// put has a datagram sent with the next flush, which is now if there is no room
// for another one.
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
