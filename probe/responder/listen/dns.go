package listen

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"netready/probe/internal/wire"
)

// dns answers only a name that a session has made, and says which one. It never asks anybody else.
func (s *Set) dns(question []byte, from netip.AddrPort) ([]byte, wire.KnockID) {
	m := new(dns.Msg)
	if m.Unpack(question) != nil || m.Response || m.Opcode != dns.OpcodeQuery ||
		len(m.Question) != 1 || m.Question[0].Qtype != dns.TypeTXT || m.Question[0].Qclass != dns.ClassINET {
		return nil, wire.KnockID{}
	}
	name := strings.ToLower(m.Question[0].Name)
	text, ok := wire.ParseDNSName(name, s.config.Nonce)
	first, _, _ := strings.Cut(name, ".")
	id, known := wire.ParseKnockID(first)
	if !ok || !known || !s.config.MayAnswer.allows(id, Name([]byte(name)), from) {
		return nil, wire.KnockID{}
	}
	answer := new(dns.Msg).SetReply(m)
	answer.Authoritative, answer.Compress = true, true
	answer.Answer = []dns.RR{&dns.TXT{
		Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET},
		Txt: []string{text},
	}}
	if m.IsEdns0() != nil {
		answer.SetEdns0(1232, false)
	}
	raw, err := answer.Pack()
	if err != nil {
		return nil, wire.KnockID{}
	}
	return raw, id
}
