package responder

import (
	"sync/atomic"
	"time"
)

// How much this host may carry depends on how it does: where it sends late or loses
// datagrams, new calls would change the figures of the present ones, so they wait.
const (
	// mostLate is how late one packet in a hundred may leave: half a packet time of
	// 20 ms. The packet holds its true stamp, so that this alone changes no figure.
	mostLate = 10 * time.Millisecond
	// mostGap is how long after its stamp the system may take a packet: this is jitter
	// that the responder adds.
	mostGap = 2 * time.Millisecond
	// fewest packets a second are always granted: ten usual calls. A host that cannot
	// carry those marks its figures as unreliable, and nobody waits without end.
	fewest = 10 * usualCall
	// growth is how much the room grows in a good second, or a twentieth if that is
	// more: an agent that waits asks again after two seconds at the earliest.
	growth = 5 * usualCall
	// tooMuch is how many looks in a row have to be bad until the room shrinks: a
	// host that stood still for a moment is not too small.
	tooMuch = 2
)

// room is how many packets a second may be lent in all.
type room struct {
	carries int          // what was measured at start; 0: it could not be told
	now     atomic.Int64 // below the limit that is set; 0: what was measured, or that limit
	bad     int          // looks in a row
	dropped uint64       // at the last look
}

// look takes the load of the last second in, of so many packets a second that are
// lent, under a limit. It says whether there is less room than the limit.
// Where nothing is lent there are no figures to be bent, and who waits all the
// same asks for more than was measured: he gets in.
func (r *room) look(l Load, lent, waiting, limit int) (scarce bool) {
	bends := l.Late > mostLate || l.Gap > mostGap || l.Dropped > r.dropped
	r.dropped = l.Dropped
	most := r.most(limit)
	switch {
	case lent == 0 && waiting > 0:
		r.bad, most = 0, 2*most
	case lent == 0:
		r.bad, most = 0, r.first(limit)
	case !bends:
		r.bad, most = 0, most+max(growth, most/20)
	case r.bad+1 < tooMuch:
		r.bad++
	default:
		most = min(most, lent*9/10)
	}
	most = max(min(fewest, limit), min(limit, most))
	r.now.Store(int64(most))
	return most < limit
}

// most is the room under a limit.
func (r *room) most(limit int) int {
	if now := int(r.now.Load()); now > 0 {
		return min(now, limit)
	}
	return r.first(limit)
}

// first is the room under a limit before the host has shown what it carries.
func (r *room) first(limit int) int {
	if r.carries == 0 {
		return limit
	}
	return min(limit, max(r.carries, fewest))
}
