package port

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"netready/probe/facts"
	"netready/probe/internal/wire"
)

// dns asks a name server, over UDP or TCP. The responder proves itself in its answer.
// Another server is asked for a name that cannot exist, which shows whether it or a
// resolver in between invents answers.
func (t target) dns(ctx context.Context) outcome {
	q := t.newDNSQuestion()
	if t.check.Protocol == "dns" {
		return t.exchange(ctx, exchange{ask: q.ask, judge: q.judge})
	}
	conn, verdict := t.dial(ctx)
	if verdict != nil {
		return *verdict
	}
	return t.speak(ctx, conn, stream{name: "DNS", ask: q.askTwice, read: readDNS, judge: q.judge})
}

// readDNS reads one message from a stream: its length comes first (RFC 1035 4.2.2).
func readDNS(r *bufio.Reader) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(r, b)
	return b, err
}

// dnsQuestion makes queries and judges their answers.
type dnsQuestion struct {
	t      target
	random [16]byte
	name   string
	kind   uint16
	absent bool // the name cannot exist
	ids    map[uint16]bool
	tries  int
}

func (t target) newDNSQuestion() *dnsQuestion {
	q := &dnsQuestion{t: t, kind: dns.TypeA, ids: map[uint16]bool{}}
	_, _ = rand.Read(q.random[:]) // never fails
	switch {
	case t.session != nil:
		q.name, q.kind = wire.DNSName(t.session.Nonce, q.random), dns.TypeTXT
	case t.opts.Question != "":
		q.name = dns.Fqdn(t.opts.Question)
	default:
		q.name, q.absent = dns.Fqdn(absentName()), true
	}
	return q
}

// ask makes the next query. Every second one forbids recursion: a resolver without a
// way to the Internet still answers that at once, which shows that the port is open.
func (q *dnsQuestion) ask() ([]byte, error) {
	m := new(dns.Msg).SetQuestion(q.name, q.kind)
	q.tries++
	m.RecursionDesired = q.tries%2 == 1
	if q.t.session != nil {
		// Padding (RFC 7830) makes room: the responder answers with no more
		// bytes than it was asked with.
		m.SetEdns0(1232, false)
		m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_PADDING{Padding: make([]byte, wire.DNSPadding)})
	}
	q.ids[m.Id] = true
	return m.Pack()
}

// askTwice makes the queries of a stream, one with recursion, one without,
// each with its length.
func (q *dnsQuestion) askTwice() ([]byte, error) {
	var both []byte
	for range 2 {
		raw, err := q.ask()
		if err != nil {
			return nil, err
		}
		both = append(binary.BigEndian.AppendUint16(both, uint16(len(raw))), raw...)
	}
	return both, nil
}

// judge decides what an answer is. An error may come without the question (RFC 1035
// 4.1.1 does not require it), and a long answer may be cut (TC) in the middle of a
// record, so that not all of it can be read.
func (q *dnsQuestion) judge(raw []byte) *outcome {
	m := new(dns.Msg)
	err := m.Unpack(raw)
	if err != nil && !q.isHeader(raw) {
		return q.t.impostor()
	}
	if !m.Response || !q.ids[m.Id] || len(m.Question) > 0 && !q.isOurs(m.Question[0]) {
		return q.t.impostor()
	}
	if q.t.session != nil {
		return q.judgeProof(m)
	}
	if invented := inventedRecord(m); q.absent && invented != nil {
		return new(q.t.fail(facts.ReasonHijacked, "%s answered for a name that cannot exist (%s): it or a resolver in between invents answers", q.t.place(), invented))
	}
	return new(passed(fmt.Sprintf("answered (%s)", dns.RcodeToString[m.Rcode])))
}

// isHeader reports whether raw begins with the header of a DNS message that is
// an answer to a query of ours.
func (q *dnsQuestion) isHeader(raw []byte) bool {
	const header, response = 12, 0x80 // RFC 1035 4.1.1
	return len(raw) >= header && raw[2]&response != 0 && q.ids[binary.BigEndian.Uint16(raw)]
}

// isOurs compares without regard to case: resolvers mix it (0x20) or lower it.
func (q *dnsQuestion) isOurs(asked dns.Question) bool {
	return strings.EqualFold(asked.Name, q.name) && asked.Qtype == q.kind
}

// inventedRecord is an address or alias in an answer for a name that cannot exist, nil
// where there is none.
func inventedRecord(m *dns.Msg) dns.RR {
	if m.Rcode != dns.RcodeSuccess {
		return nil
	}
	for _, rr := range m.Answer {
		switch rr.(type) {
		case *dns.A, *dns.AAAA, *dns.CNAME:
			return rr
		}
	}
	return nil
}

func (q *dnsQuestion) judgeProof(m *dns.Msg) *outcome {
	want := wire.DNSProof(q.t.session.Nonce, q.random)
	for _, rr := range m.Answer {
		if txt, ok := rr.(*dns.TXT); ok && strings.Join(txt.Txt, "") == want {
			return new(passed("the responder itself answered"))
		}
	}
	o := q.t.fail(facts.ReasonHijacked, "%s was answered by another name server (%s): the network leads all DNS to a resolver of its own, which is common",
		q.t.place(), dns.RcodeToString[m.Rcode]).byAnother()
	return &o
}

// firstResolver is the first server of a list, as an address.
func firstResolver(servers []string) (netip.Addr, error) {
	if all := addressesOf(servers); len(all) > 0 {
		return all[0], nil
	}
	return netip.Addr{}, &net.DNSError{Err: "none is configured"}
}

// addressesOf are those of a list that can be read.
func addressesOf(servers []string) (all []netip.Addr) {
	for _, s := range servers {
		if ip, err := netip.ParseAddr(s); err == nil {
			all = append(all, ip)
		}
	}
	return all
}
