package responder

import (
	"net/netip"
	"slices"
	"time"

	"netready/probe/stream"
)

const (
	// mostSources is how many addresses of one call are remembered: a NAT changes a
	// mapping less often.
	mostSources = 16
	// mostHolding is how many addresses may have packets that wait for a proof, and
	// heldFor how much of the call may wait for each: consent and a second more, after
	// which a proof no longer comes.
	mostHolding = 4
	heldFor     = consent + time.Second
)

// upTrace is what arrived of a call's stream up, and from where. Packets count only from
// an address that is proved: somebody who listens to the call and sends its packets again
// has another address. The mutex of its call guards it.
type upTrace struct {
	packets int
	ptime   time.Duration
	copies  stream.Copies
	counted int64            // so far, duplicates too
	news    []stream.Arrival // since the last report
	proved  []netip.AddrPort // the latest last
	asked   []netip.AddrPort // that sent an authentic check, each for the first time
	held    map[netip.AddrPort][]stream.Arrival
}

// take counts a packet of the call, or keeps it until its address is proved. lapsed says
// that there is no valid proof: where the way down is dead none can come, and an address
// that sent the call's own checks is accepted instead. It returns false for a packet that
// is left out.
func (u *upTrace) take(a stream.Arrival, from netip.AddrPort, lapsed bool) bool {
	switch {
	case slices.Contains(u.proved, from), lapsed && slices.Contains(u.asked, from):
		u.admit(from)
		return u.count(a)
	case a.Seq >= int64(u.packets):
		return false
	}
	return u.hold(a, from)
}

func (u *upTrace) count(a stream.Arrival) bool {
	if !u.copies.Take(a.Seq, u.packets) {
		return false
	}
	u.news = append(u.news, a)
	u.counted++
	return true
}

// hold keeps a packet whose address may be proved later: behind a NAT that has just
// changed the mapping, packets come before the next check.
func (u *upTrace) hold(a stream.Arrival, from netip.AddrPort) bool {
	waiting := u.held[from]
	if len(waiting) >= int(heldFor/u.ptime)+1 || waiting == nil && len(u.held) >= mostHolding {
		return false
	}
	if u.held == nil {
		u.held = map[netip.AddrPort][]stream.Arrival{}
	}
	u.held[from] = append(waiting, a)
	return true
}

// admit counts what waited for the proof of an address.
func (u *upTrace) admit(from netip.AddrPort) {
	if len(u.held) == 0 {
		return
	}
	for _, a := range u.held[from] {
		u.count(a)
	}
	delete(u.held, from)
}

// prove notes that an address is proved.
func (u *upTrace) prove(from netip.AddrPort) {
	u.proved = remember(u.proved, from)
	u.admit(from)
}

// hear notes that an address sent an authentic new check. If there are too many addresses
// with packets that wait, those without such a check are dropped.
func (u *upTrace) hear(from netip.AddrPort) {
	u.asked = remember(u.asked, from)
	for other := range u.held {
		if len(u.held) >= mostHolding && other != from && !slices.Contains(u.asked, other) {
			delete(u.held, other)
		}
	}
}

// finish admits what waited for a proof that no longer comes.
func (u *upTrace) finish() {
	for _, from := range u.asked {
		u.admit(from)
	}
}

// remember appends an address, once, and forgets the oldest of too many.
func remember(all []netip.AddrPort, a netip.AddrPort) []netip.AddrPort {
	if i := slices.Index(all, a); i >= 0 {
		all = slices.Delete(all, i, i+1)
	}
	if len(all) >= mostSources {
		all = slices.Delete(all, 0, 1)
	}
	return append(all, a)
}
