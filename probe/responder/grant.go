package responder

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/responder/share"
)

// openSession grants a session.
func (s *Server) openSession(w http.ResponseWriter, r *http.Request) {
	var request wire.Request
	if !decode(w, r, &request) {
		return
	}
	if s.draining.Load() {
		s.goElsewhere(w)
		return
	}
	if status, code, why := s.acceptable(request); why != "" {
		s.stats.refuse(code)
		refuse(w, status, code, why)
		return
	}
	client := clientOf(r)
	who, _ := r.Context().Value(holderKey{}).(holder)
	defer s.asking.enter(request.ID)() // it may ask again while its first answer is being made
	run := &run{server: s, holder: who, counted: s.endUnanswered(request.ID, who)}
	defer run.end()
	if who.usedUp && !run.counted { // before it waits for its turn
		s.refuseToken(w, wire.CodeTokenUsedUp)
		return
	}
	who.valid, who.usedUp = true, false
	turn, why := s.admit(request, share.Holder{Token: hex.EncodeToString(who.hash[:4]), From: client})
	if turn.Loan == nil {
		s.busy(w, turn, why)
		return
	}
	if refused := run.count(); refused != "" {
		turn.Loan.Return()
		if refused == wire.CodeBusy {
			s.busy(w, share.Turn{After: retryAfter}, "the responder cannot count its runs now")
			return
		}
		s.refuseToken(w, refused)
		return
	}
	run.kept = true
	request.Duration = min(request.Duration, s.now.Load().limits.Duration)
	session, err := s.begin(request, client, who, turn.Loan)
	if err != nil {
		s.busy(w, share.Turn{After: retryAfter}, err.Error())
		return
	}
	s.stats.granted.Add(1)
	session.grant.Observed = r.RemoteAddr
	connOf(r).guest.Prove(session.id)
	s.log.Debug("session", "from", r.RemoteAddr, "calls", request.Calls, "duration", request.Duration)
	answer(w, http.StatusCreated, session.grant)
}

// clientOf is the address that a request comes from.
func clientOf(r *http.Request) netip.Addr {
	at, _ := netip.ParseAddrPort(r.RemoteAddr)
	return at.Addr().Unmap()
}

// acceptable says what is wrong with a request: values that make no sense, or are beyond
// the limits.
func (s *Server) acceptable(r wire.Request) (status int, code, why string) {
	bad := func(f string, args ...any) (int, string, string) {
		return http.StatusBadRequest, wire.CodeRequest, fmt.Sprintf(f, args...)
	}
	switch {
	case r.Version != wire.Version:
		return http.StatusConflict, wire.CodeVersion, fmt.Sprintf("the responder speaks version %d of the protocol, this netready speaks %d: bring both to the same release", wire.Version, r.Version)
	case r.Payload < wire.MinPayload || r.Payload > 1400:
		return bad("a payload of %d bytes: it has to be %d to 1400", r.Payload, wire.MinPayload)
	case r.Ptime < 5*time.Millisecond || r.Ptime > 100*time.Millisecond:
		return bad("a packet every %v: it has to be 5 to 100 ms", r.Ptime)
	case r.Rate < 1 || r.Rate > 192000 || r.Type > 127:
		return bad("clock rate %d, payload type %d: no such codec", r.Rate, r.Type)
	case r.Duration < r.Ptime:
		return bad("a call of %v is shorter than a packet", r.Duration)
	case r.DSCP < 0 || r.DSCP > 63:
		return bad("DSCP %d: it has to be 0 to 63", r.DSCP)
	case len(r.ID) > wire.MostID:
		return bad("its name has %d characters: %d at most", len(r.ID), wire.MostID)
	case r.Calls < 1:
		return bad("%d calls: it has to be at least one", r.Calls)
	case r.Calls > s.now.Load().limits.Calls:
		return http.StatusTooManyRequests, wire.CodeLimit, fmt.Sprintf("%d calls at once: this responder grants %d", r.Calls, s.now.Load().limits.Calls)
	}
	// By the limits that are set: what the host cannot do now, it may do later.
	limits := s.now.Load()
	if most := limits.shares(0, limits.limits.PacketRate).Address; !costOf(r).Within(most) {
		return http.StatusTooManyRequests, wire.CodeLimit, fmt.Sprintf("%d packets a second: this responder grants one address %d; ask for fewer calls",
			costOf(r).Packets, most.Packets)
	}
	return 0, "", ""
}

// retryAfter is when to ask again if the time is not known.
const retryAfter = 2 * time.Second

