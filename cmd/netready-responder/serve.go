package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"netready/cmd/netready-responder/invitepage"
	"netready/internal/atomicfile"
	"netready/internal/modes"
	"netready/internal/release"
	"netready/probe/facts"
	"netready/probe/regions"
	"netready/probe/responder"
	"netready/probe/responder/tokens"
	"netready/results/store"
)

// serveCmd serves until the program is told to end.
type serveCmd struct {
	settings
}

// service is a responder that runs, with what belongs to it.
type service struct {
	asked  settings // of the command line
	given  []string // keys of its flags
	now    settings // current
	log    *slog.Logger
	server *responder.Server
	own    responder.Identity // key and tokens of the data folder
	issuer *issuer            // nil: no authority is asked

	results      *store.Store // nil: results are not kept
	signers      signers      // whose results are taken
	closeResults func() error
}

// Run starts the responder, says how to reach it, and waits for the end.
func (c *serveCmd) Run(a *app) (err error) {
	signals, stop := hangups()
	defer stop()
	s := &service{asked: c.settings, given: a.given}
	if s.now, err = s.asked.load(s.given); err != nil {
		return err
	}
	s.log = newLog(a.stderr, s.now)
	if err := s.startStore(a.ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.closeResults()) }()
	if err := s.start(a.ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.server.Close()) }()
	closeMetrics, err := s.serveMetrics(a.ctx)
	if err != nil {
		return err
	}
	defer closeMetrics()
	defer s.endIssuer()
	if err := s.startIssuer(a.ctx); err != nil {
		return err
	}
	if err := s.announce(a.stdout); err != nil {
		return err
	}
	s.until(a.ctx, signals)
	s.drain()
	return nil
}

// newLog is the log on stderr. No secret ever goes into it: invites are printed without theirs.
func newLog(stderr io.Writer, s settings) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if s.Verbose {
		options.Level = slog.LevelDebug
	}
	if s.Log == "json" {
		return slog.New(slog.NewJSONHandler(stderr, options))
	}
	return slog.New(slog.NewTextHandler(stderr, options))
}

// start reads key and tokens, and starts the responder.
func (s *service) start(ctx context.Context) (err error) {
	n := s.now
	c := responder.Config{
		Control: n.Control, Media: n.Media, Advertise: n.Advertise, AdvertiseMedia: n.AdvertiseMedia,
		Region: n.Region, Version: release.Version(), Ports: n.Ports, Limits: n.limits(), Log: s.log,
	}
	if c.Ports == "none" {
		c.Ports = ""
	}
	if c.Advertise == "" {
		c.Advertise = n.ACME
	}
	s.warnOfReadableSecrets()
	s.warnOfUnknownRegion()
	if s.own, err = identity(n, responder.LoadIdentity); err != nil {
		return err
	}
	c.Identity = s.own
	if c.Tokens, err = s.openTokens(); err != nil {
		return err
	}
	if n.ACME != "" {
		s.issuer = newIssuer(n)
		c.Challenge = s.issuer.manager.GetCertificate
	}
	files, err := downloads(n.Downloads)
	if err != nil {
		return err
	}
	c.Page = func(server *responder.Server) http.Handler {
		return invitepage.Page{Region: n.Region, Version: release.Version(), Host: func() string { return server.Invite().Host }, Files: server.Files}
	}
	if s.results != nil {
		c.Results = s.serveResults
	}
	if s.server, err = responder.Start(ctx, c); err == nil {
		s.server.SetFiles(files)
	}
	return err
}

// openTokens opens the tokens of organisations.
func (s *service) openTokens() (*tokens.Store, error) {
	n := s.now
	if n.Invites == "" {
		return tokens.Open(n.Data)
	}
	if err := checkInvites(n.Invites); err != nil {
		return nil, err
	}
	if atomicfile.Writable(n.Invites) == nil {
		return tokens.Open(n.Invites)
	}
	s.log.Info("the folder of the invites can only be read: each responder counts the runs that it grants itself", "invites", n.Invites, "runs", n.Data)
	return tokens.OpenApart(n.Invites, n.Data)
}

