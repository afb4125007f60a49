package thresholds

import (
	"fmt"
	"slices"
	"strings"

	"netready/probe/facts"
)

// failed are the required rows that failed.
func (j *judge) failed() []facts.PortRow {
	if !j.asked(facts.PartFirewall) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(j.result.Firewall), func(row facts.PortRow) bool { return RowLevel(row) != Fail })
}

// rows are the failed rows that tell of a matter: a row itself; of a call of which nothing
// arrives those of its own path, or all where none of these failed.
func (m matter) rows() []facts.PortRow {
	if m.row != nil {
		return []facts.PortRow{*m.row}
	}
	all := m.failed()
	own := slices.DeleteFunc(slices.Clone(all), func(row facts.PortRow) bool { return !isOfCall(row) })
	if len(own) > 0 {
		return own
	}
	return all
}

// isOfCall says that a row takes the way of the call.
func isOfCall(row facts.PortRow) bool { return facts.Spoken(row.Protocol) == "udp" }

// areAll says whether every row that tells of the matter is so.
func (m matter) areAll(is func(facts.PortRow) bool) bool {
	rows := m.rows()
	return len(rows) > 0 && !slices.ContainsFunc(rows, func(row facts.PortRow) bool { return !is(row) })
}

// mostRows is how many rows are named in a sentence.
const mostRows = 3

// which names the failed rows that are so, "" where all are.
func (j *judge) which(is func(facts.PortRow) bool) string {
	all := j.failed()
	var names []string
	for _, row := range all {
		if is(row) {
			names = append(names, row.Name)
		}
	}
	n := len(names)
	if n == 0 || n == len(all) {
		return ""
	}
	words := strings.Join(names[:min(n, mostRows)], ", ")
	if n > mostRows {
		words += fmt.Sprintf(" and %d more", n-mostRows)
	}
	return fmt.Sprintf(" (%d of %d rows that failed: %s)", n, len(all), words)
}

// rowsBy is the sign that a row was refused by this party, which has words for that.
func rowsBy(who, words string) sign {
	return func(m matter) (string, float64) {
		is := func(row facts.PortRow) bool { return row.By == who }
		if !m.areAll(is) {
			return "", 0
		}
		return words + m.which(is), 1
	}
}

// rowsFor is the sign that a row failed for one of these reasons.
func rowsFor(reasons ...string) sign {
	return func(m matter) (string, float64) {
		is := func(row facts.PortRow) bool { return row.By == "" && slices.Contains(reasons, row.Reason) }
		if !m.areAll(is) {
			return "", 0
		}
		words := map[string]string{
			facts.ReasonDNS:         "names could not be resolved, so nothing is known of the ports behind them",
			facts.ReasonIntercepted: "a proxy that inspects traffic, a captive portal or a filter",
			facts.ReasonUnreachable: "there is no route to the hosts that were asked",
		}
		return words[reasons[0]] + m.which(is), 1
	}
}

// otherRules are the reasons of rows that rules of their own explain.
var otherRules = []string{facts.ReasonDNS, facts.ReasonIntercepted, facts.ReasonHijacked, facts.ReasonTLS, facts.ReasonUnreachable}

// isClosed says that somebody on the way dropped or refused what a row sent. A far end
// that answered, even if wrongly, shows that the way is open.
func isClosed(row facts.PortRow) bool {
	byOther := row.By == "" && slices.Contains(otherRules, row.Reason)
	return !byOther && row.Reason != facts.ReasonProtocol && row.By != facts.ByFarEnd && row.By != facts.ByThisMachine
}

// isAtResponder says that a row asks the responder: who runs it may have closed the port.
func (j *judge) isAtResponder(row facts.PortRow) bool {
	return isOfCall(row) || row.Host == "" || slices.Contains(j.responders(), strings.ToLower(row.Host))
}

// hostWithoutPort is the host of `host:port` or `[host]:port`; "" of anything else. Package net, which
// knows it too, stays out of the verdicts: who judges needs no network.
func hostWithoutPort(place string) string {
	at := strings.LastIndexByte(place, ':')
	if at < 0 {
		return ""
	}
	host := place[:at]
	if inner, ok := strings.CutPrefix(host, "["); ok {
		return strings.TrimSuffix(inner, "]")
	}
	if strings.Contains(host, ":") {
		return "" // an IPv6 address alone
	}
	return host
}

