package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"netready/cmd/netready/page"
	"netready/probe"
	"netready/report"
)

// TestCommandLineOfTheBrowserHoldsNoSecret: every user of the computer can read
// it, and the address with the token stood there. A browser that stays in the
// foreground does not keep the page from being served.
func TestCommandLineOfTheBrowserHoldsNoSecret(t *testing.T) {
	bin, dir := t.TempDir(), t.TempDir()
	said := filepath.Join(bin, "said")
	// What a desktop runs to open an address; it stays until the test lets it go.
	script := "#!/bin/sh\necho \"$@\" >'" + said + ".new'; mv '" + said + ".new' '" + said + "'\nn=0; while [ ! -e '" + said + ".end' ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done\n"
	if err := os.WriteFile(filepath.Join(bin, "xdg-open"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	defer func() { _ = os.WriteFile(said+".end", nil, 0o600) }()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	cfg := page.Config{Dir: dir, Run: func(context.Context, page.Options, func(probe.Event)) (report.Report, error) {
		return report.Report{}, errors.New("not asked for")
	}}
	ended := make(chan error, 1)
	go func() {
		ended <- servePage(&app{Ctx: ctx, Stdout: in, Stderr: io.Discard}, cfg, false)
		in.Close()
	}()
	defer func() { cancel(); <-ended }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, token, _ := strings.Cut(strings.TrimSpace(line), "token=")
	var arguments []byte
	for range 200 {
		if arguments, err = os.ReadFile(said); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	address := strings.TrimSpace(string(arguments))
	if !strings.HasPrefix(address, "file:///") || strings.Contains(address, token) || strings.Contains(address, "http") {
		t.Fatalf("the browser was given %q", address)
	}
	file := strings.TrimPrefix(address, "file://")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%s: %v, %v; want mode 0600", file, info.Mode(), err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	inside := regexp.MustCompile(`http://[^"<]+`).FindString(string(text))
	resp, err := http.Get(inside) // while the "browser" still runs
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("the address in the file: status %d", resp.StatusCode)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file stays: %v", err)
	}
}
