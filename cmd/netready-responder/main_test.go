package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"netready/probe/call"
	"netready/probe/invite"
)

// TestMain lets the test's own executable be the program.
func TestMain(m *testing.M) {
	if os.Getenv("NETREADY_TEST_MAIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

// program is a running responder.
type program struct {
	*exec.Cmd
	invite string // first line of stdout
	second string
	rest   *bufio.Reader
	stderr *output
}

// output is what a program wrote so far.
type output struct {
	mu sync.Mutex // guards the rest
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func command(t *testing.T, args ...string) (*exec.Cmd, *output) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, self, args...)
	c.Env = append(os.Environ(), "NETREADY_TEST_MAIN=1")
	c.Dir = t.TempDir()
	stderr := new(output)
	c.Stderr = stderr
	return c, stderr
}

// begin starts the program on free ports of loopback and reads its two lines.
func begin(t *testing.T, args ...string) *program {
	t.Helper()
	c, stderr := command(t, append([]string{"--control", "127.0.0.1:0", "--media", "127.0.0.1:0", "--ports", "none"}, args...)...)
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p := &program{Cmd: c, rest: bufio.NewReader(stdout), stderr: stderr}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	p.invite, _ = p.rest.ReadString('\n')
	p.second, _ = p.rest.ReadString('\n')
	if p.invite == "" || p.second == "" {
		_ = c.Process.Kill()
		_ = c.Wait()
		t.Fatalf("no two lines on stdout; stderr: %s", stderr)
	}
	return p
}

// end asks the program to stop and returns its exit status.
func (p *program) end(t *testing.T) int {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("no SIGTERM there")
	}
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := p.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

var inviteForm = regexp.MustCompile(`^https://127\.0\.0\.1:[1-9][0-9]*/i#([A-Za-z0-9_~-]{22,})\.[A-Za-z0-9_-]{43}\n$`)

// The program prints an invite that works and stays valid after a restart, and writes its
// secret nowhere else.
func TestServes(t *testing.T) {
	dir := t.TempDir()
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "invite.txt")
	p := begin(t, "--data", data, "--invite-file", file, "--region", "test-1", "--verbose")
	form := inviteForm.FindStringSubmatch(p.invite)
	if form == nil {
		t.Fatalf("the first line is %q", p.invite)
	}
	to, err := invite.Parse(p.invite)
	if err != nil {
		t.Fatal(err)
	}
	session, err := call.Open(t.Context(), to, call.Settings{Duration: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := session.Run(t.Context(), call.Plan{})
	if err != nil || !outcome.Complete || len(outcome.Calls) != 1 || len(outcome.Calls[0].Up.Arrivals) == 0 || len(outcome.Calls[0].Down.Arrivals) == 0 {
		t.Errorf("the call: %+v, %v", outcome, err)
	}
	_ = session.Close()
	saved, err := os.ReadFile(file)
	if err != nil || string(saved) != p.invite {
		t.Errorf("the invite file holds %q (%v), want %q", saved, err, p.invite)
	}
	private(t, file, filepath.Join(data, "responder.key"), filepath.Join(data, "token"))
	if status := p.end(t); status != 0 {
		t.Errorf("exit status %d after SIGTERM, want 0; stderr: %s", status, p.stderr)
	}
	if log := p.stderr.String() + p.second; strings.Contains(log, form[1]) || !strings.Contains(log, "session") {
		t.Errorf("the log shows the token, or no session: %s", log)
	}

	again := begin(t, "--data", data)
	_, secrets, _ := strings.Cut(p.invite, "#")
	if !strings.HasSuffix(again.invite, "#"+secrets) {
		t.Error("another token or key after a restart")
	}
	other := begin(t, "--data", filepath.Join(dir, "other"))
	if strings.HasSuffix(other.invite, "#"+secrets) {
		t.Error("two responders with the same secrets")
	}
}

// private checks that only the owner may read the files.
func private(t *testing.T, files ...string) {
	t.Helper()
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Error(err)
		} else if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", f, info.Mode().Perm())
		}
	}
}

