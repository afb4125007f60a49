package port

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/wire"
)

type listener = wire.Listener

// place is where a target is, in words: TCP 443 on api.example.com (192.0.2.1).
func (t target) place() string {
	where := t.check.Host
	if t.via != nil {
		return fmt.Sprintf("%s %d on %s through the proxy %s", t.transport(), t.check.Port, where, t.via.Name())
	}
	if ip := t.addr.Addr().String(); ip != where {
		where += " (" + ip + ")"
	}
	return fmt.Sprintf("%s %d on %s", t.transport(), t.addr.Port(), where)
}

// fail says what was seen, in words. What to do about it follows from the reason, and
// package thresholds says it.
func (t target) fail(reason, format string, args ...any) outcome {
	return failed(reason, fmt.Sprintf(format, args...))
}

// byAnother marks a failure that an answer of somebody else proves.
func (o outcome) byAnother() outcome {
	o.foreign = true
	return o
}

// silent is the verdict after the last try.
func (t target) silent(tries int) outcome {
	hint := "a firewall that drops silently looks like this"
	if t.session != nil {
		hint = "the responder listens there, so something in between drops it"
	}
	return t.fail(facts.ReasonNoReply, "no reply from %s to %d tries; %s", t.place(), tries, hint)
}

// blamed turns the system's error, and an ICMP message if there is one, into a verdict.
func (t target) blamed(err error, icmp *icmpError) outcome {
	if icmp != nil {
		return t.blamedByICMP(*icmp)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaRefused) || (t.transport() == "UDP" && errors.Is(err, wsaReset)):
		return t.refused()
	case errors.Is(err, syscall.ECONNRESET) || errors.Is(err, wsaReset) || errors.Is(err, syscall.EPIPE):
		return t.fail(facts.ReasonResetAfter, "%s accepted the connection and then reset it, as a firewall does that inspects the traffic", t.place())
	case errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || errors.Is(err, wsaAccess):
		return t.fail(facts.ReasonProhibited, "this machine's own firewall or security software forbids %s", t.place()).by(facts.ByThisMachine)
	case isUnreachable(err):
		return t.fail(facts.ReasonUnreachable, "there is no route to %s: %s", t.place(), systemWords(err))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return t.silent(5)
	default:
		return t.fail(facts.ReasonProtocol, "%s: %s", t.place(), systemWords(err))
	}
}

// ReasonOf is the reason of a connection that failed as a code of facts, "" where
// it has none. A name that does not exist is told from one that nobody resolves.
func ReasonOf(err error) string {
	if name, ok := errors.AsType[*net.DNSError](err); ok {
		if name.IsNotFound {
			return facts.DNSNoSuchName
		}
		return facts.ReasonDNS
	}
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaRefused):
		return facts.ReasonRefused
	case errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || errors.Is(err, wsaAccess):
		return facts.ReasonProhibited
	case isUnreachable(err):
		return facts.ReasonUnreachable
	case errors.Is(err, syscall.ECONNRESET) || errors.Is(err, wsaReset) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return facts.ReasonResetAfter
	case errors.Is(err, context.DeadlineExceeded), isNet && timeout.Timeout():
		return facts.ReasonNoReply
	}
	return ""
}

func isUnreachable(err error) bool {
	for _, one := range []error{syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, wsaNoHost, wsaNoNet} {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}

func (t target) refused() outcome {
	how := "with a TCP reset"
	if t.transport() == "UDP" {
		how = "with ICMP port unreachable"
	}
	who := "either nothing listens there or a firewall rejects it; both look the same"
	if t.session != nil {
		who = "the responder listens there, so a firewall in between sent that in its name"
	}
	return t.fail(facts.ReasonRefused, "%s was refused %s; %s", t.place(), how, who)
}

func (t target) blamedByICMP(e icmpError) outcome {
	reason, words := e.meaning()
	who, by := facts.ByPath, fmt.Sprintf("a firewall or router in between (%s)", e.from)
	switch {
	case e.from == t.addr.Addr() && t.session != nil:
		who, by = "", fmt.Sprintf("the far end's own address (%s), although the responder listens there, so its host's firewall or one that speaks in its name,", e.from)
	case e.from == t.addr.Addr():
		who, by = facts.ByFarEnd, fmt.Sprintf("the far end itself (%s)", e.from)
	case !e.from.IsValid():
		by = "somebody on the way"
	case isOwn(e.from):
		who, by = facts.ByThisMachine, fmt.Sprintf("this machine itself (%s)", e.from)
	}
	return t.fail(reason, "%s: %s said \"%s\" (ICMP type %d code %d)", t.place(), by, words, e.kind, e.code).by(who)
}

// systemWords strips Go's wrapping from a system error.
func systemWords(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	return err.Error()
}

// icmpError is an ICMP message about a datagram or a connection attempt.
type icmpError struct {
	v6         bool
	kind, code uint8
	from       netip.Addr // who sent it
}

// meaning is the reason of a verdict and the message in words.
// Codes: RFC 792, RFC 1812 5.2.7.1, RFC 4443 3.1.
func (e icmpError) meaning() (reason, words string) {
	type said struct{ reason, words string }
	v4 := map[uint8]said{
		0: {facts.ReasonUnreachable, "network unreachable"}, 1: {facts.ReasonUnreachable, "host unreachable"},
		2: {facts.ReasonRefused, "protocol unreachable"}, 3: {facts.ReasonRefused, "port unreachable"},
		5: {facts.ReasonUnreachable, "source route failed"}, 6: {facts.ReasonUnreachable, "network unknown"}, 7: {facts.ReasonUnreachable, "host unknown"},
		8: {facts.ReasonUnreachable, "source host isolated"}, 9: {facts.ReasonProhibited, "network administratively prohibited"},
		10: {facts.ReasonProhibited, "host administratively prohibited"}, 11: {facts.ReasonUnreachable, "network unreachable for this type of service"},
		12: {facts.ReasonUnreachable, "host unreachable for this type of service"}, 13: {facts.ReasonProhibited, "communication administratively prohibited"},
		14: {facts.ReasonProhibited, "host precedence violation"}, 15: {facts.ReasonProhibited, "precedence cut-off in effect"},
	}
	v6 := map[uint8]said{
		0: {facts.ReasonUnreachable, "no route to destination"}, 1: {facts.ReasonProhibited, "communication administratively prohibited"},
		2: {facts.ReasonUnreachable, "beyond scope of source address"}, 3: {facts.ReasonUnreachable, "address unreachable"},
		4: {facts.ReasonRefused, "port unreachable"}, 5: {facts.ReasonProhibited, "source address failed policy"}, 6: {facts.ReasonProhibited, "reject route to destination"},
	}
	table, unreachable := v4, uint8(3)
	if e.v6 {
		table, unreachable = v6, 1
	}
	if s, ok := table[e.code]; ok && e.kind == unreachable {
		return s.reason, s.words
	}
	if (e.v6 && e.kind == 3) || (!e.v6 && e.kind == 11) {
		return facts.ReasonUnreachable, "time exceeded on the way"
	}
	return facts.ReasonUnreachable, "destination unreachable"
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
