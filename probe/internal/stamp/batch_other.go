//go:build !linux

package stamp

import "net/netip"

// readBatch reads one datagram at a time here.
type readBatch struct{ room []byte }

func (b *readBatch) prepare(*Reader, int) { b.room = make([]byte, MaxDatagram) }

func (b *readBatch) read(r *Reader) (int, error) {
	a, err := r.conn.Read(b.room)
	if err != nil {
		return 0, err
	}
	r.got[0] = Datagram{a, b.room[:a.N]}
	return 1, nil
}

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
