package listen

import (
	"errors"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"netready/probe/internal/wire"
)

// dns answers only a name that a session has made, and says which one. It never asks anybody else.
func (s *Set) dns(question []byte, from netip.AddrPort) ([]byte, wire.KnockID) {
	var p dnsmessage.Parser
	header, err := p.Start(question)
	if err != nil || header.Response || header.OpCode != 0 {
		return nil, wire.KnockID{}
	}
	asked, err := p.Question()
	if err != nil || asked.Type != dnsmessage.TypeTXT || asked.Class != dnsmessage.ClassINET {
		return nil, wire.KnockID{}
	}
	if _, err := p.Question(); !errors.Is(err, dnsmessage.ErrSectionDone) {
		return nil, wire.KnockID{}
	}
	name := strings.ToLower(asked.Name.String())
	text, ok := wire.ParseDNSName(name, s.config.Nonce)
	first, _, _ := strings.Cut(name, ".")
	id, known := wire.ParseKnockID(first)
	if !ok || !known || !s.config.MayAnswer.allows(id, Name([]byte(name)), from) {
		return nil, wire.KnockID{}
	}
	answer, err := answerTo(header, asked, text, isExtended(&p))
	if err != nil {
		return nil, wire.KnockID{}
	}
	return answer, id
}

// isExtended says whether what follows the question is an OPT record (RFC 6891 6.1.1). Its body
// is not read: its options may claim more than it has.
func isExtended(p *dnsmessage.Parser) bool {
	if p.SkipAllAnswers() != nil || p.SkipAllAuthorities() != nil {
		return false
	}
	for {
		header, err := p.AdditionalHeader()
		if err != nil || header.Type == dnsmessage.TypeOPT {
			return err == nil
		}
		if p.SkipAdditional() != nil {
			return false
		}
	}
}

// answerTo is the answer with a text to the one name that was asked for.
func answerTo(header dnsmessage.Header, asked dnsmessage.Question, text string, extended bool) ([]byte, error) {
	answer := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: header.ID, Response: true, Authoritative: true, RecursionDesired: header.RecursionDesired, CheckingDisabled: header.CheckingDisabled,
		},
		Questions: []dnsmessage.Question{asked},
		Answers: []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: asked.Name, Type: asked.Type, Class: asked.Class},
			Body:   &dnsmessage.TXTResource{TXT: []string{text}},
		}},
	}
	if extended {
		answer.Additionals = []dnsmessage.Resource{wire.DNSExtension()}
	}
	return answer.Pack()
}
