package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"netready/probe/responder"
)

const (
	// lookForRenewal is how often a renewed certificate is looked for. It is
	// renewed 30 days before its end.
	lookForRenewal = time.Hour
	tryAgain       = 10 * time.Minute
	// issueWait is how long the start waits for the first certificate. Without one the
	// responder serves with its own key.
	issueWait = 45 * time.Second
	// httpWait bounds a request of the authority over HTTP.
	httpWait = 5 * time.Second
)

// issuer gets certificates from an authority (RFC 8555), and renews them.
type issuer struct {
	host    string
	manager *autocert.Manager
	http    *http.Server     // nil: the authority is answered over the control port only
	news    chan issued      // of watch
	current *tls.Certificate // in use; nil: none
}

func newIssuer(s settings) *issuer {
	m := &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(filepath.Join(s.Data, "acme")),
		HostPolicy: autocert.HostWhitelist(s.ACME), Email: s.ACMEEmail,
	}
	if s.ACMEDirectory != "" {
		m.Client = &acme.Client{DirectoryURL: s.ACMEDirectory}
	}
	return &issuer{host: s.ACME, manager: m, news: make(chan issued)}
}

// issued is a certificate, or why there is none.
type issued struct {
	certificate *tls.Certificate
	err         error
}

// startIssuer asks for the first certificate. It is no error if there is none yet: invites
// also contain the pin of the responder's own key.
func (s *service) startIssuer(ctx context.Context) error {
	if s.issuer == nil {
		return nil
	}
	if s.now.ACMEHTTP != "" {
		if err := s.issuer.listen(ctx, s.now.ACMEHTTP); err != nil {
			return err
		}
	}
	go s.issuer.watch(ctx) // its waits are bounded, and it ends with the program
	select {
	case news := <-s.issuer.news:
		s.takeIssued(news)
	case <-ctx.Done():
	case <-time.After(issueWait):
		s.takeIssued(issued{nil, fmt.Errorf("no certificate within %v", issueWait)})
	}
	return nil
}

// watch reports the current certificate, and each new one.
func (i *issuer) watch(ctx context.Context) {
	for {
		certificate, err := i.get()
		wait := lookForRenewal
		if err != nil {
			wait = tryAgain
		}
		select {
		case i.news <- issued{certificate, err}:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// listen answers the authority over HTTP.
func (i *issuer) listen(ctx context.Context, address string) error {
	var l net.ListenConfig
	listener, err := l.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listening for the certificate authority: %w; choose another address with --acme-http", err)
	}
	i.http = &http.Server{
		Handler:     i.manager.HTTPHandler(http.NotFoundHandler()),
		ReadTimeout: httpWait, WriteTimeout: httpWait, IdleTimeout: httpWait, MaxHeaderBytes: 16 << 10,
	}
	go func() { _ = i.http.Serve(listener) }() // ends with http.ErrServerClosed
	return nil
}

func (s *service) endIssuer() {
	if s.issuer != nil && s.issuer.http != nil {
		_ = s.issuer.http.Close()
	}
}

// get returns the current certificate: from memory, from the folder or, at first, from the
// authority. The manager renews it by itself.
func (i *issuer) get() (*tls.Certificate, error) {
	return i.manager.GetCertificate(&tls.ClientHelloInfo{
		ServerName: i.host, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
		SupportedCurves: []tls.CurveID{tls.CurveP256}, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		SupportedProtos: []string{"h2"},
	})
}

// takeIssued uses the current certificate, or the responder's own key if there is none.
func (s *service) takeIssued(news issued) {
	s.issuer.current = news.certificate
	if news.err != nil {
		s.log.Warn("no certificate from the authority: agents are served by the responder's own key, browsers warn",
			"host", s.issuer.host, "reason", news.err, "remedy", "the authority has to reach port 443 of this name (--control) or port 80 (--acme-http)")
	}
	before := s.server.Invite().String()
	for _, change := range s.server.Reload(s.shown(), s.now.limits()) {
		s.log.Info("certificate", "change", change)
	}
	s.rewriteInvite(before)
}

// shown is the identity with the certificate that is shown now.
func (s *service) shown() responder.Identity {
	if s.issuer == nil || s.issuer.current == nil {
		return s.own
	}
	return s.own.WithIssued(*s.issuer.current)
}
