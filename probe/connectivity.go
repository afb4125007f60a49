package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"netready/probe/facts"

	"netready/probe/environment"
	"netready/probe/port"
)

// evidence is what was found about the ways out of this computer.
type evidence struct {
	outside   bool // something outside this computer was asked
	byAddress bool // something was asked that needs no name
	address   bool // an interface has an address
	route     bool // there is a way out
	direct    bool // something outside other than the resolver answered directly
	refused   bool // something was refused directly, by whomever
	proxy     string
	asked     bool // the resolver was asked
	resolves  bool // and answered
	resolver  string
}

// judge decides the connectivity. A direct answer counts most; only without one can a
// missing address or route be the reason.
func (e evidence) judge() facts.Connectivity {
	silent := "no DNS resolver answers"
	if e.resolver != "" {
		silent = "the DNS resolver " + e.resolver + " does not answer"
	}
	offline := func(cause, because string) facts.Connectivity {
		return facts.Connectivity{Code: facts.CodeOffline, Cause: cause, Text: "This computer is offline: " + because + "."}
	}
	switch {
	case !e.outside:
		return facts.Connectivity{Text: "Nothing outside this computer was asked."}
	case e.proxy != "" && !e.direct:
		return facts.Connectivity{Code: facts.CodeProxyOnly, Text: "Only the proxy " + e.proxy + " leads out of this network: nothing answers directly. Web pages work, the sound of calls does not."}
	case e.isReached() && e.asked && !e.resolves:
		return facts.Connectivity{Code: facts.CodeDNSDead, Text: "Names cannot be resolved, and DNS alone is dead: other hosts answer by their addresses, but " + silent + "."}
	case e.isReached():
		return facts.Connectivity{Code: facts.Online, Text: "This computer reaches hosts outside directly."}
	case !e.address:
		return offline(facts.NoAddress, "no network interface has an address")
	case !e.route:
		return offline(facts.NoRoute, "it has an address, but no route out of its own network")
	case e.asked && !e.resolves && !e.byAddress:
		return offline(facts.NoResolver, "it has an address and a route, but "+silent+", so that nothing can be reached by its name")
	case e.asked && !e.resolves:
		return offline(facts.NoAnswer, "it has an address and a route, but "+silent+", and nothing else answers either")
	}
	return facts.Connectivity{Code: facts.Online, Text: "The DNS resolver answers."}
}

// isReached says that something outside answered, if only to refuse.
func (e evidence) isReached() bool { return e.direct || e.refused }

// settleConnectivity decides how this computer is connected. Rows that fail only
// because it is not, or not fully, become "not measured" with that reason, so that
// the cause is given once.
func (r *run) settleConnectivity(ctx context.Context, rows []port.Row) {
	c := r.gather(rows).judge()
	if ctx.Err() != nil { // a stopped run got no answers, which proves nothing
		c = facts.Connectivity{Text: "The run was stopped before it was known what this computer reaches."}
	}
	r.result.Environment.Connectivity = c
	if !slices.Contains([]string{facts.CodeOffline, facts.CodeProxyOnly, facts.CodeDNSDead}, c.Code) {
		return
	}
	for i := range r.result.Firewall {
		if row := &r.result.Firewall[i]; follows(c.Code, *row) {
			row.Status, row.Reason, row.By, row.Detail = facts.StatusNotMeasured, c.Code, "", c.Text
		}
	}
	if r.session == nil && (c.Code == facts.CodeOffline || r.whyCode == facts.CodeUnreachable && r.byName()) {
		r.blameConnectivity(c)
	}
	if r.noPortal != "" {
		r.noPortal = strings.TrimSuffix(c.Text, ".")
	}
}

// follows says whether the connectivity explains the failure of a row. It does not
// explain an answer from somebody else. Where only a proxy leads out, it explains a
// refusal.
func follows(code string, row facts.PortRow) bool {
	if row.Status == facts.StatusNotMeasured {
		return code == facts.CodeOffline && slices.Contains([]string{facts.CodeUnreachable, facts.CodeNoResponder}, row.Reason)
	}
	reasons := map[string][]string{
		facts.CodeOffline:   {facts.ReasonDNS, facts.ReasonNoReply, facts.ReasonUnreachable},
		facts.CodeProxyOnly: {facts.ReasonDNS, facts.ReasonNoReply, facts.ReasonUnreachable, facts.ReasonRefused, facts.ReasonProhibited},
		facts.CodeDNSDead:   {facts.ReasonDNS},
	}[code]
	return row.Status == facts.StatusFail && row.By != facts.ByThisMachine && row.By != facts.ByFarEnd && slices.Contains(reasons, row.Reason) && !isLoopback(row.Host)
}

// byName reports whether the responders were not found by their names.
func (r *run) byName() bool {
	_, found := errors.AsType[*net.DNSError](r.whyErr)
	return found
}

