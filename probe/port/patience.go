package port

import (
	"net/netip"
	"sync"
	"time"
)

// tries is how often a silent port is asked. At 2 % loss each way, six tries apart from
// each other all fail once in 250 million.
const tries = 6

// patience is the wait after each try, also after the last one, in milliseconds. An
// answer to an earlier try counts until the end.
type patience [tries]int

func (p patience) after(i int) time.Duration { return time.Duration(p[i]) * time.Millisecond }

var (
	// patient is for a far end of which nothing is known: a path may be as slow
	// as the sum, 4.6 s.
	patient = patience{300, 500, 700, 800, 900, 1400}
	// brisk is for one that has just answered on another port. The last wait
	// is its time-out, and never less than this: a path becomes slow at once where others
	// fill its queue, and an answer may take 2.9 s then.
	brisk = patience{200, 250, 300, 350, 350, 1500}
)

const (
	// slowest is the largest time-out for which brisk is used.
	slowest = time.Second
	// mostPatience bounds the last wait, whatever the path.
	mostPatience = 5 * time.Second
)

// wait is how long to wait after try i of an address, counted from 0.
func (p *Paths) wait(to netip.Addr, i int) time.Duration {
	timeout, known := p.timeout(to)
	wait := brisk.after(i)
	if !known || timeout > slowest {
		wait = patient.after(i)
	}
	if i == tries-1 {
		return max(wait, min(timeout, mostPatience))
	}
	return wait
}

// Paths remembers how fast the far ends answer, so that a silent port of a far end that
// answers elsewhere is judged soon. The zero value is ready.
type Paths struct {
	mu    sync.Mutex // guards the rest
	known map[netip.Addr]roundTrip
}

// roundTrip is an estimate by RFC 6298 2.
type roundTrip struct{ smoothed, variation time.Duration }

// Heard notes the round trip of one answer from an address. Answers to repeated
// questions do not count, as it is not known to which they belong (RFC 6298 3).
func (p *Paths) Heard(from netip.Addr, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	from = from.Unmap().WithZone("")
	e, known := p.known[from]
	if known { // RFC 6298 2.3
		e.variation = (3*e.variation + (e.smoothed - took).Abs()) / 4
		e.smoothed = (7*e.smoothed + took) / 8
	} else { // RFC 6298 2.2
		e = roundTrip{smoothed: took, variation: took / 2}
	}
	if p.known == nil {
		p.known = map[netip.Addr]roundTrip{}
	}
	p.known[from] = e
}

// timeout is how long an answer from an address may take (RFC 6298 2.3).
func (p *Paths) timeout(of netip.Addr) (timeout time.Duration, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, known := p.known[of.Unmap().WithZone("")]
	return e.smoothed + 4*e.variation, known
}
