package listen_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"netready/probe/facts"
	"netready/probe/internal/wire"
	"netready/probe/port"
	"netready/probe/responder/listen"
)

const nonce = "00112233445566778899aabbccddeeff"

var loopback = netip.MustParseAddr("127.0.0.1")

func sessions(id wire.KnockID) (string, bool) { return nonce, id == wire.KnockIDOf(nonce) }

func certificate(t *testing.T, cn string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: cn},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func start(t *testing.T, spec string, addresses ...string) *listen.Set {
	t.Helper()
	set, err := listen.Start(t.Context(), listen.Config{
		Spec: spec, Addresses: addresses, Nonce: sessions,
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate(t, "responder")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	return set
}

func TestEveryProtocolIsProved(t *testing.T) {
	t.Parallel()
	set := start(t, "udp:0,tcp:0,tls:0", "127.0.0.1")
	session := &port.Session{Nonce: nonce, Host: "127.0.0.1", Media: "127.0.0.1:9", Listeners: set.Listeners()}
	other := *session
	other.Nonce = "another session's"
	var checks []port.Check
	for _, l := range set.Listeners() {
		checks = append(checks, port.Check{Name: l.Protocol, Protocol: l.Protocol, Port: l.Port})
	}
	if len(checks) != 11 {
		t.Errorf("got %d checks, want 11", len(checks))
	}
	for _, row := range port.Run(t.Context(), checks, port.Options{Session: session}) {
		if row.Status != facts.StatusPass {
			t.Errorf("%s: got %s %s: %s", row.Name, row.Status, row.Reason, row.Detail)
		}
	}
	for _, row := range port.Run(t.Context(), checks, port.Options{Session: &other}) {
		if row.Status != facts.StatusFail {
			t.Errorf("%s: a stranger got %s", row.Name, row.Status)
		}
	}
}

func TestOpenedPorts(t *testing.T) {
	t.Parallel()
	opener := &listen.Opener{Address: "127.0.0.1", Nonce: sessions, Lifetime: 3 * time.Second}
	t.Cleanup(func() { _ = opener.Close() })
	session := &port.Session{
		Nonce: nonce, Host: "127.0.0.1", Media: "127.0.0.1:9",
		Open: func(ctx context.Context, r wire.PortsRequest) (wire.PortsGrant, error) {
			return opener.Open(ctx, nonce, loopback, r)
		},
	}
	rows := port.Run(t.Context(), []port.Check{
		{Name: "range", Protocol: "udp-range", Ports: "31000-31063"},
		{Name: "one", Protocol: "udp", Port: 31100},
		{Name: "outside", Protocol: "udp", Port: 1000},
	}, port.Options{Session: session, Samples: 20})
	if r := rows[0]; r.Status != facts.StatusPass || len(r.Tested) < 15 || len(r.FailedPorts) > 0 {
		t.Errorf("range: got %+v", r)
	}
	if rows[1].Status != facts.StatusPass || rows[2].Status != facts.StatusNotMeasured {
		t.Errorf("got %+v and %+v", rows[1], rows[2])
	}
	if err := opener.Close(); err != nil {
		t.Error(err)
	}
	grant, err := opener.Open(t.Context(), nonce, loopback, wire.PortsRequest{Protocol: "udp", Ports: []int{31000}})
	if err != nil || len(grant.Open) != 0 {
		t.Errorf("a closed opener gave %+v, %v", grant, err)
	}
}

func TestOpenerBounds(t *testing.T) {
	t.Parallel()
	opener := &listen.Opener{Address: "127.0.0.1", Nonce: sessions, PerSession: 4, Lifetime: time.Minute}
	t.Cleanup(func() { _ = opener.Close() })
	ask := func(ports ...int) (wire.PortsGrant, error) {
		return opener.Open(t.Context(), nonce, loopback, wire.PortsRequest{Protocol: "udp", Ports: ports})
	}
	if _, err := ask(32001, 32002, 32003, 32004, 32005); err == nil {
		t.Error("five ports at once were granted to a session that may have four")
	}
	first, err := ask(32001, 32002, 32003)
	second, err2 := ask(32004, 32005)
	if err != nil || err2 != nil || len(first.Open)+len(second.Open) > 4 {
		t.Errorf("got %v and %v", first, second)
	}
	if _, err := opener.Open(t.Context(), nonce, loopback, wire.PortsRequest{Protocol: "tcp", Ports: []int{32001}}); err == nil {
		t.Error("TCP ports were granted")
	}
}

// A stranger gets no answer, and no answer is larger than its question.
func TestNoAmplification(t *testing.T) {
	t.Parallel()
	set := start(t, "udp:0", "127.0.0.1")
	at := set.Listeners()[0].Port
	conn, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: at})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	plain := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
	short := stun.MustBuild(stun.TransactionID, stun.BindingRequest,
		stun.NewUsername(wire.KnockIDOf(nonce).String()), stun.NewShortTermIntegrity(nonce)).Raw
	padded := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(wire.KnockIDOf(nonce).String()),
		stun.RawAttribute{Type: 0x26, Value: make([]byte, 96)}, stun.NewShortTermIntegrity(nonce)).Raw
	for name, question := range map[string][]byte{
		"plain STUN": plain, "noise": []byte("hello"), "empty": {}, "knock of a stranger": wire.NewKnock("x").Marshal("x"),
		"SIP": []byte("OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\n"), "large": make([]byte, 4000),
	} {
		if answer := ask(t, conn, question); answer != nil {
			t.Errorf("%s: got an answer of %d bytes", name, len(answer))
		}
	}
	for name, question := range map[string][]byte{"short": short, "padded": padded, "knock": wire.NewKnock(nonce).Marshal(nonce)} {
		answer := ask(t, conn, question)
		if len(answer) > len(question) {
			t.Errorf("%s: %d bytes were answered with %d", name, len(question), len(answer))
		}
		if name != "short" && answer == nil {
			t.Errorf("%s: got no answer", name)
		}
	}
}

