package responder

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/pion/stun/v3"

	"netready/probe/internal/wire"
	"netready/probe/responder/listen"
)

// flood sends one datagram over and over and counts what comes back.
func flood(t *testing.T, to string, question []byte, times int) (answers, bytes int) {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "udp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for i := range times {
			if ctx.Err() != nil {
				return
			}
			_, _ = conn.Write(question)
			if i%64 == 0 {
				time.Sleep(time.Millisecond) // the socket's buffer is not what is tested
			}
		}
	}()
	b := make([]byte, 4096)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(b)
		if err != nil {
			return answers, bytes
		}
		answers++
		bytes = max(bytes, n)
	}
}

// One overheard question, sent again and again in a victim's name, is answered as often as
// a network may copy it, on every port and in every protocol, and never with more bytes
// than it has.
func TestReplayedQuestionsAreNotReflected(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	c := open(t, s, request)
	nonce := c.Grant().Nonce
	host := netip.MustParseAddrPort(s.MediaAddr()).Addr().String()
	port := 0
	for _, l := range s.Listeners() {
		if l.Protocol == "udp" {
			port = l.Port
		}
	}
	fixed := net.JoinHostPort(host, strconv.Itoa(port))
	opened, err := s.opener.Open(t.Context(), nonce, netip.MustParseAddr("127.0.0.1"), wire.PortsRequest{Protocol: "udp", Ports: []int{50021, 50023, 50027, 50029}})
	if err != nil || len(opened.Open) == 0 {
		t.Fatalf("no port was opened: %+v, %v", opened, err)
	}
	stunned, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(wire.KnockIDOf(nonce).String()),
		stun.RawAttribute{Type: stun.AttrPadding, Value: make([]byte, 96)}, stun.NewShortTermIntegrity(nonce))
	if err != nil {
		t.Fatal(err)
	}
	name := new(dns.Msg).SetQuestion(wire.DNSName(nonce, [16]byte{1}), dns.TypeTXT)
	name.Extra = append(name.Extra, &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT, Class: 1232}, Option: []dns.EDNS0{
		&dns.EDNS0_PADDING{Padding: make([]byte, wire.DNSPadding)},
	}})
	named, err := name.Pack()
	if err != nil {
		t.Fatal(err)
	}
	for what, test := range map[string]struct {
		to       string
		question []byte
	}{
		"knock at the media port":   {s.MediaAddr(), wire.NewKnock(nonce).Marshal(nonce)},
		"knock at a listener":       {fixed, wire.NewKnock(nonce).Marshal(nonce)},
		"knock at a port for a try": {net.JoinHostPort(host, strconv.Itoa(opened.Open[0])), wire.NewKnock(nonce).Marshal(nonce)},
		"STUN":                      {fixed, stunned.Raw},
		"DNS":                       {fixed, named},
		"SIP":                       {fixed, wire.NewSIPOptions("UDP", "192.0.2.1:5060", host, port, nonce).Marshal()},
	} {
		t.Run(what, func(t *testing.T) {
			answers, bytes := flood(t, test.to, test.question, 2000)
			if answers < 1 || answers > sameQuestion {
				t.Errorf("%d answers, want 1 to %d", answers, sameQuestion)
			}
			if bytes > len(test.question) {
				t.Errorf("%d bytes for a question of %d", bytes, len(test.question))
			}
		})
	}
}

// Whoever holds the token cannot fill the memory with questions.
func TestQuestionsOfOneSessionAreBounded(t *testing.T) {
	s := newSession(request, netip.MustParseAddr("192.0.2.1"))
	n := 0
	for i := range 3 * mostQuestions {
		if s.mayAnswer(asked{question: [16]byte{byte(i), byte(i >> 8), byte(i >> 16)}}) {
			n++
		}
	}
	if n != mostQuestions || len(s.answered) != mostQuestions {
		t.Errorf("%d questions answered, %d remembered, want %d", n, len(s.answered), mostQuestions)
	}
}

// Overheard questions that somebody else sends again, even before the agent's own come, use
// up nothing of what the agent may ask.
func TestCopiesFromElsewhereCostTheAgentNothing(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	c := open(t, s, request)
	nonce := c.Grant().Nonce
	thief := netip.MustParseAddrPort("127.0.0.66:666")
	for name, from := range map[string]netip.AddrPort{"over UDP": netip.MustParseAddrPort("127.0.0.1:777"), "over TCP": {}} {
		k := wire.NewKnock(nonce)
		stolen := 0
		for range 7000 {
			if s.mayAnswer(k.ID, k.Random, thief) {
				stolen++
			}
		}
		own := 0
		for range 20 {
			if s.mayAnswer(k.ID, k.Random, from) {
				own++
			}
		}
		if stolen > sameQuestion || own != sameQuestion {
			t.Errorf("%s: %d copies were answered, and %d of the agent's own, want %d of each at most", name, stolen, own, sameQuestion)
		}
	}
}

// Nobody can keep the agent out by filling the queue of answers that wait: it would be
// reported that a NAT had forgotten its mapping.
func TestDelayedAnswersCannotBeCrowdedOut(t *testing.T) {
	var d listen.Delayed
	nonce := "00112233445566778899aabbccddeeff"
	answered := make(chan netip.AddrPort, 100)
	own := netip.MustParseAddrPort("192.0.2.1:9")
	var all []wire.Knock
	for range 3 {
		k := wire.NewKnock(nonce)
		k.Delay = 50 * time.Millisecond
		all = append(all, k)
	}
	for _, k := range all {
		d.After(t.Context(), k, own, func() { answered <- own })
		for i := range 500 {
			thief := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.66"), uint16(1+i))
			d.After(t.Context(), k, thief, func() { answered <- thief })
		}
	}
	time.Sleep(300 * time.Millisecond)
	mine, others := 0, 0
	for range len(answered) {
		if <-answered == own {
			mine++
		} else {
			others++
		}
	}
	if mine != 3 || others > 3 {
		t.Errorf("%d answers for the agent, %d for others, want 3 and 3 at most", mine, others)
	}
}

// What was granted to one session cannot be used in another: its packets count for none,
// its credentials prove no address of the other, and its requests need the token that it
// was granted for.
func TestGrantIsOfNoUseInAnotherSession(t *testing.T) {
	t.Parallel()
	config := Local()
	identity, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	identity.Others = []string{"another-token-of-the-operator"}
	config.Identity = identity
	s := start(t, config)
	victim, thief := open(t, s, request), open(t, s, request)
	own, stolen := victim.Grant().Calls[0], thief.Grant().Calls[0]
	mixed := wire.UpFlow(request, own)
	mixed.Key = stolen.Key
	sealer, err := wire.NewSealer(mixed)
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, s)
	for i := range int64(20) {
		c.send(t, sealer.Seal(i, 0))
	}
	c.listen(t, 200*time.Millisecond)
	call := s.find(victim.Grant().Session).calls[0]
	call.mu.Lock()
	counted, foreign := call.up.counted, call.event.Foreign
	call.mu.Unlock()
	if counted != 0 || foreign != 20 || c.in != 0 {
		t.Errorf("%d packets counted, %d foreign, %d bytes came back; want 0, 20 and 0", counted, foreign, c.in)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		path := wire.PathSessions + "/" + victim.Grant().Session
		if method == http.MethodGet {
			path += wire.PathEvents
		}
		r, err := http.NewRequestWithContext(t.Context(), method, "https://"+s.ControlAddr()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+identity.Others[0])
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s with another good token: status %d, want 404", method, answer.StatusCode)
		}
	}
	if s.find(victim.Grant().Session) == nil {
		t.Error("the session was ended with another token")
	}
}