// identity is made from the data folder and the operator's own tokens and certificate.
func identity(n settings, load func(dir string) (responder.Identity, error)) (responder.Identity, error) {
	i, err := load(n.Data)
	if err == nil && n.TokenFile != "" {
		i, err = i.WithTokens(n.TokenFile)
	}
	if err == nil && n.TLSCert != "" {
		i, err = i.WithFiles(n.TLSCert, n.TLSKey)
	}
	return i, err
}

// announce says how to reach the responder.
func (s *service) announce(stdout io.Writer) error {
	if err := s.tellReachable(); err != nil {
		return err
	}
	invite := s.server.Invite().String()
	// The file first: it exists when the line is printed.
	if s.now.InviteFile != "" {
		if err := atomicfile.Private(s.now.InviteFile, []byte(invite+"\n")); err != nil {
			return fmt.Errorf("writing the invite: %w; choose another file with --invite-file", err)
		}
	}
	if s.now.HideInvite {
		invite = "The invite is not shown. To see it: netready-responder invite --own"
	}
	fmt.Fprintln(stdout, invite)
	fmt.Fprintf(stdout, "control on %s (TCP), media on %s (UDP)%s\n", s.server.ControlAddr(), s.server.MediaAddr(), portsText(s.server))
	s.log.Info("results are signed", "signing_key", facts.KeyID(s.server.SigningKey()))
	if asked, granted := s.server.Room(); granted > 0 && granted < asked {
		s.log.Warn("the system grants the media socket a smaller buffer than requested; a flood overflows it sooner",
			"asked", asked, "granted", granted, "remedy", fmt.Sprintf("sysctl -w net.core.rmem_max=%d", asked))
	}
	return nil
}

// warnOfReadableSecrets warns of secrets that others on this host can read.
func (s *service) warnOfReadableSecrets() {
	for _, file := range []struct{ path, what string }{
		{filepath.Join(s.now.Data, "responder.key"), "the responder's key"},
		{filepath.Join(s.now.Data, "token"), "the token"},
		{filepath.Join(cmp.Or(s.now.Invites, s.now.Data), "tokens.json"), "the hashes that the organisations' tokens are checked with"},
		{s.now.TLSKey, "the key of the certificate"},
		{s.now.TokenFile, "the token"},
	} {
		if loose := modes.Warning(file.path, file.what); loose != "" {
			s.log.Warn(loose)
		}
	}
}

// warnOfUnknownRegion warns of a region that the list does not have: it may be mistyped, or
// of a list that only the agents have.
func (s *service) warnOfUnknownRegion() {
	list, err := regions.Default()
	if s.now.Region == "" || err != nil {
		return
	}
	if _, err := list.Find(s.now.Region); err != nil {
		s.log.Warn("agents whose regions.yaml does not have this region try only the ports of this responder", "region", s.now.Region, "why", err)
	}
}

func portsText(server *responder.Server) string {
	var words []string
	for _, l := range server.Listeners() {
		if l.Protocol == "udp" || l.Protocol == "tcp" || l.Protocol == "tls" { // each speaks several protocols
			words = append(words, fmt.Sprintf("%s:%d", l.Protocol, l.Port))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return ", firewall checks on " + strings.Join(words, " ")
}

// hangups are the SIGHUP signals from now on, until the returned function.
func hangups() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// until reloads at each signal and takes renewed certificates, until ctx ends.
func (s *service) until(ctx context.Context, signals <-chan os.Signal) {
	var news chan issued // nil if no authority is asked: nothing is ever received
	if s.issuer != nil {
		news = s.issuer.news
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			s.reload()
		case issued := <-news:
			s.takeIssued(issued)
		}
	}
}

// drain lets the current calls end.
func (s *service) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), s.now.Drain)
	defer cancel()
	if left := s.server.Drain(ctx); left > 0 {
		s.log.Warn("the time to drain is over: the calls that are left end now", "sessions", left)
	}
}
