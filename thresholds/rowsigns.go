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

// allFailed says whether every row that failed is so.
func (j *judge) allFailed(is func(facts.PortRow) bool) bool {
	rows := j.failed()
	return len(rows) > 0 && !slices.ContainsFunc(rows, func(row facts.PortRow) bool { return !is(row) })
}

// rowsBy is the sign that all that failed was refused by one party.
func rowsBy(who string) sign {
	return func(m matter) (string, float64) {
		if !m.callSpeaks() || !m.allFailed(func(row facts.PortRow) bool { return row.By == who }) {
			return "", 0
		}
		return "it refuses the connections itself", 1
	}
}

// rowsFor is the sign that all that failed did so for one of these reasons.
func rowsFor(reasons ...string) sign {
	return func(m matter) (string, float64) {
		if !m.allFailed(func(row facts.PortRow) bool { return slices.Contains(reasons, row.Reason) }) {
			return "", 0
		}
		words := map[string]string{
			facts.ReasonDNS:         "names could not be resolved, so nothing is known of the ports behind them",
			facts.ReasonIntercepted: "a proxy that inspects traffic, a captive portal or a filter",
			facts.ReasonUnreachable: "there is no route to the hosts that were asked",
		}
		return words[reasons[0]], 1
	}
}

// portsAreClosed is the sign that ports are closed, and nothing else.
func portsAreClosed(m matter) (string, float64) {
	// A far end that answered, even if wrongly, shows that the path is open.
	if m.staysInside() || m.allFailed(func(row facts.PortRow) bool { return row.Reason == facts.ReasonProtocol || row.By == facts.ByFarEnd }) {
		return "", 0
	}
	switch {
	case m.gapCode("voice.down") == facts.CodeNoUDPUp:
		return "no UDP packet of the call reaches the responder", 1
	case m.gapCode("voice.down") == facts.CodeNoUDPDown:
		return "UDP reaches the responder, and none of its answers to the call comes back", 1
	case !m.isCallKnown() || m.nothingArrives():
		return "no UDP gets through to the responder or back", 1
	}
	return "ports are closed while the call itself is good", 1
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
		if loss := lossOf(m.directionOrLoop(way)); m.kind != rowsMatter || loss != nil && *loss > mostLossForNames {
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

// slowNameMS is how long a resolver may take, in milliseconds: the checks ask
// again after a few tenths of a second, so that one lost answer takes less.
const slowNameMS = 2000

// namesAreSlow is the sign that the resolver answers late.
func namesAreSlow(m matter) (string, float64) {
	if m.staysInside() || m.kind != warningMatter {
		return "", 0
	}
	for _, row := range m.result.Firewall {
		if row.Protocol == "dns" && row.Status == facts.StatusPass && isKnown(row.ElapsedMS) && *row.ElapsedMS > slowNameMS {
			return fmt.Sprintf("%s took %s to answer, and every new connection has to wait for it", resolverOf(row), Figure(*row.ElapsedMS, "ms")), 1
		}
	}
	return "", 0
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