// responders are the names and addresses by which the result knows the responder's host.
func (j *judge) responders() []string {
	all := []string{facts.HostResponder}
	for _, place := range []string{j.result.Region.Responder, j.result.Path.Target} {
		if host := hostWithoutPort(place); host != "" {
			all = append(all, strings.ToLower(host))
		}
	}
	for _, p := range j.result.Ping {
		if p.Role == facts.RoleResponder {
			all = append(all, strings.ToLower(p.Target))
		}
	}
	for _, row := range j.result.Firewall {
		if isOfCall(row) {
			all = append(all, strings.ToLower(row.Host))
		}
	}
	return slices.DeleteFunc(all, func(host string) bool { return host == "" || host == facts.LeftOut })
}

// isUntold says that a row may be closed by this network or at the responder: nobody said
// who closed it, and no other host is closed in the same way.
func (j *judge) isUntold(row facts.PortRow) bool {
	if !isClosed(row) || !j.isAtResponder(row) || row.By != "" && !j.isDirect() {
		return false
	}
	return j.isDirect() || !j.othersAreClosed(transportOf(row.Protocol))
}

// othersAreClosed says that a row of this transport to another host is closed, whether it is
// required or not: then this network has a firewall that closes such ports.
func (j *judge) othersAreClosed(carrier string) bool {
	return slices.ContainsFunc(j.result.Firewall, func(row facts.PortRow) bool {
		isSaid := row.Reason == facts.ReasonNoReply || row.Reason == facts.ReasonProhibited || row.By == facts.ByPath
		return row.Status == facts.StatusFail && isSaid && isClosed(row) && transportOf(row.Protocol) == carrier && !j.isAtResponder(row) && facts.Spoken(row.Protocol) != "dns"
	})
}

// transportOf is what a row's protocol is carried by; that of a call is "udp".
func transportOf(protocol string) string {
	p, _ := facts.FindProtocol(protocol)
	return p.Transport
}

// portsAreClosed is the sign that this network closes ports, and nothing else.
func portsAreClosed(m matter) (string, float64) {
	is := func(row facts.PortRow) bool { return isClosed(row) && !m.isUntold(row) }
	switch {
	case m.staysInside(), m.kind == oneWayMatter && !m.othersAreClosed(transportOf("udp")), m.kind != oneWayMatter && !m.areAll(is):
		return "", 0
	}
	return m.closedWords() + m.which(is), 1
}

// closedWords say what is closed.
func (m matter) closedWords() string {
	isOther := m.row != nil && !isOfCall(*m.row)
	switch {
	case m.gapCode("voice.down") == facts.CodeNoUDPUp && !isOther:
		return "no UDP packet of the call reaches the responder"
	case m.gapCode("voice.down") == facts.CodeNoUDPDown && !isOther:
		return "UDP reaches the responder, and none of its answers to the call comes back"
	case (!m.isCallKnown() || m.nothingArrives()) && !isOther:
		return "no UDP gets through to the responder or back"
	case !m.isCallKnown() || m.nothingArrives():
		return "ports are closed"
	}
	return "ports are closed while the call itself is good"
}

// closedSomewhere is the sign that ports of the responder are closed, and that nothing tells
// whether this network closes them or whoever runs the responder.
func closedSomewhere(m matter) (string, float64) {
	switch {
	case m.staysInside(), m.kind == oneWayMatter && m.othersAreClosed(transportOf("udp")) && !m.isDirect(), m.kind != oneWayMatter && !m.areAll(m.isUntold):
		return "", 0
	}
	where := "a firewall of this network and one at the responder (of its host, its cloud or its network) look the same from here"
	if m.isDirect() {
		where = "the responder is in the same network, so it is the firewall of this computer, that of the responder's host, or the LAN between them"
	}
	return fmt.Sprintf("Where the fault lies cannot be told: %s%s, and no other host is closed in the same way; %s", m.closedWords(), m.which(m.isUntold), where), 1
}

// isOneWay says that the call began and that UDP passes in one direction at most:
// no stream could be asked for.
func (j *judge) isOneWay() bool {
	code := j.gapCode("voice.down")
	return code == facts.CodeNoUDPUp || code == facts.CodeNoUDPDown
}

// mostLossForNames is the loss of a call up to which several tries find a name.
const mostLossForNames = 30

// rowsUnnamed is the sign that the rows that failed did so for their names, and that
// the call, where there was one, did not lose so much that the questions were lost.
func rowsUnnamed(m matter) (string, float64) {
	for _, way := range []Way{Up, Down} {
		if loss := lossOf(m.directionOrLoop(way)); m.kind != rowMatter || loss != nil && *loss > mostLossForNames {
			return "", 0
		}
	}
	return rowsFor(facts.ReasonDNS)(m)
}

