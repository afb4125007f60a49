package responder

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
)

// readAtOnce is how many datagrams are read with one call of the system.
const readAtOnce = 64

// many calls at one socket send so often that its reader had better wait for
// some datagrams than wake for each: the system has stamped them.
const many = 20

// readMedia handles the datagrams of one socket until it is closed. A datagram that does
// not prove that it belongs to a session gets no answer. Where so much comes that the
// reader never pauses, it sends what is due in between.
func (s *Server) readMedia(conn *stamp.Conn, sender *sender) {
	reader, out := conn.Reader(readAtOnce), newReplies(conn)
	for {
		got, err := reader.Read()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			if s.ctx.Err() != nil {
				return
			}
			time.Sleep(10 * time.Millisecond) // a lasting error must not use all of a core
			continue
		}
		s.stats.received.Add(uint64(len(got)))
		for i := range got {
			s.datagram(got[i].Bytes, got[i].Arrival, out)
		}
		out.flush()
		if len(got) > 1 {
			sender.help()
		}
		if len(got) < readAtOnce && int(sender.flows.Load()) >= many {
			time.Sleep(restAfter)
		}
	}
}

// datagram distinguishes checks, RTP and knocks by their first bits (RFC 7983). The answers
// to checks are sent with the next flush.
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
	s.delayed.After(s.ctx, k, a.From, func() { _ = s.media[0].Write(reply, a.From) })
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
	s.senders[int(c.grant.DownSSRC)%len(s.senders)].add(&flow{call: c, sealer: sealer, dscp: c.request.DSCP})
}
