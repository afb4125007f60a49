package responder

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/pion/stun/v3"

	"netready/probe/internal/control"
	"netready/probe/internal/wire"
)

// questions are one of each kind of datagram that a responder answers, made with a
// session's secrets.
func questions(t *testing.T, nonce string, g wire.CallGrant, host string, port int) map[string][]byte {
	t.Helper()
	built := func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	binding, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(wire.KnockIDOf(nonce).String()),
		stun.RawAttribute{Type: stun.AttrPadding, Value: make([]byte, 96)}, stun.NewShortTermIntegrity(nonce))
	if err != nil {
		t.Fatal(err)
	}
	knock := wire.NewKnock(nonce)
	name := new(dns.Msg).SetQuestion(wire.DNSName(nonce, knock.Random), dns.TypeTXT)
	name.Extra = append(name.Extra, &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT, Class: 1232}, Option: []dns.EDNS0{
		&dns.EDNS0_PADDING{Padding: make([]byte, wire.DNSPadding)},
	}})
	later := wire.NewKnock(nonce)
	later.Delay = 100 * time.Millisecond
	return map[string][]byte{
		"check": built(Padded(wire.NewTransactionID(), g.Username, g.Password)),
		"knock": knock.Marshal(nonce), "later": later.Marshal(nonce),
		"STUN": binding.Raw, "DNS": built(name.Pack()),
		"SIP": wire.NewSIPOptions("UDP", "192.0.2.1:5060", host, port, nonce).Marshal(),
		"RTP": append([]byte{0x80, 0, 0, 1, 0, 0, 0, 1, byte(g.UpSSRC >> 24), byte(g.UpSSRC >> 16), byte(g.UpSSRC >> 8), byte(g.UpSSRC)}, make([]byte, 160)...),
	}
}

// changed are those questions with one bit of the proof turned, or of what it
// is over: of DNS in the name, of SIP in the header that asks.
func changed(all map[string][]byte) map[string][]byte {
	for kind, b := range all {
		at := len(b) - 1
		switch kind {
		case "DNS":
			at = 12 + 40 // behind the fixed head, in the name
		case "SIP":
			at = bytes.Index(b, []byte(wire.SIPAsk)) + len(wire.SIPAsk) + 40
		case "knock", "later":
			at = 40 // in the proof
		}
		b[at] ^= 1
	}
	return all
}

// exchange sends datagrams and adds up what comes back.
func exchange(t *testing.T, to string, send ...[]byte) (out, in, answers int) {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(to)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, b := range send {
		if _, err := conn.Write(b); err != nil {
			t.Fatal(err)
		}
		out += len(b)
	}
	b := make([]byte, 4096)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(400 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(b)
		if errors.Is(err, net.ErrClosed) || err != nil {
			return out, in, answers
		}
		in, answers = in+n, answers+1
	}
}

// udpPorts are one of each kind of port: media, a listener, one that is opened
// for a moment.
func udpPorts(t *testing.T, s *Server, nonce string) map[string]string {
	t.Helper()
	host := netip.MustParseAddrPort(s.MediaAddr()).Addr().String()
	ports := map[string]string{"media": s.MediaAddr()}
	for _, l := range s.Listeners() {
		if l.Protocol == "udp" {
			ports["listener"] = net.JoinHostPort(host, strconv.Itoa(l.Port))
		}
	}
	var some []int // other tests open ports, too
	for range 16 {
		some = append(some, 51000+rand.IntN(9000))
	}
	opened, err := s.opener.Open(t.Context(), nonce, netip.MustParseAddr("127.0.0.1"), wire.PortsRequest{Protocol: "udp", Ports: some})
	if err != nil || len(opened.Open) == 0 {
		t.Fatalf("no port was opened: %+v, %v", opened, err)
	}
	ports["opened"] = net.JoinHostPort(host, strconv.Itoa(opened.Open[0]))
	return ports
}

// There is no limit on the rate of a source address, because it is not needed: without a
// secret of an open session nobody gets a single byte, on any port, in any protocol,
// however well formed the datagram is.
func TestStrangersGetNotOneByte(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	agent := open(t, s, request)
	invited := s.Invite()
	over, err := control.Open(t.Context(), invited, request, nil)
	if err != nil {
		t.Fatal(err)
	}
	overNonce, overCall := over.Grant().Nonce, over.Grant().Calls[0]
	if err := over.Close(); err != nil {
		t.Fatal(err)
	}
	guess := overCall
	guess.Username, guess.Password, guess.UpSSRC = agent.Grant().Calls[0].Username, "not the password", agent.Grant().Calls[0].UpSSRC
	for where, to := range udpPorts(t, s, agent.Grant().Nonce) {
		host, port, _ := net.SplitHostPort(to)
		number, _ := strconv.Atoi(port)
		for who, made := range map[string]map[string][]byte{
			"an agent whose session is over": questions(t, overNonce, overCall, host, number),
			"who guesses":                    questions(t, "00112233445566778899aabbccddeeff", guess, host, number),
			"who changes what was overheard": changed(questions(t, agent.Grant().Nonce, agent.Grant().Calls[0], host, number)),
		} {
			var all [][]byte
			for _, b := range made {
				for range 50 {
					all = append(all, b)
				}
			}
			if _, in, answers := exchange(t, to, all...); in != 0 {
				t.Errorf("%s at port %s: %d datagrams with %d bytes came back, want none", who, where, answers, in)
			}
		}
	}
}

// A holder of the secrets gets no more bytes than were sent in that name, on each port and
// in each protocol, though every question is new.
func TestNoAmplificationOfAuthenticQuestions(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	c := open(t, s, request)
	answered := map[string]bool{}
	for where, to := range udpPorts(t, s, c.Grant().Nonce) {
		host, port, _ := net.SplitHostPort(to)
		number, _ := strconv.Atoi(port)
		fresh := map[string][][]byte{}
		for range 5 {
			for kind, b := range questions(t, c.Grant().Nonce, c.Grant().Calls[0], host, number) {
				fresh[kind] = append(fresh[kind], b)
			}
		}
		for kind, all := range fresh {
			out, in, answers := exchange(t, to, all...)
			if in > out || answers > len(all) {
				t.Errorf("%s at port %s: %d datagrams with %d bytes came back for %d with %d", kind, where, answers, in, len(all), out)
			}
			answered[kind] = answered[kind] || answers > 0
		}
	}
	for _, kind := range []string{"check", "knock", "later", "STUN", "DNS", "SIP"} {
		if !answered[kind] {
			t.Errorf("%s was answered nowhere: the test's questions are no good", kind)
		}
	}
}
