package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"netready/probe/call"
	"netready/probe/invite"
)

// parsed is the invite that a program printed.
func parsed(t *testing.T, text string) invite.Invite {
	t.Helper()
	i, err := invite.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// told waits for what a running program says on stderr.
func (p *program) told(t *testing.T, what string) {
	t.Helper()
	for range 200 {
		if strings.Contains(p.stderr.String(), what) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("it does not say %q, but %q", what, p.stderr.String())
}

// SIGHUP applies new tokens and limits while sessions go on; a bad file changes nothing,
// and the error names its line.
func TestReloads(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGHUP there")
	}
	dir := t.TempDir()
	data, limits, file := filepath.Join(dir, "data"), filepath.Join(dir, "limits.yaml"), filepath.Join(dir, "invite.txt")
	write := func(path, content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(limits, "max_calls: 2\n")
	p := begin(t, "--data", data, "--limits", limits, "--invite-file", file)
	old := parsed(t, strings.TrimSpace(p.invite))
	try := func(to invite.Invite, calls int) error {
		s, err := call.Open(t.Context(), to, call.Settings{Calls: calls, Duration: time.Second})
		if err == nil {
			_ = s.Close()
		}
		return err
	}
	if err := try(old, 3); !errors.Is(err, call.ErrRefused) {
		t.Errorf("three calls where two are the limit: %v", err)
	}
	under, err := call.Open(t.Context(), old, call.Settings{Duration: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	hangup := func() {
		t.Helper()
		if err := p.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	hangup()
	p.told(t, "nothing changed")

	fresh := old
	fresh.Token = "BBBBBBBBBBBBBBBBBBBBBB"
	write(filepath.Join(data, "token"), "# handed out in May\n"+fresh.Token+"\n"+old.Token+"\n")
	write(limits, "max_calls: 4\n")
	hangup()
	p.told(t, "other limits")
	if err := errors.Join(try(fresh, 3), try(old, 3)); err != nil {
		t.Errorf("the new token and the old one, three calls: %v", err)
	}
	saved, err := os.ReadFile(file)
	for range 50 { // it is written a moment after the message about the limits
		if err == nil && strings.Contains(string(saved), fresh.Token) {
			break
		}
		time.Sleep(100 * time.Millisecond)
		saved, err = os.ReadFile(file)
	}
	if err != nil || !strings.Contains(string(saved), fresh.Token) {
		t.Errorf("the invite file holds %q (%v), want the new token", saved, err)
	}

	for name, spoil := range map[string]func(){
		"line 2":        func() { write(filepath.Join(data, "token"), fresh.Token+"\nno token\n") },
		"limits.yaml":   func() { write(limits, "max_cals: 4\n") },
		"max_calls 0":   func() { write(limits, "max_calls: 0\n") },
		"responder.key": func() { _ = os.Remove(filepath.Join(data, "responder.key")) },
	} {
		key, err := os.ReadFile(filepath.Join(data, "responder.key"))
		if err != nil {
			t.Fatal(err)
		}
		spoil()
		hangup()
		p.told(t, name)
		if err := errors.Join(try(fresh, 3), try(old, 3)); err != nil {
			t.Errorf("after a bad file (%s): %v", name, err)
		}
		write(filepath.Join(data, "token"), fresh.Token+"\n"+old.Token+"\n")
		write(limits, "max_calls: 4\n")
		write(filepath.Join(data, "responder.key"), string(key))
	}

	write(filepath.Join(data, "token"), fresh.Token+"\n")
	hangup()
	p.told(t, "accepted: 1, before 2")
	if err := try(old, 1); !errors.Is(err, call.ErrToken) {
		t.Errorf("a token that was taken away: %v", err)
	}
	if outcome, err := under.Run(t.Context(), call.Plan{}); err != nil || len(outcome.Calls) != 1 || len(outcome.Calls[0].Up.Arrivals) == 0 {
		t.Errorf("the session from before: %+v, %v", outcome, err)
	}
	_ = under.Close()
	if status := p.end(t); status != 0 || strings.Contains(p.stderr.String(), old.Token) || strings.Contains(p.stderr.String(), fresh.Token) {
		t.Errorf("status %d, stderr %s", status, p.stderr.String())
	}
}

// SIGHUP applies a renewed certificate of the operator's own.
func TestReloadsTheCertificate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no SIGHUP there")
	}
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	renew := func() []byte { return writeCertificate(t, cert, key) }
	first := renew()
	p := begin(t, "--data", filepath.Join(dir, "data"), "--tls-cert", cert, "--tls-key", key)
	shown := func() []byte {
		t.Helper()
		c, err := tls.Dial("tcp", parsed(t, strings.TrimSpace(p.invite)).Host, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Raw
	}
	if !bytes.Equal(shown(), first) {
		t.Error("another certificate than the file's")
	}
	second := renew()
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.told(t, "another key")
	if !bytes.Equal(shown(), second) {
		t.Error("the old certificate is shown after the reload")
	}
	if err := os.WriteFile(cert, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.told(t, "nothing has changed")
	if !bytes.Equal(shown(), second) {
		t.Error("a bad file took the certificate away")
	}
}

// writeCertificate writes a fresh key and a certificate, which it returns.
func writeCertificate(t *testing.T, cert, key string) []byte {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return der
}
