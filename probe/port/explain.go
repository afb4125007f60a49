package port

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"
	"time"

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

// fail is what was seen, in words. What to do about it follows from the reason
// and is said where results are judged.
func (t target) fail(reason, format string, args ...any) outcome {
	return failed(reason, fmt.Sprintf(format, args...))
}

// byAnother marks a failure whose proof is an answer of somebody else's.
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
	return t.fail(NoReply, "no reply from %s to %d tries; %s", t.place(), tries, hint)
}

// blamed turns the system's error, and what ICMP said of it, into a verdict.
func (t target) blamed(err error, icmp *icmpError) outcome {
	if icmp != nil {
		return t.blamedByICMP(*icmp)
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaRefused) || (t.transport() == "UDP" && errors.Is(err, wsaReset)):
		return t.refused()
	case errors.Is(err, syscall.ECONNRESET) || errors.Is(err, wsaReset) || errors.Is(err, syscall.EPIPE):
		return t.fail(ResetAfter, "%s accepted the connection and then reset it, as a firewall does that inspects the traffic", t.place())
	case errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) || errors.Is(err, wsaAccess):
		return t.fail(Prohibited, "this machine's own firewall or security software forbids %s", t.place()).by(ByThisMachine)
	case errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTDOWN) ||
		errors.Is(err, wsaNoHost) || errors.Is(err, wsaNoNet):
		return t.fail(Unreachable, "there is no way to %s: %s", t.place(), systemWords(err))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return t.silent(5)
	default:
		return t.fail(Protocol, "%s: %s", t.place(), systemWords(err))
	}
}

func (t target) refused() outcome {
	how := "with a TCP reset"
	if t.transport() == "UDP" {
		how = "with ICMP port unreachable"
	}
	who := "either nothing listens there or a firewall rejects it; the two look alike"
	if t.session != nil {
		who = "the responder listens there, so a firewall in between sent that in its name"
	}
	return t.fail(Refused, "%s was refused %s; %s", t.place(), how, who)
}

func (t target) blamedByICMP(e icmpError) outcome {
	reason, words := e.meaning()
	who, by := ByPath, fmt.Sprintf("a firewall or router in between (%s)", e.from)
	switch {
	case e.from == t.addr.Addr() && t.session != nil:
		by = fmt.Sprintf("the far end's own address (%s), although the responder listens there, so its host's firewall or one that speaks in its name,", e.from)
	case e.from == t.addr.Addr():
		who, by = ByFarEnd, fmt.Sprintf("the far end itself (%s)", e.from)
	case !e.from.IsValid():
		by = "somebody on the way"
	case isOwn(e.from):
		who, by = ByThisMachine, fmt.Sprintf("this machine itself (%s)", e.from)
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
		0: {Unreachable, "network unreachable"}, 1: {Unreachable, "host unreachable"},
		2: {Refused, "protocol unreachable"}, 3: {Refused, "port unreachable"},
		5: {Unreachable, "source route failed"}, 6: {Unreachable, "network unknown"}, 7: {Unreachable, "host unknown"},
		8: {Unreachable, "source host isolated"}, 9: {Prohibited, "network administratively prohibited"},
		10: {Prohibited, "host administratively prohibited"}, 11: {Unreachable, "network unreachable for this type of service"},
		12: {Unreachable, "host unreachable for this type of service"}, 13: {Prohibited, "communication administratively prohibited"},
		14: {Prohibited, "host precedence violation"}, 15: {Prohibited, "precedence cut-off in effect"},
	}
	v6 := map[uint8]said{
		0: {Unreachable, "no route to destination"}, 1: {Prohibited, "communication administratively prohibited"},
		2: {Unreachable, "beyond scope of source address"}, 3: {Unreachable, "address unreachable"},
		4: {Refused, "port unreachable"}, 5: {Prohibited, "source address failed policy"}, 6: {Prohibited, "reject route to destination"},
	}
	table, unreachable := v4, uint8(3)
	if e.v6 {
		table, unreachable = v6, 1
	}
	if s, ok := table[e.code]; ok && e.kind == unreachable {
		return s.reason, s.words
	}
	if (e.v6 && e.kind == 3) || (!e.v6 && e.kind == 11) {
		return Unreachable, "time exceeded on the way"
	}
	return Unreachable, "destination unreachable"
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
