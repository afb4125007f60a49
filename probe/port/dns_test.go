package port

import (
	"encoding/hex"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"netready/probe/facts"
)

// Whether an answer is invented is judged as another library reads it, whatever a stranger
// sends. What that cannot read only must not crash, nor reach the terminal.
func FuzzDNSAnswer(f *testing.F) {
	question := new(dns.Msg).SetQuestion("here.invalid.", dns.TypeA)
	question.Id = 1
	header := func(kind uint16) dns.RR_Header {
		return dns.RR_Header{Name: "here.invalid.", Rrtype: kind, Class: dns.ClassINET}
	}
	for _, record := range []dns.RR{
		nil, &dns.A{Hdr: header(dns.TypeA), A: net.IPv4(192, 0, 2, 1)}, &dns.AAAA{Hdr: header(dns.TypeAAAA), AAAA: net.IPv6loopback},
		&dns.CNAME{Hdr: header(dns.TypeCNAME), Target: "portal.\\027[31m.example."}, &dns.TXT{Hdr: header(dns.TypeTXT), Txt: []string{"a", "b"}},
		&dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}},
	} {
		m := new(dns.Msg).SetReply(question)
		if record != nil {
			m.Answer = append(m.Answer, record)
		}
		raw, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	wrongLength, _ := hex.DecodeString("0001808000010001000000000468657265" + "07696e76616c69640000010001" + "c00c00010001000000000003" + "c0000201")
	f.Add(wrongLength)
	f.Fuzz(func(t *testing.T, raw []byte) {
		q := &dnsQuestion{name: "here.invalid.", kind: 1, absent: true, ids: map[uint16]bool{1: true}}
		got := q.judge(raw)
		if strings.ContainsAny(got.detail, "\x1b\n\r") {
			t.Errorf("what a stranger wrote reaches the terminal: %q", got.detail)
		}
		m := new(dns.Msg)
		if m.Unpack(raw) != nil || !m.Response || m.Id != 1 {
			return
		}
		asked := len(m.Question) == 0 || m.Question[0].Qtype == dns.TypeA && strings.EqualFold(m.Question[0].Name, q.name)
		if want := asked && isInvented(m); want != (got.reason == facts.ReasonHijacked && !got.foreign) {
			t.Errorf("%s: got %+v", m, got)
		}
	})
}

func isInvented(m *dns.Msg) bool {
	return m.Rcode == dns.RcodeSuccess && slices.ContainsFunc(m.Answer, func(record dns.RR) bool {
		switch r := record.(type) {
		case *dns.A:
			return r.A != nil // nil: the record is empty
		case *dns.AAAA:
			return r.AAAA != nil
		case *dns.CNAME:
			return r.Target != ""
		}
		return false
	})
}