// admit lends a request what it costs, or says when to ask again and why.
func (s *Server) admit(r wire.Request, holder share.Holder) (turn share.Turn, why string) {
	now := time.Now()
	if !s.asks.Allow(holder.From, now) {
		return share.Turn{After: retryAfter, Ticket: r.Ticket}, "too many ask at once"
	}
	turn = s.ledger.Ask(holder, costOf(r), r.Ticket, now, func() bool { return s.starts.Allow(holder.From, now) })
	if limit := s.now.Load().limits.PacketRate; s.room.most(limit) < limit {
		return turn, "this host carries as many calls as it can send on time now"
	}
	return turn, "it has as many calls as it takes now, in all or from this address"
}

// begin makes a session and registers it.
func (s *Server) begin(request wire.Request, client netip.Addr, who holder, loan *share.Loan) (*session, error) {
	session := newSession(request, client)
	session.loan, session.holder = loan, who
	session.drops, session.dropsBefore = s.media.Drops, s.media.Drops()
	session.ctx, session.cancel = context.WithCancel(s.ctx)
	context.AfterFunc(session.ctx, session.stop)
	if out := s.add(session, s.now.Load().limits.Sessions); out != nil {
		s.drop(out, "busy")
	}
	if err := session.prepareCalls(); err != nil {
		s.drop(session, "stopped")
		return nil, err
	}
	g := &session.grant
	g.Responder, g.Region, g.Ports = "netready-responder "+s.config.Version, s.config.Region, s.Listeners()
	g.Media, g.SigningKey = s.mediaAddress(), s.SigningKey()
	if s.config.Results != nil {
		g.Results = &wire.Results{Org: who.org, Wanted: who.uploads}
	}
	for _, l := range g.Ports {
		if l.Protocol == "stun" {
			g.STUN = append(g.STUN, ":"+strconv.Itoa(l.Port))
		}
	}
	s.mark(session)
	return session, nil
}

// mediaAddress is where the agents' media goes. Without a host it goes to the host of the
// control connection, which works behind NAT too.
func (s *Server) mediaAddress() string {
	if s.config.AdvertiseMedia != "" {
		return s.config.AdvertiseMedia
	}
	bound := s.media.LocalAddr()
	control, err := netip.ParseAddrPort(s.ControlAddr())
	if err == nil && !bound.Addr().IsUnspecified() && !control.Addr().Unmap().IsUnspecified() && control.Addr().Unmap() != bound.Addr() {
		return bound.String() // two addresses of this host, chosen on purpose
	}
	return ":" + strconv.Itoa(int(bound.Port()))
}

// mark notes what happens to the DSCP: every packet gets that of its session, if the
// system can do that.
func (s *Server) mark(session *session) {
	notSet := s.media[0].NoMark()
	for _, c := range session.calls {
		c.mu.Lock()
		if c.event.NoDSCP = s.media[0].NoDSCP(); notSet == "" {
			c.event.DownSet = &c.request.DSCP
		}
		c.event.NotSet = notSet
		c.mu.Unlock()
	}
}

// drop ends a session.
func (s *Server) drop(session *session, why string) {
	session.close(why)
	session.loan.Return()
	s.door.Dismiss(session.id)
	s.opener.Forget(session.grant.Nonce)
	if s.remove(session) {
		s.giveBackRun(session)
	}
}

// lookAtRoom looks at how much this host can carry now, and divides that.
func (s *Server) lookAtRoom() {
	limit := s.now.Load().limits.PacketRate
	before := s.room.most(limit)
	scarce := s.room.look(s.Load(), s.ledger.Used().Packets, s.ledger.Waiting(), limit)
	if scarce && before == limit {
		load := s.Load()
		s.log.Warn("this host does not keep up: new calls wait", "late_p99", load.Late, "handover_p99", load.Gap, "dropped", load.Dropped,
			"packet_rate_limit", s.room.most(limit), "remedy", "fewer calls (max_packet_rate), a larger host, or a second responder in the region")
	}
	s.share()
}

// sweep ends sessions that are over, once a second.
func (s *Server) sweep() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		now := stamp.Now()
		s.stats.swept.Store(int64(now))
		s.expire(now)
		s.sampled.tellLeftOut(s.ctx, time.Now())
		s.lookAtRoom()
		all := s.all()
		if len(all) > 0 {
			s.drops.Look()
		}
		for _, session := range all {
			session.returnLoanIfIdle(now)
			if why := session.over(now); why != "" {
				s.drop(session, why)
			}
		}
	}
}
