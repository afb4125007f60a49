//go:build system

package port_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/pion/stun/v3"
	"go.yaml.in/yaml/v3"

	"netready/probe/ice"
	"netready/probe/internal/netlab"
	"netready/probe/internal/wire"
	"netready/probe/port"
	"netready/probe/responder/listen"
)

const nonce = "00112233445566778899aabbccddeeff"

func sessions(id wire.KnockID) (string, bool) { return nonce, id == wire.KnockIDOf(nonce) }

// TestMain plays a role where the binary was started anew inside a namespace.
func TestMain(m *testing.M) {
	roles := map[string]func() error{"responder": playResponder, "impostor": playImpostor, "client": playClient, "proxy": playProxy, "silent": playSilent}
	role := roles[os.Getenv(netlab.RoleVar)]
	if role == nil {
		os.Exit(m.Run())
	}
	if err := role(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const portsAddress = netlab.Server + ":9000"

// playResponder listens as SPEC says, and opens ports on demand.
func playResponder() error {
	certificate, err := selfSigned("responder", nil, nil)
	if err != nil {
		return err
	}
	config := listen.Config{
		Spec: os.Getenv("SPEC"), Nonce: sessions, TLS: &tls.Config{Certificates: []tls.Certificate{certificate}},
	}
	if a := os.Getenv("ADDRESSES"); a != "" {
		config.Addresses = strings.Split(a, ",")
	}
	if _, err := listen.Start(context.Background(), config); err != nil {
		return err
	}
	opener := &listen.Opener{Nonce: sessions}
	http.HandleFunc("/ports", func(w http.ResponseWriter, r *http.Request) {
		var ask wire.PortsRequest
		_ = json.NewDecoder(r.Body).Decode(&ask)
		grant, err := opener.Open(r.Context(), nonce, netip.MustParseAddr(netlab.Client), ask)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(w).Encode(grant)
	})
	fmt.Println("ready")
	return http.ListenAndServe(portsAddress, nil)
}

// play is what the client is told to do.
type play struct {
	Checks       []port.Check `json:"-"`
	List         []byte       // the checks on their way to the client, without the secrets that they hide
	Credentials  [][2]string  // of each
	Listeners    []wire.Listener
	Host         string
	Samples      int
	Runs, AtOnce int
}

// playClient runs checks and prints the rows of each run.
func playClient() error {
	var p play
	err := json.NewDecoder(os.Stdin).Decode(&p)
	if err == nil {
		err = yaml.Unmarshal(p.List, &p.Checks)
	}
	if err != nil {
		return err
	}
	for i, words := range p.Credentials {
		p.Checks[i].Username, p.Checks[i].Password = ice.NewSecret(words[0]), ice.NewSecret(words[1])
	}
	opts := port.Options{Samples: p.Samples, NoProxy: true}
	if p.Host != "" {
		opts.Session = &port.Session{Nonce: nonce, Host: p.Host, Media: net.JoinHostPort(p.Host, "9"), Listeners: p.Listeners, Open: openPorts}
	}
	stop := make(chan struct{})
	stalled := make(chan time.Duration)
	go watchStalls(stop, stalled)
	runs := make([][]port.Row, max(1, p.Runs))
	slots := make(chan struct{}, max(1, p.AtOnce))
	var wg sync.WaitGroup
	for i := range runs {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			runs[i] = port.Run(context.Background(), p.Checks, opts)
		})
	}
	wg.Wait()
	close(stop)
	if gap := <-stalled; gap > time.Second {
		fmt.Fprintf(os.Stderr, "this machine stood still for %s\n", gap.Round(time.Millisecond))
	}
	return gob.NewEncoder(os.Stdout).Encode(runs)
}

// watchStalls measures the longest time in which the machine ran nothing: a verdict from
// such a time says nothing about the program.
func watchStalls(stop <-chan struct{}, longest chan<- time.Duration) {
	var worst time.Duration
	for last := time.Now(); ; {
		select {
		case <-stop:
			longest <- worst
			return
		case <-time.After(20 * time.Millisecond):
		}
		worst, last = max(worst, time.Since(last)), time.Now()
	}
}

