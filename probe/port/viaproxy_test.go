package port

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
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"netready/probe/facts"
)

// webServer serves HTTPS by the name service.test; the pool trusts it.
func webServer(t *testing.T) (address string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "service.test"}, DNSNames: []string{"service.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	roots = x509.NewCertPool()
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(parsed)
	return s.Listener.Addr().String(), roots
}

// webProxy leads every name to one address, or answers with a status instead.
func webProxy(t *testing.T, to string, status int) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
		if r.Method != http.MethodConnect {
			w.Header().Set("Location", "https://service.test/")
			w.WriteHeader(http.StatusMovedPermanently)
			return
		}
		far, err := new(net.Dialer).DialContext(r.Context(), "tcp", to)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer far.Close()
		near, ahead, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer near.Close()
		_, _ = io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() { _, _ = io.Copy(far, ahead); _ = far.Close() }()
		_, _ = io.Copy(near, far)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Where only a proxy leads out, names are not resolved: rows that a browser sends through
// the proxy failed as dns before the proxy was asked.
func TestRowsOfABrowserGoThroughTheProxy(t *testing.T) {
	web, roots := webServer(t)
	nobody := nameServer(t, func(string) net.IP { return nil })
	checks := []Check{
		{Name: "tls", Protocol: "tls", Host: "service.test", Port: 443},
		{Name: "https", Protocol: "https", Host: "service.test", Port: 8443},
		{Name: "http", Protocol: "http", Host: "service.test", Port: 80},
		{Name: "tls elsewhere", Protocol: "tls", Host: "service.test", Port: 5061},
		{Name: "stun", Protocol: "stun", Host: "service.test", Port: 3478},
	}
	for _, test := range []struct {
		name, proxy string
		status      string
		reason      string
		words       string
	}{
		{"leads out", webProxy(t, web, http.StatusOK), facts.StatusPass, "", "through the proxy http://127.0.0.1"},
		{"wants a log-in", webProxy(t, web, http.StatusProxyAuthRequired), facts.StatusNotMeasured, facts.ReasonProxyAuth, "wants a log-in"},
		{"refuses", webProxy(t, web, http.StatusForbidden), facts.StatusFail, facts.ReasonDNS, "403 Forbidden"},
		{"portal", webProxy(t, web, http.StatusNetworkAuthenticationRequired), facts.StatusFail, facts.ReasonHijacked, "captive portal"},
		{"is gone", "http://127.0.0.1:" + strconv.Itoa(closedPort(t, "tcp")), facts.StatusFail, facts.ReasonDNS, "did not help"},
	} {
		for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY"} {
			t.Setenv(name, test.proxy)
		}
		t.Setenv("NO_PROXY", "")
		for _, row := range Run(t.Context(), checks, Options{Roots: roots, Resolver: askingAt(nobody)}) {
			status, reason, words := test.status, test.reason, test.words
			if row.Name == "http" && test.name == "refuses" { // the page's own refusal looks the same
				status, reason = facts.StatusPass, ""
			}
			if row.Name == "tls elsewhere" || row.Name == "stun" {
				status, reason, words = facts.StatusFail, facts.ReasonDNS, "could not be resolved"
			}
			if row.Status != status || row.Reason != reason || !strings.Contains(row.Detail, words) {
				t.Errorf("%s, %s: got %s %s (%s)", test.name, row.Name, row.Status, row.Reason, row.Detail)
			}
			if (row.Proxy != "") != (status == facts.StatusPass || reason == facts.ReasonHijacked) {
				t.Errorf("%s, %s: via %q", test.name, row.Name, row.Proxy)
			}
		}
	}
}

// askingAt asks one name server.
func askingAt(server netip.AddrPort) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.String())
	}}
}
