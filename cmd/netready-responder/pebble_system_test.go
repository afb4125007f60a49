//go:build system && linux

package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"netready/internal/nameserver"
	"netready/internal/need"
)

// pebble is the authority that Let's Encrypt made for tests: it proves a name by DNS and
// TLS as they do, and refuses one request in twenty for its nonce.
type pebble struct {
	directory string // URL
	roots     string // file with the certificate of its own HTTPS
	issues    *x509.CertPool
	said      *bytes.Buffer // complete when it has ended
}

// startPebble starts one that finds names at 127.0.0.1, at a port.
func startPebble(t *testing.T, port string) pebble {
	t.Helper()
	program := need.GoTool(t, "pebble", "github.com/letsencrypt/pebble/v2/cmd/pebble")
	dir := t.TempDir()
	p := pebble{roots: filepath.Join(dir, "roots.pem"), issues: x509.NewCertPool(), said: &bytes.Buffer{}}
	key := filepath.Join(dir, "key.pem")
	writeCertificate(t, p.roots, key)
	listen, manage := freePort(t), freePort(t)
	tlsPort, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": listen, "managementListenAddress": manage, "certificate": p.roots, "privateKey": key, "tlsPort": tlsPort, "httpPort": 1, "keyAlgorithm": "ecdsa",
	}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "pebble.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "-config", file, "-dnsserver", nameserver.Start(t, acmeHost, "127.0.0.1"))
	c.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	c.Stdout, c.Stderr = p.said, p.said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Logf("pebble: %s", p.said)
		}
	})
	p.directory = "https://" + listen + "/dir"
	p.issues.AppendCertsFromPEM(rootOf(t, manage))
	return p
}

// rootOf is the certificate that pebble made for what it issues.
func rootOf(t *testing.T, manage string) []byte {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: 2 * time.Second}
	defer client.CloseIdleConnections()
	for range 100 {
		answer, err := client.Get("https://" + manage + "/roots/0")
		if err == nil {
			b, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err == nil && answer.StatusCode == http.StatusOK {
				return b
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("pebble does not answer")
	return nil
}

// A certificate of a real ACME server, and its key over a restart.
func TestCertificateFromPebble(t *testing.T) {
	control := freePort(t)
	_, port, _ := net.SplitHostPort(control)
	ca := startPebble(t, port)
	t.Setenv("SSL_CERT_FILE", ca.roots)
	data := filepath.Join(t.TempDir(), "d")
	var serials []string
	for range 2 {
		p := begin(t, "--control", control, "--data", data, "--acme", acmeHost, "--acme-directory", ca.directory)
		c, err := tls.Dial("tcp", control, &tls.Config{ServerName: acmeHost, RootCAs: ca.issues})
		if err != nil {
			t.Fatalf("a browser: %v; %s", err, p.stderr)
		}
		serials = append(serials, c.ConnectionState().PeerCertificates[0].SerialNumber.String())
		_ = c.Close()
		p.end(t)
	}
	if serials[0] != serials[1] {
		t.Errorf("after a restart certificate %s is shown, and not %s", serials[1], serials[0])
	}
}
