package stamp

import "net/netip"

// A Datagram is one of several that were read at once.
type Datagram struct {
	Arrival
	Bytes []byte // valid until the next Read
}

// A Reader reads many datagrams with one call of the system, where it can. It
// is for one goroutine, and the only one that reads its socket.
type Reader struct {
	conn *Conn
	got  []Datagram
	readBatch
}

// Reader makes a reader of up to so many datagrams at once.
func (c *Conn) Reader(most int) *Reader {
	r := &Reader{conn: c, got: make([]Datagram, most)}
	r.prepare(r, most)
	return r
}

// Read waits for datagrams and returns those that have arrived. They are valid until the
// next call.
func (r *Reader) Read() ([]Datagram, error) {
	for {
		n, err := r.read(r)
		if err == nil {
			return r.got[:n], nil
		}
		if !passing(err) {
			return nil, err
		}
	}
}

// A Writer sends many datagrams with one call of the system, each with a mark
// of its own, where it can. It is for one goroutine.
type Writer struct {
	conn *Conn
	most int
	n    int // datagrams that wait
	writeBatch
}

// Writer makes a writer of up to so many datagrams at once.
func (c *Conn) Writer(most int) *Writer {
	w := &Writer{conn: c, most: most}
	w.prepare(w)
	return w
}

// Put takes a datagram for the next Flush; until then its bytes must not change. It says
// whether the writer is full.
func (w *Writer) Put(b []byte, to netip.AddrPort, dscp int) (full bool) {
	w.put(w.n, b, to, dscp)
	w.n++
	return w.n == w.most
}

// Flush sends what was put. A datagram that the system refuses is lost, as on
// the path.
func (w *Writer) Flush() {
	for first := 0; first < w.n; {
		sent, err := w.send(w, first)
		if err == nil {
			first += sent
			continue
		}
		// What failed may be the answer to one before, which a second try shows.
		if sent, err = w.send(w, first); err != nil {
			sent = 1
		}
		first += sent
	}
	w.forget(w.n)
	w.n = 0
}