// blameConnectivity gives the connectivity as the reason, in the place of a responder
// that cannot be reached.
func (r *run) blameConnectivity(c facts.Connectivity) {
	before, code := r.noSession(), r.whyCode
	r.why, r.whyCode = strings.TrimSuffix(c.Text, "."), c.Code
	for i := range r.result.NotMeasured {
		if n := &r.result.NotMeasured[i]; n.Code == code && n.Reason == before {
			n.Code, n.Reason = r.whyCode, r.why
		}
	}
	for i := range r.result.Ping {
		if p := &r.result.Ping[i]; p.Reason == before {
			p.Reason = r.why
		}
	}
	if r.nat.Reason == before {
		r.nat.Reason = r.why
	}
}

// gather collects the evidence.
func (r *run) gather(rows []port.Row) evidence {
	e := evidence{address: hasAddress()}
	v4, v6 := environment.Routes()
	e.route = v4 || v6
	for _, row := range rows {
		if row.Address.IsLoopback() || isLoopback(row.Host) || row.Reason == facts.CodeNoResponder || row.Reason == facts.CodeUnreachable {
			continue
		}
		e.outside = true
		switch {
		case row.Proxy != "": // a proxy that opens the encryption is a way out too
			if row.Status == facts.StatusPass || row.Reason == facts.ReasonIntercepted {
				e.proxy = row.Proxy
			}
		case row.IsResolver:
			e.resolves = e.resolves || answered(row)
		default:
			byFarEnd := row.By == facts.ByFarEnd || !slices.Contains([]string{facts.ReasonRefused, facts.ReasonProhibited}, row.Reason)
			e.direct = e.direct || answered(row) && byFarEnd
			e.refused = e.refused || answered(row)
			e.byAddress = e.byAddress || row.Address.IsValid()
		}
	}
	r.gatherSession(&e)
	for _, a := range r.result.Environment.DNS {
		if a.Code != facts.DNSInvents {
			e.asked = true
			e.resolves = e.resolves || !slices.Contains([]string{facts.DNSNoReply, facts.DNSError}, a.Code)
		}
	}
	if server, err := port.Resolver(); err == nil {
		e.resolver = server.String()
	}
	return e
}

// gatherSession adds what the session, or its failure, shows.
func (r *run) gatherSession(e *evidence) {
	switch {
	case r.session != nil && r.session.Control().ViaProxy() != "":
		e.outside, e.proxy = true, r.session.Control().ViaProxy()
	case r.session != nil:
		if remote := r.session.Control().Remote().Addr(); !remote.IsLoopback() {
			e.outside, e.direct = true, true
		}
	case r.byName():
		e.outside, e.asked = true, true
	case r.whyErr != nil:
		for _, to := range r.responders() {
			host, _, err := net.SplitHostPort(to.Host)
			if err == nil && !isLoopback(host) {
				e.outside, e.byAddress = true, true
				e.refused = e.refused || errors.Is(r.whyErr, syscall.ECONNREFUSED)
			}
		}
	}
}

// answered reports whether somebody outside this computer answered a row's question, whatever the answer was.
func answered(row port.Row) bool {
	if row.By == facts.ByThisMachine || !row.Address.IsValid() {
		return false
	}
	return row.Status == facts.StatusPass || row.Status == facts.StatusFail && slices.Contains([]string{
		facts.ReasonRefused, facts.ReasonTLS, facts.ReasonIntercepted, facts.ReasonHijacked, facts.ReasonResetAfter, facts.ReasonPartly, facts.ReasonProtocol, facts.ReasonProhibited,
	}, row.Reason)
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// hasAddress says whether an interface that is up, other than loopback, has an
// address that is not link-local only.
func hasAddress() bool {
	all, err := net.Interfaces()
	if err != nil {
		return true // not known
	}
	return slices.ContainsFunc(all, func(i net.Interface) bool {
		addresses, err := i.Addrs()
		return i.Flags&net.FlagUp != 0 && err == nil && slices.ContainsFunc(addresses, func(a net.Addr) bool {
			p, err := netip.ParsePrefix(a.String())
			return err == nil && p.Addr().Unmap().IsGlobalUnicast()
		})
	})
}

// cutOff says why nothing outside can be asked, "" where something can.
func (r *run) cutOff() (code, reason string) {
	if c := r.result.Environment.Connectivity; slices.Contains([]string{facts.CodeOffline, facts.CodeProxyOnly, facts.CodeDNSDead}, c.Code) {
		return c.Code, strings.TrimSuffix(c.Text, ".")
	}
	return "", ""
}

// unreachable corrects a row that waited for a responder which was named and could
// not be used: its reason is why, and not that a responder is needed.
func (r *run) unreachable(row facts.PortRow) facts.PortRow {
	if row.Reason == facts.ReasonNoResponder && r.whyErr != nil && r.session == nil {
		row.Reason = r.whyCode
		row.Detail = fmt.Sprintf("the responder could not be used: %s", r.noSession())
	}
	return row
}
