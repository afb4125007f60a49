package port

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"netready/probe/facts"
	"netready/probe/internal/dial"
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
	kind   dnsmessage.Type
	absent bool // the name cannot exist
	ids    map[uint16]bool
	tries  int
}

func (t target) newDNSQuestion() *dnsQuestion {
	q := &dnsQuestion{t: t, kind: dnsmessage.TypeA, ids: map[uint16]bool{}}
	_, _ = rand.Read(q.random[:]) // never fails
	switch {
	case t.session != nil:
		q.name, q.kind = wire.DNSName(t.session.Nonce, q.random), dnsmessage.TypeTXT
	case t.opts.Question != "":
		q.name = absolute(t.opts.Question)
	default:
		q.name, q.absent = absolute(dial.AbsentName()), true
	}
	return q
}

// absolute is a name with the dot of the root at its end.
func absolute(name string) string { return strings.TrimSuffix(name, ".") + "." }

// ask makes the next query. Every second one forbids recursion: a resolver without a
// way to the Internet still answers that at once, which shows that the port is open.
func (q *dnsQuestion) ask() ([]byte, error) {
	name, err := dnsmessage.NewName(q.name)
	if err != nil {
		return nil, err
	}
	q.tries++
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: newDNSID(), RecursionDesired: q.tries%2 == 1},
		Questions: []dnsmessage.Question{{Name: name, Type: q.kind, Class: dnsmessage.ClassINET}},
	}
	if q.t.session != nil {
		// Padding (RFC 7830) makes room: the responder answers with no more
		// bytes than it was asked with.
		m.Additionals = []dnsmessage.Resource{wire.DNSExtension(dnsmessage.Option{Code: optionPadding, Data: make([]byte, wire.DNSPadding)})}
	}
	q.ids[m.ID] = true
	return m.Pack()
}

// optionPadding is an option of EDNS(0) (RFC 7830 3).
const optionPadding = 12

func newDNSID() uint16 {
	var b [2]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint16(b[:])
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
	reply, ok := q.read(raw)
	switch {
	case !ok:
		return q.t.impostor()
	case q.t.session != nil:
		return q.judgeProof(reply)
	case q.absent && reply.invented != "" && reply.code == dnsmessage.RCodeSuccess:
		return new(q.t.fail(facts.ReasonHijacked, "%s answered for a name that cannot exist (%s): it or a resolver in between invents answers", q.t.place(), reply.invented))
	}
	return new(passed(fmt.Sprintf("answered (%s)", nameOfCode(reply.code))))
}

// A dnsReply is what counts of an answer, as far as it can be read.
type dnsReply struct {
	code     dnsmessage.RCode // with what EDNS(0) adds to it (RFC 6891 6.1.3)
	invented string           // the first address or alias, "" where there is none
	texts    []string         // of the TXT records, for the responder's proof
}

// read reads an answer to a query of ours; ok is false if it is none. It reads one record after
// the other and keeps little of each: what a stranger sends must not take memory.
func (q *dnsQuestion) read(raw []byte) (reply dnsReply, ok bool) {
	var p dnsmessage.Parser
	header, err := p.Start(raw)
	if err != nil || !header.Response || !q.ids[header.ID] {
		return dnsReply{}, false
	}
	reply.code = header.RCode
	asked, err := p.Question()
	if err == nil && !q.isOurs(asked) {
		return dnsReply{}, false
	}
	if err == nil || errors.Is(err, dnsmessage.ErrSectionDone) {
		reply.records(&p)
	}
	return reply, true
}

// records reads on after the first question.
func (r *dnsReply) records(p *dnsmessage.Parser) {
	if p.SkipAllQuestions() != nil {
		return
	}
	err := r.answer(p)
	for err == nil {
		err = r.answer(p)
	}
	if !errors.Is(err, dnsmessage.ErrSectionDone) || p.SkipAllAuthorities() != nil {
		return
	}
	for {
		header, err := p.AdditionalHeader()
		switch {
		case err != nil:
			return
		case header.Type == dnsmessage.TypeOPT: // its body is not read: its options may claim more than it has
			r.code = header.ExtendedRCode(r.code)
			return
		case p.SkipAdditional() != nil:
			return
		}
	}
}

// answer reads the next record of the answers.
func (r *dnsReply) answer(p *dnsmessage.Parser) error {
	header, err := p.AnswerHeader()
	if err != nil {
		return err
	}
	found := ""
	switch {
	case header.Type == dnsmessage.TypeA && header.Length == 4:
		var body dnsmessage.AResource
		body, err = p.AResource()
		found = "A " + netip.AddrFrom4(body.A).String()
	case header.Type == dnsmessage.TypeAAAA && header.Length == 16:
		var body dnsmessage.AAAAResource
		body, err = p.AAAAResource()
		found = "AAAA " + netip.AddrFrom16(body.AAAA).String()
	case header.Type == dnsmessage.TypeCNAME && header.Length > 0:
		found = "CNAME"
		if body, unread := p.CNAMEResource(); unread == nil {
			found += " " + wire.Printable(body.CNAME.String(), mostOfName)
		} else {
			err = p.SkipAnswer() // an alias of a name with a dot in a label is one, too
		}
	case header.Type == dnsmessage.TypeTXT && len(r.texts) < mostTexts && header.Length < mostOfText:
		var body dnsmessage.TXTResource
		if body, err = p.TXTResource(); err == nil {
			r.texts = append(r.texts, strings.Join(body.TXT, ""))
		}
	default:
		err = p.SkipAnswer()
	}
	if err == nil && r.invented == "" {
		r.invented = found
	}
	return err
}

// The responder's proof is one short text.
const (
	mostTexts  = 8
	mostOfText = 1024
)

// isOurs compares without regard to case: resolvers mix it (0x20) or lower it.
func (q *dnsQuestion) isOurs(asked dnsmessage.Question) bool {
	return strings.EqualFold(asked.Name.String(), q.name) && asked.Type == q.kind
}

// mostOfName is what a row shows of a name, in bytes: all that a name has (RFC 1035 2.3.4).
const mostOfName = 255

// codes are the names of response codes (RFC 6895 2.3).
var codes = [...]string{
	"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
	"YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE",
}

func nameOfCode(code dnsmessage.RCode) string {
	if int(code) < len(codes) {
		return codes[code]
	}
	return fmt.Sprintf("response code %d", code)
}

func (q *dnsQuestion) judgeProof(reply dnsReply) *outcome {
	if slices.Contains(reply.texts, wire.DNSProof(q.t.session.Nonce, q.random)) {
		return new(passed("the responder itself answered"))
	}
	o := q.t.fail(facts.ReasonHijacked, "%s was answered by another name server (%s): the network leads all DNS to a resolver of its own, which is common",
		q.t.place(), nameOfCode(reply.code)).byAnother()
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
