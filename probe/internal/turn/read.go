package turn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/pion/stun/v3"

	"netready/probe/internal/stamp"
)

// mostFailures is how many reads in a row may fail before a link counts as dead: errors
// of single datagrams do not end it.
const mostFailures = 100

// read handles what arrives until the link ends.
func (a *Allocation) read() {
	defer close(a.done)
	b := make([]byte, stamp.MaxDatagram)
	for failures := 0; ; {
		got, err := a.link.read(b)
		if err != nil {
			failures++
			if !a.mayRecover(err) || failures > mostFailures {
				a.ended = fmt.Errorf("the connection to the TURN server ended: %w", err)
				return
			}
			time.Sleep(20 * time.Millisecond) // do not spin on it
			continue
		}
		failures = 0
		a.heard.Store(int64(got.At))
		a.take(b[:got.N], got)
	}
}

// mayRecover distinguishes an error of a datagram from the end of the link.
func (a *Allocation) mayRecover(err error) bool {
	return a.to.Transport == UDP && !errors.Is(err, net.ErrClosed)
}

// take sorts a frame by its first two bits (RFC 8656 12).
func (a *Allocation) take(b []byte, got stamp.Arrival) {
	if got.Dropped > 0 {
		a.mu.Lock()
		a.dropped = max(a.dropped, got.Dropped)
		a.mu.Unlock()
	}
	switch {
	case len(b) >= channelHeader && b[0]>>6 == 1:
		length := int(binary.BigEndian.Uint16(b[2:4]))
		if length > len(b)-channelHeader {
			return
		}
		a.deliver(Datum{Channel: binary.BigEndian.Uint16(b), Bytes: b[channelHeader : channelHeader+length], Arrival: got})
	case stun.IsMessage(b):
		a.message(b, got)
	}
}

func (a *Allocation) deliver(d Datum) {
	a.received.Add(int64(len(d.Bytes)))
	if a.handle != nil {
		a.handle(d)
	}
}

// message handles a STUN message: an answer, or data of a peer without a
// channel. Anything else gets silence.
func (a *Allocation) message(b []byte, got stamp.Arrival) {
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	if err := m.Decode(); err != nil {
		return
	}
	switch {
	case m.Type.Class == stun.ClassIndication && m.Type.Method == stun.MethodData:
		peer, err := addressed(m, stun.AttrXORPeerAddress)
		data, missing := m.Get(stun.AttrData)
		if err == nil && missing == nil {
			a.deliver(Datum{Peer: peer, Bytes: data, Arrival: got})
		}
	case m.Type.Class == stun.ClassSuccessResponse || m.Type.Class == stun.ClassErrorResponse:
		a.mu.Lock()
		waiting := a.pending[m.TransactionID]
		a.mu.Unlock()
		select {
		case waiting <- answer{m, got.At}:
		default: // nobody waits, or there are enough copies
		}
	}
}
