package responder

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"netready/probe/internal/stamp"
)

// LatenessBounds are the upper bounds of the buckets of Stats.Lateness: from
// what a good host does to what ruins a call (a jitter buffer holds 60 ms).
var LatenessBounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2 * time.Millisecond,
	5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, time.Second,
}

// Stats are what a responder holds now and has done since it began.
type Stats struct {
	Sessions  int    // now
	Streams   int    // down streams under way now
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
	Sent     uint64 // packets of down streams
	Dropped  uint64 // datagrams that the system dropped before the media socket was read; only Linux tells
	// Late are packets of down streams by how late they left, for each of
	// LatenessBounds those up to it and above the one before; the last is the rest.
	Late     [len(LatenessBounds) + 1]uint64
	LateSum  time.Duration // of all packets
	Draining bool
}

// Alive says whether the responder's own housekeeping runs on time: it looks
// after its sessions once a second.
func (s *Server) Alive() bool { return stamp.Now()-time.Duration(s.stats.swept.Load()) < notAlive }

// notAlive is how long the housekeeping may be silent: a host may stand still
// for some seconds and go on.
const notAlive = 15 * time.Second

// Stats are those of now.
func (s *Server) Stats() Stats {
	all := s.stats.read()
	all.Sessions, all.Draining = s.count(), s.draining.Load()
	s.drops.Look()
	all.Dropped = s.drops.Count(int(s.media.LocalAddr().Port()))
	all.Streams = int(streams.Load())
	all.Strangers, all.Known = s.door.Count()
	all.Taken, all.Room, all.Waiting = s.ledger.Used().Packets, s.ledger.Shares().All.Packets, s.ledger.Waiting()
	return all
}

// tally counts what the responder does. The zero value is ready.
type tally struct {
	received, sent, granted atomic.Uint64
	late                    [len(LatenessBounds) + 1]atomic.Uint64
	lateSum                 atomic.Int64
	swept                   atomic.Int64 // on the clock of stamp.Now

	mu      sync.Mutex // guards the rest
	refused map[string]uint64
}

// left counts a packet of a down stream.
func (t *tally) left(late time.Duration) {
	late = max(0, late)
	i := 0
	for i < len(LatenessBounds) && late > LatenessBounds[i] {
		i++
	}
	t.late[i].Add(1)
	t.lateSum.Add(int64(late))
	t.sent.Add(1)
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

func (t *tally) read() Stats {
	all := Stats{
		Received: t.received.Load(), Sent: t.sent.Load(), Granted: t.granted.Load(), LateSum: time.Duration(t.lateSum.Load()),
	}
	for i := range t.late {
		all.Late[i] = t.late[i].Load()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	all.Refused = maps.Clone(t.refused)
	return all
}
