package stamp

import "net/netip"

// A Datagram is one of several that were read at once.
type Datagram struct {
	Arrival
	Bytes []byte // valid until the next Read
}

// A Shared is a UDP socket that the calls of many share. One goroutine reads it and waits
// at it; any may use the rest, and any number of writers.
type Shared struct {
	local netip.AddrPort
	asked int // bytes of its buffer
	got   []Datagram
	mark  int // DSCP of a datagram that says nothing else, -1: none is set
	shared
}

// readAtOnce is how many datagrams are read with one call of the system, where it can.
const readAtOnce = 64

// Full says whether there may be more datagrams than the last Read returned.
func (s *Shared) Full(got []Datagram) bool { return len(got) == len(s.got) }

// LocalAddr is the address at which the socket listens.
func (s *Shared) LocalAddr() netip.AddrPort { return s.local }

// Write sends one datagram without a mark.
func (s *Shared) Write(b []byte, to netip.AddrPort) {
	w := s.Writer(1)
	w.Put(b, to, 0)
	w.Flush()
}

// A Writer sends many datagrams with one call of the system, each with a mark
// of its own, where it can. It is for one goroutine.
type Writer struct {
	conn *Shared
	most int
	n    int // datagrams that wait
	writeBatch
}

// Writer makes a writer of up to so many datagrams at once.
func (s *Shared) Writer(most int) *Writer {
	w := &Writer{conn: s, most: most}
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
		if err != nil {
			// What failed may be the answer to one before, which a second try shows.
			if sent, err = w.send(w, first); err != nil {
				sent = 1
			}
		}
		first += sent
	}
	w.forget(w.n)
	w.n = 0
}
