package responder

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
)

const (
	// many calls at one socket send so often that what arrives had better wait for the next
	// turn of the sender than wake for each datagram: the system has stamped it.
	many = 8
	// longestRest is how long it waits at most. An answer to a check holds how long it was.
	longestRest = 2 * time.Millisecond
)

// serve handles the datagrams of one socket and sends what is due there, by turns, until it
// is closed. It is one goroutine for both, so that one waking does both.
func (s *Server) serve(conn *stamp.Shared, sender *sender) {
	out := newReplies(conn)
	for {
		got, err := conn.Read(sender.due)
		if errors.Is(err, net.ErrClosed) || err != nil && s.ctx.Err() != nil {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // a lasting error must not use all of a core
		}
		s.stats.received.Add(uint64(len(got)))
		for i := range got {
			s.datagram(got[i].Bytes, got[i].Arrival, out)
		}
		out.flush()
		sender.take(stamp.Now())
		switch now := stamp.Now(); {
		case conn.Full(got) || sender.due <= now:
			runtime.Gosched() // it goes on at once, so that others would never run
		case int(sender.flows.Load()) >= many:
			conn.Rest(min(sender.due, now+longestRest))
		}
	}
}

// datagram distinguishes checks, RTP and knocks by their first bits (RFC 7983). A datagram
// that does not prove that it belongs to a session gets no answer. The answers to checks
// are sent with the next flush.
func (s *Server) datagram(b []byte, a stamp.Arrival, out *replies) {
	switch {
	case wire.IsCheck(b):
		s.check(b, a, out)
	case wire.IsRTP(b):
		if c := s.callOfPacket(b); c != nil {
			c.packet(b, a)
		}
	case wire.IsKnock(b):
		s.knock(b, a)
	}
}

func (s *Server) check(b []byte, a stamp.Arrival, out *replies) {
	c, err := wire.ParseCheck(b)
	switch {
	case err != nil:
	case c.Answer:
		s.proof(&c, a, out)
	default:
		s.answer(&c, a, out)
	}
}

// answer answers an agent's check and sends a check of our own: both at once only to an
// address that is proved. Any other address is sent one datagram for each that came from
// it, and none that is larger.
func (s *Server) answer(c *wire.Check, a stamp.Arrival, out *replies) {
	call := s.callOfUser(string(c.Username))
	if call == nil || c.Size < c.ReplySize(a.From) || c.Authentic(call.credential) != nil ||
		!s.mayReach(a.From, call.session.client) || !call.isNewCheck(c.ID, a.From) {
		return
	}
	q := question{call: call, to: a.From, at: stamp.Now()}
	answer, check := call.mayGet(a.From, q.at)
	if answer {
		reply(call, c.ID, a.From, a.At, out)
	} else {
		q.agents, q.arrived = c.ID, a.At // it is answered with the proof
	}
	if check {
		s.askBack(q, out)
	}
}

// reply answers a check that arrived at a moment.
func reply(call *call, id wire.TransactionID, to netip.AddrPort, arrived time.Duration, out *replies) {
	out.put(call.credential.Answer(out.room(), id, to, arrived, stamp.Now()), to, call.request.DSCP) // what is lost is asked again
}

// askBack sends a check of our own.
func (s *Server) askBack(q question, out *replies) {
	id := wire.NewTransactionID()
	s.ask(id, q)
	q.call.mu.Lock()
	q.call.event.Asked++
	q.call.mu.Unlock()
	out.put(q.call.credential.Ask(out.room(), id), q.to, q.call.request.DSCP)
}

// proof handles the answer to a check of ours. It counts only from the address to which
// the check was sent, with its random transaction and the call's integrity.
func (s *Server) proof(c *wire.Check, a stamp.Arrival, out *replies) {
	q, ok := s.answered(c.ID, a.From)
	if !ok || c.Authentic(q.call.credential) != nil {
		return
	}
	s.forget(c.ID)
	if a.At-q.at > questionLife {
		return
	}
	begin := q.call.prove(a.From, stamp.Now())
	if q.agents != (wire.TransactionID{}) {
		reply(q.call, q.agents, a.From, q.arrived, out)
	}
	if begin {
		s.stream(q.call)
	}
}

// knock answers the question of a firewall check.
func (s *Server) knock(b []byte, a stamp.Arrival) {
	k, nonce, ok := wire.ParseKnock(b, s.nonceOf)
	if !ok || !s.mayAnswer(k.ID, k.Random, a.From) {
		return
	}
	reply := k.Answer(a.From, int(s.media.LocalAddr().Port())).Marshal(nonce)
	s.delayed.After(s.ctx, k, a.From, func() { s.media[0].Write(reply, a.From) })
}

// stream begins to send a call's packets down.
func (s *Server) stream(c *call) {
	if !c.session.loan.Resume() {
		c.ended(wire.EndedBusy)
		return
	}
	if c.session.ctx.Err() != nil { // it ended meanwhile, and nobody else returns what it has taken again
		c.session.loan.Return()
		c.ended(endedStopped)
		return
	}
	sealer, err := wire.NewSealer(wire.DownFlow(c.request, c.grant))
	if err != nil {
		c.ended(endedStopped)
		return
	}
	s.senders[int(c.grant.DownSSRC)%len(s.senders)].add(newFlow(c, sealer))
}
