//go:build !linux

package stamp

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"sync"
	"time"
)

// shared is a socket whose datagrams are read one at a time.
type shared struct {
	*Conn
	wake sync.Mutex // guards the next, and the deadline
	rung bool
}

// ListenMany opens one socket here: no other system distributes the senders to one port
// evenly among several sockets.
func ListenMany(ctx context.Context, address string, _ int) ([]*Shared, error) {
	c, err := Listen(ctx, address)
	if err != nil {
		return nil, err
	}
	s := &Shared{local: c.LocalAddr(), asked: c.asked, got: make([]Datagram, 1), shared: shared{Conn: c}}
	s.got[0].Bytes = make([]byte, MaxDatagram)
	return []*Shared{s}, nil
}

// soon is how long a Read waits at least: one whose time is over reads nothing here.
const soon = 100 * time.Microsecond

// Read returns the datagrams that have arrived. If there are none it waits for some until
// a moment, and may return none before.
func (s *Shared) Read(until time.Duration) ([]Datagram, error) {
	if rung, err := s.setDeadline(until); rung || err != nil {
		return nil, err
	}
	room := s.got[0].Bytes[:MaxDatagram]
	a, err := s.Conn.Read(room)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s.got[0] = Datagram{a, room[:a.N]}
	return s.got, nil
}

// UseMark does nothing here.
func (*Shared) UseMark(int) {}

// setDeadline sets the deadline, unless somebody has called Wake.
func (s *Shared) setDeadline(until time.Duration) (rung bool, err error) {
	s.wake.Lock()
	defer s.wake.Unlock()
	if rung, s.rung = s.rung, false; rung {
		return true, nil
	}
	return false, s.SetReadDeadline(time.Now().Add(max(until-Now(), soon)))
}

// Wake ends a Read, or the next one if there is none. Any goroutine may call it.
func (s *Shared) Wake() {
	s.wake.Lock()
	defer s.wake.Unlock()
	s.rung = true
	_ = s.SetReadDeadline(time.Now()) // fails when closed
}

// Rest waits until a moment, however much arrives meanwhile.
func (*Shared) Rest(until time.Duration) { time.Sleep(until - Now()) }

// writeBatch sends one datagram at a time here.
type writeBatch struct{ waiting []outgoing }

type outgoing struct {
	bytes []byte
	to    netip.AddrPort
	dscp  int
}

func (b *writeBatch) prepare(w *Writer) { b.waiting = make([]outgoing, w.most) }

func (b *writeBatch) put(i int, datagram []byte, to netip.AddrPort, dscp int) {
	b.waiting[i] = outgoing{datagram, to, dscp}
}

func (b *writeBatch) send(w *Writer, first int) (int, error) {
	o := b.waiting[first]
	if err := w.conn.WriteMarked(o.bytes, o.to, o.dscp); err != nil {
		return 0, err
	}
	return 1, nil
}

func (b *writeBatch) forget(n int) { clear(b.waiting[:n]) }
