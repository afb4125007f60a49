package responder

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"netready/probe/internal/stamp"
)

// Stats are the present state of a responder, and its counts since it began.
type Stats struct {
	Load
	Sessions  int    // now
	Waiting   int    // in the queue now
	Strangers int    // control connections that have shown no token, now
	Known     int    // control connections of sessions, now
	Taken     int    // packets a second, both ways, that sessions have taken now
	Room      int    // packets a second that may be taken in all
	Granted   uint64 // sessions
	// Refused are the requests that were refused, by the code of their answer
	// (the wire protocol's: busy, limit, token, …).
	Refused  map[string]uint64
	Received uint64 // datagrams at the media socket
	Draining bool
}

// Alive says whether the responder's sweep, which runs once a second, is on time.
func (s *Server) Alive() bool { return stamp.Now()-time.Duration(s.stats.swept.Load()) < notAlive }

// notAlive is how long the sweep may be late: a host may pause for some seconds and
// continue.
const notAlive = 15 * time.Second

// Stats are those of now.
func (s *Server) Stats() Stats {
	all := Stats{
		Load: s.Load(), Sessions: s.count(), Draining: s.draining.Load(),
		Taken: s.ledger.Used().Packets, Room: s.ledger.Shares().All.Packets, Waiting: s.ledger.Waiting(),
		Granted: s.stats.granted.Load(), Received: s.stats.received.Load(), Refused: s.stats.refusals(),
	}
	all.Strangers, all.Known = s.door.Count()
	return all
}

// tally counts what the responder does. The zero value is ready.
type tally struct {
	received, granted atomic.Uint64
	swept             atomic.Int64 // on the clock of stamp.Now

	mu      sync.Mutex // guards the rest
	refused map[string]uint64
}

// refuse counts a request that is refused. The codes are constants, so that the
// map stays small.
func (t *tally) refuse(code string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refused == nil {
		t.refused = map[string]uint64{}
	}
	t.refused[code]++
}

// refusals are those counted so far.
func (t *tally) refusals() map[string]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.refused)
}
