package share

import (
	"net/netip"
	"sync"
	"time"
)

// Turned remembers which clients were refused because the responder was full, and
// when last, so that an agent can be told that this was the reason and not a
// firewall. The zero value is ready.
type Turned struct {
	mu     sync.Mutex // guards the rest
	last   map[netip.Addr]time.Time
	anyone time.Time // when any client was refused last
	unsure time.Time // the same of clients whose record was forgotten or never known
}

// maxTurned bounds the memory of a Turned.
const maxTurned = 4096

// Note notes that a client is refused now. The zero Addr means that it is not known
// which client.
func (t *Turned) Note(who netip.Addr) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.anyone = now
	if !who.IsValid() {
		t.unsure = now
		return
	}
	who = who.Unmap().WithZone("")
	if _, known := t.last[who]; !known && len(t.last) >= maxTurned {
		t.forget()
	}
	if t.last == nil {
		t.last = map[netip.Addr]time.Time{}
	}
	t.last[who] = now
}

// forget makes room for another record. t.mu is held.
func (t *Turned) forget() {
	for who, at := range t.last { // any one: the map's order is random
		if at.After(t.unsure) {
			t.unsure = at
		}
		delete(t.last, who)
		return
	}
}

// Since says whether a client may have been refused since a moment.
func (t *Turned) Since(who netip.Addr, moment time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last[who.Unmap().WithZone("")].After(moment) || t.unsure.After(moment)
}

// AnyoneSince says whether any client was refused since a moment.
func (t *Turned) AnyoneSince(moment time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.anyone.After(moment)
}
