package responder

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"netready/probe/internal/wire"
)

// registry finds sessions and calls by the names in datagrams and requests.
type registry struct {
	// The names in the datagrams of a call, each map with locks of its own.
	users   shards[string, *call]
	ssrcs   shards[uint32, *call]
	pending shards[wire.TransactionID, question]

	mu       sync.Mutex // guards the rest
	sessions map[string]*session
	knocks   map[wire.KnockID]*session
}

// question is a check of ours that is not answered yet.
type question struct {
	call    *call
	to      netip.AddrPort
	at      time.Duration
	agents  wire.TransactionID // the agent's check that is answered after the proof; zero: none
	arrived time.Duration      // when that check arrived
}

func newRegistry() registry {
	return registry{sessions: map[string]*session{}, knocks: map[wire.KnockID]*session{}}
}

// Numbers computed from the keys, all of which are random.
func hashOfUser(name string) uint32 {
	if len(name) < 2 {
		return 0
	}
	return uint32(name[0])<<3 ^ uint32(name[1])
}

func hashOfCheck(id wire.TransactionID) uint32 { return uint32(id[0]) | uint32(id[1])<<8 }

// add registers a session. It returns one that has to end to make room: the oldest without
// a loan, where there are too many sessions.
func (r *registry) add(s *session, most int) (out *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.sessions) >= 2*most {
		for _, other := range r.sessions {
			if other.loan.Returned() && (out == nil || other.begun < out.begun) {
				out = other
			}
		}
	}
	r.sessions[s.id] = s
	r.knocks[wire.KnockIDOf(s.grant.Nonce)] = s
	for _, c := range s.calls {
		for !r.ssrcs.set(c.grant.UpSSRC, c.grant.UpSSRC, c) { // one in millions
			c.grant.UpSSRC++
		}
		r.users.set(hashOfUser(c.grant.Username), c.grant.Username, c)
	}
	return out
}

// remove says whether the session was still there.
func (r *registry) remove(s *session) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sessions[s.id] != s {
		return false
	}
	delete(r.sessions, s.id)
	delete(r.knocks, wire.KnockIDOf(s.grant.Nonce))
	for _, c := range s.calls {
		r.ssrcs.remove(c.grant.UpSSRC, c.grant.UpSSRC)
		r.users.remove(hashOfUser(c.grant.Username), c.grant.Username)
	}
	return true
}

func (r *registry) find(id string) *session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sessions[id]
}

// askedBy is the session that was granted to a question, nil if there is none.
func (r *registry) askedBy(question string, who holder) *session {
	if question == "" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sessions {
		if s.request.ID == question && s.holder.hash == who.hash {
			return s
		}
	}
	return nil
}

// count is how many sessions there are.
func (r *registry) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sessions)
}

func (r *registry) all() []*session {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*session, 0, len(r.sessions))
	for _, s := range r.sessions {
		all = append(all, s)
	}
	return all
}

func (r *registry) callOfUser(name string) *call {
	c, _ := r.users.get(hashOfUser(name), name)
	return c
}

// callOfPacket finds the call of an RTP packet by its SSRC (RFC 3550 5.1).
func (r *registry) callOfPacket(b []byte) *call {
	if len(b) < wire.HeaderSize {
		return nil
	}
	ssrc := binary.BigEndian.Uint32(b[8:12])
	c, _ := r.ssrcs.get(ssrc, ssrc)
	return c
}

func (r *registry) nonceOf(id wire.KnockID) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.knocks[id]
	if s == nil {
		return "", false
	}
	return s.grant.Nonce, true
}

// sessionOf finds the session of a firewall check's question.
func (r *registry) sessionOf(id wire.KnockID) *session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.knocks[id]
}

// ask remembers a check of ours.
func (r *registry) ask(id wire.TransactionID, q question) { r.pending.set(hashOfCheck(id), id, q) }

// answered is the question to which an answer may belong: one that was sent to the
// address from which the answer comes.
func (r *registry) answered(id wire.TransactionID, from netip.AddrPort) (question, bool) {
	q, ok := r.pending.get(hashOfCheck(id), id)
	return q, ok && q.to == from
}

func (r *registry) forget(id wire.TransactionID) { r.pending.remove(hashOfCheck(id), id) }

// expire forgets the questions that are too old for an answer, and those of sessions that
// are over.
func (r *registry) expire(now time.Duration) {
	r.pending.removeIf(func(q question) bool { return now-q.at > questionLife || q.call.session.ctx.Err() != nil })
}
