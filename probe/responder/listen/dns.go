package listen

import (
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"netready/probe/internal/wire"
)

// dns answers only a name that a session has made, and says which one. It never asks anybody else.
func (s *Set) dns(question []byte, from netip.AddrPort) ([]byte, wire.KnockID) {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || m.Response || m.OpCode != 0 || len(m.Questions) != 1 {
		return nil, wire.KnockID{}
	}
	asked := m.Questions[0]
	if asked.Type != dnsmessage.TypeTXT || asked.Class != dnsmessage.ClassINET {
		return nil, wire.KnockID{}
	}
	name := strings.ToLower(asked.Name.String())
	text, ok := wire.ParseDNSName(name, s.config.Nonce)
	first, _, _ := strings.Cut(name, ".")
	id, known := wire.ParseKnockID(first)
	if !ok || !known || !s.config.MayAnswer.allows(id, Name([]byte(name)), from) {
		return nil, wire.KnockID{}
	}
	answer, err := answerTo(m, text)
	if err != nil {
		return nil, wire.KnockID{}
	}
	return answer, id
}

// answerTo is the message with a text for the one name that was asked for.
func answerTo(m dnsmessage.Message, text string) ([]byte, error) {
	asked := m.Questions[0]
	answer := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: m.ID, Response: true, Authoritative: true, RecursionDesired: m.RecursionDesired, CheckingDisabled: m.CheckingDisabled,
		},
		Questions: m.Questions,
		Answers: []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: asked.Name, Type: asked.Type, Class: asked.Class},
			Body:   &dnsmessage.TXTResource{TXT: []string{text}},
		}},
	}
	extended := func(r dnsmessage.Resource) bool { return r.Header.Type == dnsmessage.TypeOPT }
	if slices.ContainsFunc(m.Additionals, extended) {
		answer.Additionals = []dnsmessage.Resource{wire.DNSExtension()}
	}
	return answer.Pack()
}