func TestAdvertise(t *testing.T) {
	tests := []struct{ name, advertise, want string }{
		{"host", "responder.example.com", `^https://responder\.example\.com:[1-9][0-9]*/i#`},
		{"host and port", "responder.example.com:443", `^https://responder\.example\.com:443/i#`},
		{"IPv6", "[2001:db8::1]:443", `^https://2001:db8::1:443/i#`},
		{"bare IPv6", "2001:db8::1", `^https://2001:db8::1:[1-9][0-9]*/i#`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := begin(t, "--data", filepath.Join(t.TempDir(), "d"), "--advertise", tt.advertise)
			if !regexp.MustCompile(tt.want).MatchString(p.invite) {
				t.Errorf("got %q, want %s", p.invite, tt.want)
			}
		})
	}
}

// Wrong settings give one sentence that says what to do, and status 2.
func TestRefuses(t *testing.T) {
	dir := t.TempDir()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	rubbish := filepath.Join(dir, "rubbish")
	if err := os.WriteFile(rubbish, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		says []string
	}{
		{"unknown flag", []string{"--nonsense"}, []string{"--nonsense", "--help"}},
		{"stray argument", []string{"hello"}, []string{"hello"}},
		{"misspelt command", []string{"invte"}, []string{"invte", "did you mean invite?"}},
		{"control in use", []string{"--control", tcp.Addr().String()}, []string{"in use", "--control"}},
		{"media in use", []string{"--media", udp.LocalAddr().String()}, []string{"in use", "--media"}},
		{"no address", []string{"--control", "nonsense"}, []string{"--control"}},
		{"data is a file", []string{"--data", rubbish}, []string{"rubbish", "--data"}},
		{"certificate without key", []string{"--tls-cert", rubbish}, []string{"--tls-key"}},
		{"bad certificate", []string{"--tls-cert", rubbish, "--tls-key", rubbish}, []string{"rubbish", "PEM"}},
		{"missing certificate", []string{"--tls-cert", "nowhere.pem", "--tls-key", rubbish}, []string{"nowhere.pem"}},
		{"invite file nowhere", []string{"--invite-file", filepath.Join(dir, "no", "invite")}, []string{"--invite-file"}},
		{"advertise with a space", []string{"--advertise", "a host"}, []string{"--advertise"}},
		{"advertise with a bad port", []string{"--advertise", "host:99999"}, []string{"--advertise"}},
		{"advertise media without a port", []string{"--advertise-media", "host"}, []string{"--advertise-media"}},
		{"advertise media to a group", []string{"--advertise-media", "224.0.0.1:40000"}, []string{"--advertise-media", "224.0.0.1"}},
		{"advertise media everywhere", []string{"--advertise-media", "[::]:40000"}, []string{"--advertise-media"}},
		{"region with a space", []string{"--region", "eu central"}, []string{"--region", "eu central"}},
		{"region too long", []string{"--region", strings.Repeat("a", 65)}, []string{"--region", "64"}},
		{"ports", []string{"--ports", "carrier-pigeon:1"}, []string{"carrier-pigeon", "--ports"}},
		{"no sessions", []string{"--max-sessions", "0"}, []string{"--max-sessions"}},
		{"no duration", []string{"--max-duration", "10ms"}, []string{"--max-duration"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"--control", "127.0.0.1:0", "--media", "127.0.0.1:0", "--ports", "none", "--data", filepath.Join(t.TempDir(), "d")}, tt.args...)
			c, stderr := command(t, args...)
			stdout, err := c.Output()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 2 {
				t.Fatalf("%v, want exit status 2; stdout %q, stderr %q", err, stdout, stderr)
			}
			said := stderr.String()
			for _, s := range tt.says {
				if !strings.Contains(said, s) {
					t.Errorf("it says %q, want %q in it", said, s)
				}
			}
			if strings.Count(said, "\n") != 1 || len(stdout) != 0 {
				t.Errorf("stdout %q, stderr %q, want one line on stderr alone", stdout, said)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "no")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("something was left behind")
	}
}

func TestHelpAndVersion(t *testing.T) {
	for _, flag := range []string{"--help", "--version"} {
		c, stderr := command(t, flag)
		stdout, err := c.Output()
		if err != nil || len(stdout) == 0 || stderr.String() != "" {
			t.Errorf("%s: %v, stdout %q, stderr %q", flag, err, stdout, stderr)
		}
	}
}