func openPorts(ctx context.Context, r wire.PortsRequest) (wire.PortsGrant, error) {
	var grant wire.PortsGrant
	body, err := json.Marshal(r)
	if err != nil {
		return grant, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+portsAddress+"/ports", bytes.NewReader(body))
	if err != nil {
		return grant, err
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return grant, err
	}
	defer answer.Body.Close()
	return grant, json.NewDecoder(answer.Body).Decode(&grant)
}

// playImpostor answers in every protocol as a server would that knows nothing
// of the session: TCP on 1, TLS on 2, UDP on 3.
func playImpostor() error {
	certificate, err := selfSigned("Evil Proxy CA", []string{netlab.Server}, nil)
	if err != nil {
		return err
	}
	plain, err := net.Listen("tcp", ":1")
	if err != nil {
		return err
	}
	secure, err := tls.Listen("tcp", ":2", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		return err
	}
	for _, l := range []net.Listener{plain, secure} {
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					_, _ = io.Copy(c, c)
				}()
			}
		}()
	}
	c, err := net.ListenPacket("udp", ":3")
	if err != nil {
		return err
	}
	fmt.Println("ready")
	b := make([]byte, 4096)
	for {
		n, from, err := c.ReadFrom(b)
		if err != nil {
			return err
		}
		_, _ = c.WriteTo(pretend(b[:n], from.(*net.UDPAddr)), from)
	}
}

// pretend is a plausible answer.
func pretend(question []byte, from *net.UDPAddr) []byte {
	m := &stun.Message{Raw: bytes.Clone(question)}
	q := new(dns.Msg)
	switch {
	case stun.IsMessage(question) && m.Decode() == nil:
		return stun.MustBuild(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess,
			&stun.XORMappedAddress{IP: from.IP, Port: from.Port}).Raw
	case bytes.HasPrefix(question, []byte("OPTIONS ")):
		return bytes.Replace(question, question[:bytes.Index(question, []byte("\r\n"))], []byte("SIP/2.0 200 OK"), 1)
	case !wire.IsKnock(question) && q.Unpack(question) == nil:
		answer, _ := new(dns.Msg).SetRcode(q, dns.RcodeNameError).Pack()
		return answer
	}
	return question
}

// playProxy opens TLS connections on 443 and presents its own certificate for whatever name
// is asked for, as inspecting proxies do.
func playProxy() error {
	ca, err := selfSigned("Inspecting Proxy CA", nil, nil)
	if err != nil {
		return err
	}
	l, err := tls.Listen("tcp", ":2", &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		name := h.ServerName
		if name == "" {
			name, _, _ = net.SplitHostPort(h.Conn.LocalAddr().String())
		}
		c, err := selfSigned(name, []string{name, netlab.Server}, &ca)
		return &c, err
	}})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go relay(c)
	}
}

// relay passes what was decrypted on to the real server.
func relay(c net.Conn) {
	defer c.Close()
	far, err := tls.Dial("tcp", netlab.Server+":"+os.Getenv("FAR"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer far.Close()
	go func() { _, _ = io.Copy(far, c) }()
	_, _ = io.Copy(c, far)
}

// selfSigned makes a certificate; with a CA, signed by that.
func selfSigned(cn string, names []string, ca *tls.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: cn},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: len(names) == 0, BasicConstraintsValid: true,
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, n)
		}
	}
	parent, by := c, key
	chain := [][]byte{nil}
	if ca != nil {
		if parent, err = x509.ParseCertificate(ca.Certificate[0]); err != nil {
			return tls.Certificate{}, err
		}
		by = ca.PrivateKey.(*ecdsa.PrivateKey)
		chain = append(chain, ca.Certificate[0])
	}
	chain[0], err = x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, by)
	return tls.Certificate{Certificate: chain, PrivateKey: key}, err
}

// ask has the client of a lab run some checks.
func ask(t *testing.T, lab *netlab.Lab, p play, env ...string) [][]port.Row {
	t.Helper()
	var err error
	if p.List, err = yaml.Marshal(p.Checks); err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Checks {
		p.Credentials = append(p.Credentials, [2]string{c.Username.Reveal(), c.Password.Reveal()})
	}
	input, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var runs [][]port.Row
	if err := gob.NewDecoder(bytes.NewReader(lab.Ask(t, "c", "client", input, env...))).Decode(&runs); err != nil {
		t.Fatal(err)
	}
	return runs
}