func ask(t *testing.T, conn net.Conn, question []byte) []byte {
	t.Helper()
	if _, err := conn.Write(question); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(150 * time.Millisecond))
	b := make([]byte, 4096)
	n, err := conn.Read(b)
	if err != nil {
		return nil
	}
	return b[:n]
}

func TestParseSpec(t *testing.T) {
	for _, test := range []struct {
		spec, want string
	}{
		{"", ""},
		{"none", ""},
		{"udp:3478, TCP:3478", "udp:3478 tcp:3478"},
		{"stun:3478,udp:3478,sip-tls:5061", "udp:3478 tls:5061"},
		{"udp:0,udp:0", "udp:0 udp:0"},
	} {
		ports, err := listen.ParseSpec(test.spec)
		if err != nil {
			t.Errorf("%q: %v", test.spec, err)
		}
		var got []string
		for _, p := range ports {
			got = append(got, p.String())
		}
		if want := strings.Fields(test.want); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", test.spec, got, want)
		}
	}
	if ports, err := listen.ParseSpec("standard"); err != nil || len(ports) != 13 {
		t.Errorf("standard: got %d ports, %v", len(ports), err)
	}
	for _, bad := range []string{"443", "tls", "tls:", "tls:x", "gopher:70", "udp:65536", "udp:-1"} {
		if _, err := listen.ParseSpec(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzParseSpec(f *testing.F) {
	f.Add("standard")
	f.Add("udp:3478,tls:443")
	f.Fuzz(func(t *testing.T, spec string) {
		ports, err := listen.ParseSpec(spec)
		for _, p := range ports {
			if err == nil && len(listen.Speaks(p.Transport)) == 0 {
				t.Errorf("%q gave the port %s", spec, p)
			}
		}
	})
}

// A proxy that opens TLS between agent and responder makes two connections, and the answer
// is tied to the wrong one.
func TestInterceptingProxyIsTold(t *testing.T) {
	t.Parallel()
	set := start(t, "tls:0", "127.0.0.1")
	far := set.Listeners()[0].Port
	proxy, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate(t, "Inspecting Proxy CA")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	go func() {
		for {
			c, err := proxy.Accept()
			if err != nil {
				return
			}
			go pass(c, far)
		}
	}()
	at := proxy.Addr().(*net.TCPAddr).Port
	session := &port.Session{
		Nonce: nonce, Host: "127.0.0.1", Media: "127.0.0.1:9",
		Listeners: []wire.Listener{{Protocol: "tls", Port: at}},
	}
	row := port.Run(t.Context(), []port.Check{{Name: "tls", Protocol: "tls", Port: at}}, port.Options{Session: session})[0]
	if row.Reason != facts.ReasonIntercepted || !strings.Contains(row.Detail, "Inspecting Proxy CA") {
		t.Errorf("got %s %s: %s", row.Status, row.Reason, row.Detail)
	}
}

func pass(c net.Conn, far int) {
	defer c.Close()
	f, err := tls.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(far)), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer f.Close()
	go func() { _, _ = io.Copy(f, c) }()
	_, _ = io.Copy(c, f)
}
