//go:build system

// Package deploy_test runs what deploy/ installs: the unit under a systemd of
// its own, the release file, the container; each ends in a placed call.
package deploy_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netready/internal/booted"
	"netready/internal/built"
	"netready/probe/facts"
)

// programs is the folder with both programs, built once for all tests.
var programs string

func TestMain(m *testing.M) {
	flags := []string{"-trimpath", "-ldflags", "-s -w -X netready/internal/release.stamp=v0.0.0-test"}
	_ = os.Setenv("CGO_ENABLED", "0") // static, for folders with nothing else in them
	os.Exit(built.Main(m, &programs, flags, "netready/cmd/netready", "netready/cmd/netready-responder"))
}

// run runs a command of this host and returns what it printed on stdout.
func run(t *testing.T, command ...string) string {
	t.Helper()
	out, err := try(t, command...)
	if err != nil {
		t.Fatalf("%s: %v", strings.Join(command, " "), err)
	}
	return out
}

// try is run where failing is an answer.
func try(t *testing.T, command ...string) (string, error) {
	t.Helper()
	return booted.Try(t, command...)
}

// soon waits until something is so.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	booted.Soon(t, what, is)
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(b), mode)
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// machine is a system of its own, on which the responder is installed.
type machine struct{ *booted.Machine }

// boot starts a machine. Files below files are laid over this system's.
func boot(t *testing.T, files string) *machine {
	t.Helper()
	return &machine{booted.Boot(t, files)}
}

func (m *machine) beside() []string { return m.Beside() }

func (m *machine) path(file string) string { return m.Path(file) }

func (m *machine) run(t *testing.T, command ...string) string {
	t.Helper()
	return m.Run(t, command...)
}

func (m *machine) try(t *testing.T, command ...string) (string, error) {
	t.Helper()
	return m.Try(t, command...)
}

// calling is a run of netready that is under way.
type calling struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

// place begins a call: netready run, with other words before it if there are any.
func place(t *testing.T, words []string, invite string, length time.Duration, flags ...string) *calling {
	t.Helper()
	words = append(words, filepath.Join(programs, "netready"), "run", "--responder", "-", "--only", "voice", "--duration", length.String(),
		"--json", "--out", t.TempDir())
	words = append(words, flags...)
	c := &calling{Cmd: exec.CommandContext(t.Context(), words[0], words[1:]...)}
	c.Stdin, c.Stdout, c.Stderr = io.NopCloser(strings.NewReader(invite)), &c.stdout, &c.stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// placed is what a call measured; it has to be whole.
func (c *calling) placed(t *testing.T) facts.Result {
	t.Helper()
	err := c.Wait()
	var result facts.Result
	if bad := json.Unmarshal(c.stdout.Bytes(), &result); bad != nil {
		t.Fatalf("no result: %v, %v; stderr: %s", err, bad, c.stderr.String())
	}
	if up, down := result.Voice.Up, result.Voice.Down; !result.Complete || up == nil || down == nil || up.Received == 0 || down.Received == 0 {
		t.Fatalf("the call is not whole: %v, %+v; stderr: %s", err, result.NotMeasured, c.stderr.String())
	}
	return result
}
