package serve_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"netready/probe/invite"
	"netready/probe/responder/tokens"
	"netready/results/send"
)

// slowLine is a line to a responder that takes no more than most bytes until it goes on.
func slowLine(t *testing.T, to invite.Invite, most int64, goOn <-chan bool) (by invite.Invite, rest <-chan error, came *int64) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	ended := make(chan error, 1)
	came = new(int64)
	go func() {
		near, err := l.Accept()
		if err != nil {
			ended <- err
			return
		}
		defer near.Close()
		far, err := new(net.Dialer).DialContext(t.Context(), "tcp", to.Host)
		if err != nil {
			ended <- err
			return
		}
		defer far.Close()
		go func() { _, _ = io.Copy(near, far) }()
		if _, err = io.CopyN(far, near, most); err == nil {
			<-goOn
			*came, err = io.Copy(io.Discard, near)
		}
		ended <- err
	}()
	by = to
	by.Host = l.Addr().String()
	return by, ended, came
}

// TestNothingMoreGoesAfterTheEnd: a large result is being sent over a slow line when a run
// is to begin. What the system still held of it is never sent, and the result waits.
func TestNothingMoreGoesAfterTheEnd(t *testing.T) {
	f := start(t)
	goOn := make(chan bool)
	to, rest, came := slowLine(t, f.invited(t, tokens.Token{Org: "ACME"}), 100_000, goOn)
	box := send.Outbox{Dir: t.TempDir()}
	const size = 8 << 20
	if err := box.Add(strings.Repeat("0", 26), send.AddressOf(to), make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	done := box.Once(ctx, to, nil)
	if len(done) != 1 || done[0].State != send.Waiting || len(box.Waiting(to)) != 1 {
		t.Errorf("%+v, want that it waits", done)
	}
	close(goOn)
	if err := <-rest; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the connection ended with %v, want it to be reset", err)
	}
	if *came > size/4 {
		t.Errorf("%d bytes came after the end, which nobody had taken before", *came)
	}
	t.Logf("%d bytes had been on their way", *came)
}
