package probe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"netready/probe/facts"

	"netready/probe/call"
	"netready/probe/environment"
	"netready/probe/internal/wire"
	"netready/probe/invite"
	"netready/probe/machine"
	"netready/probe/nat"
	"netready/probe/ping"
	"netready/probe/port"
	"netready/probe/regions"
	"netready/probe/responder"
	"netready/probe/responder/listen"
)

// around is the findings of the parts that run at once before the call. Each part
// writes its own field.
type around struct {
	rows  []port.Row
	seen  environment.Result
	nat   nat.Result
	pings []facts.Ping
	mtu   facts.MTU
}

// reach does everything before the call, at once: it opens the session with a
// responder, tests the ports, and examines NAT, proxy and ICMP. Its errors are for the
// user to correct.
func (r *run) reach(ctx context.Context) error {
	defer r.track.during(StepFirewall)()
	began := time.Now()
	ctx, give := context.WithCancelCause(ctx)
	defer give(nil)

	ready := make(chan struct{}) // closed when it is decided whether there is a session
	var wg sync.WaitGroup
	var fatal error
	wg.Go(func() {
		defer close(ready)
		if fatal = r.connect(ctx); fatal != nil {
			give(fatal)
		}
	})
	if r.plan.Region.ID == "" {
		<-ready // the responder says which region it is in
		r.settleRegion()
	}
	var found around
	if r.plan.asks(facts.PartFirewall) {
		wg.Go(func() { found.rows = r.tryPorts(ctx, ready, began) })
		wg.Go(func() { found.seen = r.lookAround(ctx) })
	}
	if r.plan.asks(facts.PartNAT) {
		wg.Go(func() { found.nat = r.lookAtNAT(ctx, ready) })
	}
	if r.plan.asks(facts.PartPing) {
		wg.Go(func() { found.pings = r.pingFarEnd(ctx, ready) })
		wg.Go(func() { found.mtu = r.largestPacket(ctx, ready) })
	}
	wg.Wait()
	r.take(ctx, found)
	return fatal
}

// take writes what was found into the Result.
func (r *run) take(ctx context.Context, found around) {
	if r.session != nil {
		r.result.Region.Responder = r.session.Control().Invite().Host
		if its := r.session.Control().Grant().Region; !strings.EqualFold(its, r.plan.Region.ID) {
			r.result.Region.ResponderRegion = its
		}
	}
	for _, row := range found.rows {
		r.result.Firewall = append(r.result.Firewall, r.unreachable(row.PortRow))
		r.own = append(r.own, row.Own...)
	}
	if r.plan.asks(facts.PartFirewall) {
		r.result.Environment, r.noPortal = found.seen.Environment, found.seen.PortalReason
	}
	if r.plan.asks(facts.PartNAT) {
		r.nat = found.nat
	}
	if r.plan.asks(facts.PartPing) {
		r.takePings(found.pings)
		r.result.Path.MTU = found.mtu
	}
	r.settleConnectivity(ctx, found.rows)
	if r.plan.asks(facts.PartFirewall) {
		r.rowGaps()
	}
}

// rowGaps notes what the firewall column and the environment lack. Every row has its
// own reason; without a session, that reason is noted here too.
func (r *run) rowGaps() {
	measured := func(row facts.PortRow) bool { return row.Status != facts.StatusNotMeasured }
	switch some := slices.ContainsFunc(r.result.Firewall, measured); {
	case r.relay != nil: // the rows that need a responder were not tried
	case r.session != nil:
	case !some:
		r.missingFor(r.whyCode, "firewall", r.noSession())
	case slices.ContainsFunc(r.result.Firewall, func(row facts.PortRow) bool { return !measured(row) }):
		r.missingFor(r.whyCode, "firewall.responder", r.noSession())
	}
	if e := r.result.Environment; e.CaptivePortal == nil && e.Reason == "" {
		r.missing("environment.captive_portal", r.noPortal)
	}
}

