// Package page serves the assessment as a web page for one browser on this
// machine. It listens on a loopback address only, asks for a secret in the path of
// every request, and loads nothing from anywhere else.
package page

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"netready/probe"
	"netready/probe/invite"
	"netready/probe/regions"
	"netready/report"
)

// Options is what the form asks for.
type Options struct {
	Region       string // its id
	Organization string
	Location     string
	FarEnd       FarEnd
	Duration     time.Duration // of Auto: the longest
	Calls        int
	Auto         bool      // as long as it takes for no share to be borderline
	Upload       bool      // send the result to the responder
	Anonymous    bool      // leave this computer's name and addresses out of it
	Delivery     *Delivery // of the result
}

// AutoAtMost is the length of a call that lasts as long as it takes, at the most.
const AutoAtMost = 5 * time.Minute

// A Runner makes one assessment and writes its files into the folder of results. When ctx
// ends it returns what was measured until then, marked incomplete.
type Runner func(ctx context.Context, o Options, progress func(probe.Event)) (report.Report, error)

// Config says what the page offers.
type Config struct {
	Listen   string           // loopback host:port; "" for 127.0.0.1:0
	Dir      string           // the folder of results
	Invite   invite.Invite    // from the command line, offered without being shown; the zero one: none
	Given    Given            // what the settings fill into the form
	Remember string           // file that keeps the form for the next time; "" keeps nothing
	Regions  []regions.Region // that can be chosen
	Version  string           // of this program
	Run      Runner
	// Measure finds the round trip to each region in ms, by id, for "nearest";
	// nil hides the button.
	Measure func(ctx context.Context) (map[string]float64, error)
	Formats map[string]Format // of files that are made from a result when they are asked for, by their ending
	// Idle is how long the page may be closed before the server ends; 0: two
	// minutes, so that a reload or a browser's restart does not end it.
	Idle time.Duration
	// First is how long the server waits for the page to be opened; 0: without limit.
	First time.Duration
}

// A Server is the page, ready to be served.
type Server struct {
	cfg      Config
	listener net.Listener
	guard    *guard
	test     *currentTest
	memory   memory
	used     invites
	folder   *folder
	opened   opened
	viewers  viewers
	ending   chan struct{} // closed when the streams have to end
}

// Listen opens the page's port. Serve must follow.
func Listen(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.Idle == 0 {
		cfg.Idle = 2 * time.Minute
	}
	if err := loopbackOnly(cfg.Listen); err != nil {
		return nil, err
	}
	if dir, err := filepath.Abs(cfg.Dir); err == nil {
		cfg.Dir = dir // as the page shows it
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("opening the page's port %s: %w (choose another with --listen, or 127.0.0.1:0 for any free one)", cfg.Listen, err)
	}
	s := &Server{
		cfg:      cfg,
		listener: l,
		guard:    newGuard(l.Addr().(*net.TCPAddr), rand.Text()),
		test:     newCurrentTest(cfg.Run),
		memory:   memory{file: cfg.Remember},
		folder:   &folder{dir: cfg.Dir},
		ending:   make(chan struct{}),
	}
	return s, nil
}

// loopbackOnly refuses an address that other machines could reach: the page
// starts test calls and shows results.
func loopbackOnly(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("reading --listen %q: %w (write it as 127.0.0.1:0)", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("reading --listen %q: only this machine may open the page, so it needs a loopback address; write 127.0.0.1:0 or [::1]:0", addr)
	}
	return nil
}

// URL is the address for its owner to open, with the token. It must not be in a command
// line, which every user of the computer can read: see Launch.
func (s *Server) URL() string { return s.guard.url() }

// Serve answers until ctx ends or the page has been closed for Config.Idle. A run that is
// running then is stopped, and its files are written.
func (s *Server) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler:           s.handler(ctx),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		// Requests continue after ctx, so that the pages hear of the end.
		BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	var wg sync.WaitGroup
	wg.Go(func() { // ends with ctx
		s.waitUntilClosed(ctx)
		cancel()
	})
	failed := make(chan error, 1)
	wg.Go(func() { failed <- server.Serve(s.listener) })

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("serving the page: %w", err)
	}
	cancel()
	s.test.stop()
	s.test.wait() // its files are written when this returns
	close(s.ending)
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer done()
	if shut := server.Shutdown(grace); shut != nil {
		server.Close() // a client that does not close its connection
	}
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// waitUntilClosed returns when the page has been closed for a while and nothing runs.
func (s *Server) waitUntilClosed(ctx context.Context) {
	const look = 200 * time.Millisecond
	tick := time.NewTicker(look)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			viewed, opened := s.viewers.viewed(now)
			if viewed.After(last) {
				last = viewed
			}
			if s.test.running() {
				last = now
			}
			switch {
			case opened && now.Sub(last) > s.cfg.Idle:
				return
			case !opened && s.cfg.First > 0 && now.Sub(last) > s.cfg.First:
				return
			}
		}
	}
}

// viewers counts the open pages.
type viewers struct {
	mu   sync.Mutex // guards the rest
	n    int
	last time.Time // when one was opened or closed; zero: never
}

// add counts n more, or fewer, and returns how many there are now.
func (v *viewers) add(n int) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n += n
	v.last = time.Now()
	return v.n
}

// viewed is when a page was open last, however shortly, and whether one ever was.
func (v *viewers) viewed(now time.Time) (last time.Time, ever bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.n > 0 {
		return now, true
	}
	return v.last, !v.last.IsZero()
}
