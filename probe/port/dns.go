package port

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"netready/probe/internal/wire"
)

// dns asks a name server, over UDP or TCP. The responder proves itself in its
// answer; another server is asked for a name that cannot exist, so that one
// that invents answers is noticed, be it that server or a resolver in between.
func (t target) dns(ctx context.Context) outcome {
	q := t.newDNSQuestion()
	if t.check.Protocol == "dns" {
		return t.exchange(ctx, exchange{ask: q.ask, judge: q.judge})
	}
	conn, verdict := t.dial(ctx)
	if verdict != nil {
		return *verdict
	}
	defer conn.Close()
	defer boundTo(ctx, conn)()
	stream := dns.Conn{Conn: conn}
	for range 2 { // one with recursion, one without
		raw, err := q.ask()
		if err != nil {
			return notMeasured(Unknown, "the question could not be made: "+err.Error())
		}
		if _, err := stream.Write(raw); err != nil {
			return t.blamed(err, nil)
		}
	}
	answer := make([]byte, 64<<10)
	n, err := stream.Read(answer)
	if err != nil {
		if errors.Is(err, io.ErrShortBuffer) {
			return *t.impostor()
		}
		return t.noSpeech(err, "DNS")
	}
	if o := q.judge(answer[:n]); o != nil {
		return *o
	}
	return *t.impostor()
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

// ask makes the next query. Every other one forbids recursion: a resolver that
// has lost its own way to the Internet answers that at once, and the port is
// open all the same.
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

func (q *dnsQuestion) judge(raw []byte) *outcome {
	m := new(dns.Msg)
	if m.Unpack(raw) != nil || !m.Response || !q.ids[m.Id] || len(m.Question) != 1 ||
		!strings.EqualFold(m.Question[0].Name, q.name) || m.Question[0].Qtype != q.kind {
		return q.t.impostor()
	}
	if q.t.session != nil {
		return q.judgeProof(m)
	}
	if q.absent && m.Rcode == dns.RcodeSuccess && len(m.Answer) > 0 {
		o := q.t.fail(Hijacked, "%s answered for a name that cannot exist (%s): it or a resolver in between invents answers", q.t.place(), m.Answer[0].String())
		return &o
	}
	o := passed(fmt.Sprintf("answered (%s)", dns.RcodeToString[m.Rcode]))
	return &o
}

func (q *dnsQuestion) judgeProof(m *dns.Msg) *outcome {
	want := wire.DNSProof(q.t.session.Nonce, q.random)
	for _, rr := range m.Answer {
		if txt, ok := rr.(*dns.TXT); ok && strings.Join(txt.Txt, "") == want {
			o := passed("the responder itself answered")
			return &o
		}
	}
	o := q.t.fail(Hijacked, "%s was answered by another name server (%s): the network leads all DNS to a resolver of its own, which is common",
		q.t.place(), dns.RcodeToString[m.Rcode]).byAnother()
	return &o
}

// firstResolver is the first server of a list, as an address.
func firstResolver(servers []string) (netip.Addr, error) {
	for _, s := range servers {
		if ip, err := netip.ParseAddr(s); err == nil {
			return ip, nil
		}
	}
	return netip.Addr{}, &net.DNSError{Err: "none is configured"}
}