// connect opens the session with the first responder that answers. The error
// is for the user to correct; a responder that cannot be reached is not an error.
func (r *run) connect(ctx context.Context) error {
	if len(r.plan.TURN) > 0 {
		return r.connectRelay(ctx)
	}
	invites := r.responders()
	if len(invites) == 0 && r.plan.Region.ID == regions.Local {
		own, err := r.startLocal(ctx)
		if err != nil {
			return err
		}
		invites = []invite.Invite{own}
	}
	if len(invites) == 0 {
		r.why = "this region has no responder: run netready-responder there and give its invite with --responder"
		r.whyCode = facts.CodeNoResponder
		return nil
	}
	var all []candidate
	for _, to := range invites {
		to, err := to.WithToken(r.plan.Token)
		if err != nil {
			return err
		}
		all = append(all, candidate{to: to})
	}
	session, reasons := r.openAny(ctx, all)
	if session != nil {
		r.accept(session)
		return nil
	}
	if len(reasons) == 1 && (errors.Is(reasons[0], call.ErrToken) || errors.Is(reasons[0], invite.Err)) {
		return reasons[0]
	}
	r.whyErr = errors.Join(reasons...)
	r.why, r.whyCode = joined(reasons), facts.CodeUnreachable
	switch { // the answer of a responder is more useful than one that could not be reached
	case errors.Is(r.whyErr, errFull):
		r.why, r.whyCode = reasons[0].Error(), facts.CodeBusy
	case errors.Is(r.whyErr, call.ErrRefused):
		r.whyCode = facts.CodeRefused
	}
	r.result.Region.Failed = failedFor(reasons)
	if ctx.Err() != nil { // the errors would only say that the context was canceled
		r.whyCode, r.result.Region.Failed = facts.CodeStopped, ""
		r.why = "the run was stopped before the responder had answered"
	}
	return nil
}

// failedFor is why no responder was reached, "" where they differ or it has no code.
func failedFor(reasons []error) string {
	code := ""
	for i, err := range reasons {
		one := port.ReasonOf(err)
		if i > 0 && one != code {
			return ""
		}
		code = one
	}
	return code
}

// joined is several errors in one line.
func joined(all []error) string {
	words := make([]string, len(all))
	for i, err := range all {
		one := strings.ReplaceAll(err.Error(), "\n", "; ") // several tries of one responder
		words[i] = strings.Join(strings.Fields(one), " ")
	}
	return strings.Join(words, ", ")
}

// responders are the invites to try, in order.
func (r *run) responders() []invite.Invite {
	if len(r.plan.Responders) > 0 {
		return r.plan.Responders
	}
	return drawn(r.plan.Region.Responders, r.plan.Region.Weights, rand.Float64)
}

// accept makes a session that of the run.
func (r *run) accept(session *call.Session) {
	r.session = session
	r.tellHome()
	r.closers = append(r.closers, func() { _ = session.Close() }) // the responder drops it anyway
}

// startLocal runs the responder's own code inside this program, on loopback.
func (r *run) startLocal(ctx context.Context) (invite.Invite, error) {
	server, err := responder.Start(context.WithoutCancel(ctx), responder.Local())
	if err != nil {
		return invite.Invite{}, fmt.Errorf("starting the responder of region local: %w", err)
	}
	r.closers = append(r.closers, func() { _ = server.Close() })
	r.local = true
	return server.Invite(), nil
}

// settleRegion uses the region that the responder names. Where the list does not have
// that region, only the way to the responder is measured.
func (r *run) settleRegion() {
	r.plan.Region = regions.Region{ID: "responder", Name: "The responder's own place"}
	if len(r.plan.TURN) > 0 {
		r.plan.Region = regions.Region{ID: "turn", Name: "The TURN server's own place"}
	}
	if r.session != nil {
		if id := r.session.Control().Grant().Region; id != "" {
			if region, err := r.plan.Regions.Find(id); err == nil {
				r.plan.Region = region
			} else {
				r.plan.Region = regions.Region{ID: id, Name: id}
			}
		}
	}
	r.nowhere = r.session == nil && slices.ContainsFunc(r.responders(), func(to invite.Invite) bool {
		host, _, err := net.SplitHostPort(to.Host)
		return err == nil && !isLoopback(host)
	})
	r.result.Region.ID, r.result.Region.Name = r.plan.Region.ID, r.plan.Region.Name
}

