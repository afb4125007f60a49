package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"netready/cmd/netready/page"
	"netready/probe"
	"netready/report"
)

func TestPageAddressIsFirstLine(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	cfg := page.Config{Dir: t.TempDir(), Run: func(context.Context, page.Options, func(probe.Event)) (report.Report, error) {
		return report.Report{}, errors.New("not asked for")
	}}
	ended := make(chan error)
	go func() {
		ended <- servePage(&app{Ctx: ctx, Stdout: in, Stderr: io.Discard}, cfg, true)
		in.Close()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(strings.TrimSpace(line))
	if err != nil || u.Hostname() != "127.0.0.1" || len(u.Query().Get("token")) < 20 {
		t.Fatalf("got first line %q, %v; want an address on 127.0.0.1 with a token", line, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("got status %d", resp.StatusCode)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
}

func TestPageListensOnLoopbackOnly(t *testing.T) {
	err := servePage(&app{Ctx: t.Context(), Stdout: io.Discard, Stderr: io.Discard}, page.Config{Listen: "0.0.0.0:0"}, true)
	var se *statusError
	if !errors.As(err, &se) || se.status != exitUsage || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("got %v, want a usage error that names the loopback address", err)
	}
}

func TestApplicationOfMacOSOpensThePage(t *testing.T) {
	for program, want := range map[string]bool{
		"/Applications/netready.app/Contents/MacOS/netready": true, "/Users/x/Büro 3/netready.app/Contents/MacOS/netready": true,
		"/usr/local/bin/netready": false, "/Applications/netready.app/netready": false, "netready": false,
	} {
		if got := insideApplication(program); got != want {
			t.Errorf("%s: %v, want %v", program, got, want)
		}
	}
}
