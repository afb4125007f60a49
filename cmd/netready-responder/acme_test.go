package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"netready/probe/call"
	"netready/probe/invite"
)

// authority is a certificate authority that speaks ACME (RFC 8555) as far as
// one order needs it: it proves the name over TLS (RFC 8737) and signs.
type authority struct {
	t       *testing.T
	server  *httptest.Server
	key     *ecdsa.PrivateKey
	root    *x509.Certificate
	control string // address of the responder that it proves names with

	mu     sync.Mutex // guards the rest
	proved bool
	why    string // it was not
	issued []byte // PEM
	orders int
}

func newAuthority(t *testing.T, control string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key, control: control}
	if a.root, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.server = httptest.NewTLSServer(a.routes())
	t.Cleanup(a.server.Close)
	return a
}

func (a *authority) routes() http.Handler {
	mux := http.NewServeMux()
	reply := func(pattern string, status int, location string, body func(payload []byte) any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			var signed struct{ Payload string }
			_ = json.NewDecoder(r.Body).Decode(&signed)
			payload, _ := base64.RawURLEncoding.DecodeString(signed.Payload)
			w.Header().Set("Replay-Nonce", rand.Text())
			if location != "" {
				w.Header().Set("Location", a.url(location))
			}
			w.Header().Set("Content-Type", "application/json")
			answer := body(payload)
			if b, ok := answer.([]byte); ok {
				w.Header().Set("Content-Type", "application/pem-certificate-chain")
				_, _ = w.Write(b)
				return
			}
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(answer)
		})
	}
	type object = map[string]any
	reply("GET /directory", 200, "", func([]byte) any {
		return object{"newNonce": a.url("/nonce"), "newAccount": a.url("/account"), "newOrder": a.url("/order"), "revokeCert": a.url("/revoke"), "keyChange": a.url("/key")}
	})
	reply("HEAD /nonce", 200, "", func([]byte) any { return object{} })
	reply("POST /account", 201, "/account/1", func([]byte) any { return object{"status": "valid"} })
	reply("POST /order", 201, "/order/1", func([]byte) any { a.count(); return a.order() })
	reply("POST /order/1", 200, "/order/1", func([]byte) any { return a.order() })
	reply("POST /authz/1", 200, "", func([]byte) any { return a.authorization() })
	reply("POST /challenge/1", 200, "", func([]byte) any { a.prove(); return a.challenge() })
	reply("POST /finalize/1", 200, "/order/1", func(payload []byte) any { a.sign(payload); return a.order() })
	reply("POST /certificate/1", 200, "", func([]byte) any { a.mu.Lock(); defer a.mu.Unlock(); return a.issued })
	return mux
}

func (a *authority) url(path string) string { return a.server.URL + path }

const acmeHost = "voice.example.com"

func (a *authority) count() { a.mu.Lock(); defer a.mu.Unlock(); a.orders++ }

func (a *authority) order() map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	o := map[string]any{
		"status": "pending", "identifiers": []any{map[string]any{"type": "dns", "value": acmeHost}},
		"authorizations": []string{a.url("/authz/1")}, "finalize": a.url("/finalize/1"),
	}
	if a.proved {
		o["status"] = "ready"
	}
	if a.issued != nil {
		o["status"], o["certificate"] = "valid", a.url("/certificate/1")
	}
	return o
}

func (a *authority) status() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.proved:
		return "valid"
	case a.why != "":
		return "invalid"
	}
	return "pending"
}

func (a *authority) challenge() map[string]any {
	return map[string]any{"type": "tls-alpn-01", "url": a.url("/challenge/1"), "token": "dG9rZW4", "status": a.status()}
}

func (a *authority) authorization() map[string]any {
	return map[string]any{
		"status": a.status(), "identifier": map[string]any{"type": "dns", "value": acmeHost}, "challenges": []any{a.challenge()},
	}
}

// prove asks the responder for the certificate of RFC 8737 3.
func (a *authority) prove() {
	why := func() string {
		c, err := tls.Dial("tcp", a.control, &tls.Config{ServerName: acmeHost, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
		if err != nil {
			return err.Error()
		}
		defer c.Close()
		state := c.ConnectionState()
		if state.NegotiatedProtocol != "acme-tls/1" {
			return "it speaks " + state.NegotiatedProtocol
		}
		identifier := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}
		for _, e := range state.PeerCertificates[0].Extensions {
			if e.Id.Equal(identifier) && e.Critical && len(e.Value) == 34 {
				return ""
			}
		}
		return "no acmeIdentifier"
	}()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.proved, a.why = why == "", why
}

func (a *authority) sign(payload []byte) {
	var request struct{ CSR string }
	_ = json.Unmarshal(payload, &request)
	der, _ := base64.RawURLEncoding.DecodeString(request.CSR)
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		a.t.Error(err)
		return
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: csr.DNSNames, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(60 * 24 * time.Hour),
	}
	leaf, err := x509.CreateCertificate(rand.Reader, template, a.root, csr.PublicKey, crypto.Signer(a.key))
	if err != nil {
		a.t.Error(err)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range [][]byte{leaf, a.root.Raw} {
		a.issued = append(a.issued, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: b})...)
	}
}

// freePort is one that nobody listens at.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A browser gets a certificate that it trusts, and an agent the key of its invite, also
// after a restart and when the authority is gone.
func TestCertificateFromAnAuthority(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the program finds the test's authority by SSL_CERT_FILE on Linux alone")
	}
	control, dir := freePort(t), t.TempDir()
	ca := newAuthority(t, control)
	roots := filepath.Join(dir, "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", roots)
	start := func(data string) (*program, invite.Invite) {
		p := begin(t, "--control", control, "--data", filepath.Join(dir, data), "--acme", acmeHost, "--acme-directory", ca.url("/directory"))
		to := parsed(t, strings.TrimSpace(p.invite))
		if host, _, _ := net.SplitHostPort(to.Host); host != acmeHost {
			t.Errorf("the invite is for %s", to.Host)
		}
		to.Host = control // the name does not lead to this host
		if session, err := call.Open(context.Background(), to, call.Settings{Duration: time.Second}); err != nil {
			t.Errorf("an agent: %v; %s", err, p.stderr)
		} else {
			_ = session.Close()
		}
		return p, to
	}
	browser := func() error {
		pool := x509.NewCertPool()
		pool.AddCert(ca.root)
		c, err := tls.Dial("tcp", control, &tls.Config{ServerName: acmeHost, RootCAs: pool})
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	first, invited := start("d")
	if err := browser(); err != nil || ca.orders != 1 {
		t.Errorf("a browser: %v after %d orders (%s); %s", err, ca.orders, ca.why, first.stderr)
	}
	private(t, filepath.Join(dir, "d", "acme", acmeHost))
	first.end(t)

	second, later := start("d")
	if err := browser(); err != nil || ca.orders != 1 {
		t.Errorf("after a restart: %v, %d orders, want the certificate of before", err, ca.orders)
	}
	if !slices.EqualFunc(invited.Pins, later.Pins, bytes.Equal) || len(later.Pins) != 2 {
		t.Error("the invite has other pins after a restart, or not those of both keys")
	}
	second.end(t)

	ca.server.Close()
	third, _ := start("without")
	if err := browser(); err == nil {
		t.Error("a browser trusts the responder's own key")
	}
	third.told(t, "no certificate from the authority")
}