// lookAround examines proxy, captive portal, address families and DNS.
func (r *run) lookAround(ctx context.Context) environment.Result {
	var hosts []string
	for _, c := range r.column(nil) {
		if !c.NeedsResponder() && c.Host != facts.HostResolver && !slices.Contains(hosts, c.Host) && net.ParseIP(c.Host) == nil {
			hosts = append(hosts, c.Host)
		}
	}
	found := environment.Run(ctx, environment.Options{Hosts: hosts})
	if len(hosts) == 0 {
		found.Reason = "the region has no host of the service, so there is no page to ask for"
	}
	return found
}

// lookAtNAT asks several places which address of this machine they see.
func (r *run) lookAtNAT(ctx context.Context, ready <-chan struct{}) nat.Result {
	<-ready
	s := r.portSession()
	if s == nil {
		return nat.Result{NAT: facts.NAT{Reason: r.noSession()}}
	}
	return nat.Run(ctx, natOptions(ctx, s))
}

// mostPlaces is how many listeners are asked about the NAT at most: enough for all
// standard ports of a responder.
const mostPlaces = 12

// natOptions names the places that answer: the media port and ports that the
// responder opens for this, its STUN and its SIP listeners.
func natOptions(ctx context.Context, s *port.Session) nat.Options {
	o := nat.Options{Nonce: s.Nonce, Knock: []string{s.Media}}
	mediaHost, _, err := net.SplitHostPort(s.Media)
	if err != nil {
		mediaHost = s.Host
	}
	for _, l := range s.Listeners {
		address := net.JoinHostPort(s.Host, fmt.Sprint(l.Port))
		switch {
		case l.Protocol == "sip":
			o.SIP = address
		case len(o.STUN)+len(o.Knock) > mostPlaces: // enough to tell how a NAT maps
		case l.Protocol == "stun":
			o.STUN = append(o.STUN, nat.STUN{Address: address, Nonce: s.Nonce})
		case l.Protocol == "udp":
			o.Knock = append(o.Knock, address)
		}
	}
	for _, p := range openSome(ctx, s, 2) {
		o.Knock = append(o.Knock, net.JoinHostPort(mediaHost, fmt.Sprint(p)))
	}
	return o
}

// noSession says why there is nothing to ask.
func (r *run) noSession() string {
	if r.why != "" {
		return r.why
	}
	return "there is no session with a responder"
}

// pingFarEnd pings the host of the responder or the TURN server before the call, since
// during the call only the gateway is pinged. Without a far end it pings the gateway.
func (r *run) pingFarEnd(ctx context.Context, ready <-chan struct{}) []facts.Ping {
	<-ready
	role, host := facts.RoleResponder, r.farHost()
	switch {
	case r.relay != nil:
		role = facts.RoleTURN
	case r.session == nil:
		role, host = facts.RoleGateway, machine.Towards(ctx, "").Gateway
		if host == "" || r.plan.Region.ID == regions.Local {
			return nil
		}
	}
	const questions = 5 // about a second in all
	found := ping.Run(ctx, host, ping.Settings{Count: questions, Interval: 250 * time.Millisecond})
	found.Role = role
	return []facts.Ping{found}
}

// takePings adds the pings, and the reason where the far end was not pinged.
func (r *run) takePings(found []facts.Ping) {
	switch {
	case r.session != nil || r.relay != nil:
	case len(found) == 0:
		r.missingFor(r.whyCode, "ping", r.noSession())
	default:
		r.result.Ping = append(r.result.Ping, facts.Ping{Role: facts.RoleResponder, Reason: r.noSession()})
	}
	r.result.Ping = append(r.result.Ping, found...)
}

// openSome asks the responder to open a few ports of the media range, so that several
// destinations can report how the NAT maps.
func openSome(ctx context.Context, s *port.Session, n int) []int {
	if s.Open == nil {
		return nil
	}
	var wanted []int
	for range n {
		wanted = append(wanted, listen.LowPort+rand.IntN(listen.HighPort-listen.LowPort))
	}
	grant, err := s.Open(ctx, wire.PortsRequest{Protocol: "udp", Ports: wanted})
	if err != nil {
		return nil // the fixed ports remain
	}
	return grant.Open
}
