package responder

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// preciseStreams is how many streams at once get a thread of their own to be
// sent to the fraction of a millisecond. More are sent by package time alone:
// a late packet carries its true stamp, so no figure is bent.
const preciseStreams = 64

// readMedia handles datagrams until the socket is closed. Everything that is
// not provably of a session is met with silence.
func (s *Server) readMedia() {
	b := make([]byte, stamp.MaxDatagram)
	for {
		a, err := s.media.Read(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			if s.ctx.Err() != nil {
				return
			}
			time.Sleep(10 * time.Millisecond) // whatever it is, do not spin on it
			continue
		}
		s.stats.received.Add(1)
		s.datagram(b[:a.N], a)
	}
}

// datagram tells checks, RTP and knocks apart by their first bits (RFC 7983).
func (s *Server) datagram(b []byte, a stamp.Arrival) {
	switch {
	case wire.IsCheck(b):
		s.check(b, a)
	case wire.IsRTP(b):
		if c := s.callOfPacket(b); c != nil {
			c.packet(b, a)
		}
	case wire.IsKnock(b):
		s.knock(b, a)
	}
}

func (s *Server) check(b []byte, a stamp.Arrival) {
	c, err := wire.ParseCheck(b)
	switch {
	case err != nil:
	case c.Answer:
		s.proof(c, a)
	default:
		s.answer(c, a)
	}
}

// answer answers an agent's check and asks back: both at once only to an
// address that is proved. Any other is sent one datagram for each that came
// from it, and none that is larger.
func (s *Server) answer(c *wire.Check, a stamp.Arrival) {
	call := s.callOfUser(c.Username)
	if call == nil || c.Size < c.ReplySize(a.From) || c.Authentic(call.grant.Password) != nil ||
		!s.mayReach(a.From, call.session.client) || !call.isNewCheck(c.ID, a.From) {
		return
	}
	q := question{call: call, to: a.From, at: stamp.Now()}
	answer, check := call.owed(a.From, q.at)
	if answer {
		s.reply(call, c.ID, a.From, a.At)
	} else {
		q.owes, q.arrived = c.ID, a.At // it gets its answer with the proof
	}
	if check {
		s.askBack(q)
	}
}

// reply answers a check that arrived at a moment.
func (s *Server) reply(call *call, id wire.TransactionID, to netip.AddrPort, arrived time.Duration) {
	b, err := wire.Answer(id, to, arrived, stamp.Now(), call.grant.Password)
	if err == nil {
		_ = s.media.WriteMarked(b, to, call.request.DSCP) // what is lost is asked again
	}
}

// askBack sends a check of our own.
func (s *Server) askBack(q question) {
	id := wire.NewTransactionID()
	b, err := wire.Ask(id, q.call.grant.Username, q.call.grant.Password)
	if err != nil {
		return
	}
	s.ask(id, q)
	q.call.mu.Lock()
	q.call.event.Asked++
	q.call.mu.Unlock()
	_ = s.media.WriteMarked(b, q.to, q.call.request.DSCP)
}

// proof takes the answer to a check of ours: only from the address that the
// check was sent to, with its random transaction and the call's integrity.
func (s *Server) proof(c *wire.Check, a stamp.Arrival) {
	q, ok := s.answered(c.ID, a.From)
	if !ok || c.Authentic(q.call.grant.Password) != nil {
		return
	}
	s.forget(c.ID)
	if a.At-q.at > questionLife {
		return
	}
	begin := q.call.prove(a.From, stamp.Now())
	if q.owes != (wire.TransactionID{}) {
		s.reply(q.call, q.owes, a.From, q.arrived)
	}
	if begin {
		s.wg.Go(func() { s.stream(q.call) })
	}
}

// knock answers the question of a firewall check.
func (s *Server) knock(b []byte, a stamp.Arrival) {
	k, nonce, ok := wire.ParseKnock(b, s.nonceOf)
	if !ok || !s.mayAnswer(k.ID, k.Random, a.From) {
		return
	}
	reply := k.Answer(a.From, int(s.media.LocalAddr().Port())).Marshal(nonce)
	s.delayed.After(s.ctx, k, a.From, func() { _ = s.media.Write(reply, a.From) })
}

// stream sends the packets down, each when it is due, as long as consent lasts.
func (s *Server) stream(c *call) {
	if !c.session.loan.Resume() {
		c.ended(wire.EndedBusy)
		return
	}
	sealer, err := wire.NewSealer(wire.DownFlow(c.request, c.grant))
	if err != nil {
		c.ended("stopped")
		return
	}
	sleep := stamp.SleepPlain
	if s.flowing.Add(1) <= preciseStreams {
		defer stamp.Thread()()
		sleep = stamp.SleepUntil
	}
	defer s.flowing.Add(-1)
	c.ended(s.paced(c.session.ctx, c, sealer, sleep))
}

func (s *Server) paced(ctx context.Context, c *call, sealer *wire.Sealer, sleep func(time.Duration)) (why string) {
	start := stamp.Now()
	for i := range c.packets {
		sleep(stream.Due(start, i, c.request.Ptime))
		if ctx.Err() != nil {
			return "stopped"
		}
		at := stamp.Now()
		to, ok := c.target(at)
		if !ok {
			return "consent"
		}
		// A host that stood still does not catch up in one burst what no phone
		// would play any more: the agent sees by the stamp that it was not sent.
		if at-stream.Due(start, i, c.request.Ptime) <= wire.TooLate {
			b, err := sealer.Seal(int64(i), at)
			if err != nil {
				return "stopped"
			}
			// One that the system refuses is as lost to the call as one that the
			// path eats.
			_ = s.media.WriteMarked(b, to, c.request.DSCP)
			now := stamp.Now()
			s.gap.note(now-at, now)
		}
		s.late.note(at-stream.Due(start, i, c.request.Ptime), at)
		c.left(wire.Departure{Seq: int64(i), Sent: at})
	}
	return "sent"
}