// responderIsUnnamed is the sign that the responder's name was not resolved, though
// nobody said that it does not exist.
func responderIsUnnamed(m matter) (string, float64) {
	if m.kind != sessionMatter || m.result.Region.Failed != facts.ReasonDNS {
		return "", 0
	}
	return strings.TrimRight(noSession(m.result).Reason, ". "), 1
}

// callTells is the sign that the call is good, or that nothing of it arrives: on a
// bad path packets of the port checks are lost too.
func callTells(m matter) (string, float64) {
	if m.callSpeaks() {
		return "", 1
	}
	return "", 0
}

func (j *judge) callSpeaks() bool {
	bad := slices.ContainsFunc(j.findings, func(f Finding) bool {
		return f.Level == Fail && f.What != WhatPort
	})
	return !bad && j.isCallKnown() || j.nothingArrives()
}

// isCallKnown says whether there was a call to compare the ports with.
func (j *judge) isCallKnown() bool {
	up, down := j.result.Voice.Up, j.result.Voice.Down
	return up != nil && up.MOS != nil && down != nil && down.MOS != nil
}

// nothingArrives says whether the way to the responder is dead. A call that
// was not placed proves nothing.
func (j *judge) nothingArrives() bool {
	if j.isOneWay() {
		return true
	}
	for _, way := range []Way{Up, Down} {
		if d := direction(j.result.Voice, way); d != nil && d.Sent > 0 && d.Received == 0 {
			return true
		}
	}
	if u, d := j.result.Voice.Up, j.result.Voice.Down; u != nil && d != nil && u.Received > 0 && d.Received > 0 {
		return false // the call is better evidence than one row, whose packets a bad path loses too
	}
	return slices.ContainsFunc(j.failed(), func(row facts.PortRow) bool { return row.Protocol == "udp" && row.Reason != facts.ReasonDNS })
}

// isResponderLost says whether a responder was named that could not be reached.
func (j *judge) isResponderLost() bool { return noSession(j.result).Code == facts.CodeUnreachable }

// slowNameMS is how long a resolver may take, in milliseconds, beyond what the path itself
// takes: the checks ask again after a few tenths of a second, so that one lost answer takes
// less.
const slowNameMS = 2000

// namesAreSlow is the sign that the resolver answers late. Over a satellite everything
// does.
func namesAreSlow(m matter) (string, float64) {
	if m.staysInside() || m.kind != warningMatter {
		return "", 0
	}
	path := m.pathMS()
	for _, row := range m.result.Firewall {
		if row.Protocol == "dns" && row.Status == facts.StatusPass && isKnown(row.ElapsedMS) && *row.ElapsedMS > slowNameMS+path && !m.isResponders(row) {
			return fmt.Sprintf("%s took %s to answer, and every new connection has to wait for it", resolverOf(row), Figure(*row.ElapsedMS, "ms")), 1
		}
	}
	return "", 0
}

// pathMS is how long an answer takes on the way to the responder, 0 where that is not known:
// in the call, or in the quickest row.
func (m matter) pathMS() float64 {
	if rtt := m.result.Voice.RTT; rtt != nil && isKnown(rtt.AvgMS) {
		return *rtt.AvgMS
	}
	quickest := 0.0
	for _, row := range m.result.Firewall {
		if row.Status == facts.StatusPass && isKnown(row.ElapsedMS) && (row.Protocol != "dns" || m.isResponders(row)) && (quickest == 0 || *row.ElapsedMS < quickest) {
			quickest = *row.ElapsedMS
		}
	}
	return quickest
}

// isResponders says whether a row went to the host to which the rows for the call go: the
// responder's name server is not the network's resolver.
func (m matter) isResponders(row facts.PortRow) bool {
	return row.Host != facts.LeftOut && slices.ContainsFunc(m.result.Firewall, func(other facts.PortRow) bool {
		return other.Protocol == "udp" && other.Host == row.Host
	})
}

// resolverOf names the resolver that a row asked, by its address where that is known.
func resolverOf(row facts.PortRow) string {
	if row.Host == facts.LeftOut || row.Host == facts.HostResolver || row.Host == "" {
		return hostResolver
	}
	return hostResolver + " " + row.Host
}

// responderIsSilent is why a responder that was named could not be used.
func responderIsSilent(m matter) (string, float64) {
	return strings.TrimRight(noSession(m.result).Reason, ". "), 1
}
