//go:build system

// Package deploy_test runs what deploy/ installs: the unit under a systemd of
// its own, the release file, the container; each ends in a placed call.
package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"netready/internal/built"

	"netready/internal/need"
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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		err = errors.Join(err, errors.New(stderr.String()))
	}
	return string(out), err
}

// soon waits until something is so.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 600 {
		if is() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("it never came to this: %s", what)
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

// machine is a system of its own: systemd as process 1, with this system's files,
// in name spaces, on a loopback of its own.
type machine struct{ pid string }

// boot starts a machine. Files below files are laid over this system's.
func boot(t *testing.T, files string) *machine {
	t.Helper()
	need.Root(t)
	need.Tool(t, "unshare")
	need.Tool(t, "nsenter")
	need.Tool(t, "/lib/systemd/systemd")
	folder := t.TempDir()
	if err := os.Symlink(files, filepath.Join(folder, "files")); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(context.WithoutCancel(t.Context()), "unshare", "--mount", "--propagation", "private", "bash", "testdata/boot.sh", folder)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill() // and with it systemd, and with that all the rest
		_ = c.Wait()
		for range 40 { // its last processes are still ending
			if removeGroup(fmt.Sprintf("netready-test-%d", c.Process.Pid)) {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	m := &machine{}
	soon(t, "systemd runs", func() bool {
		pid, err := os.ReadFile(filepath.Join(folder, "pid"))
		m.pid = strings.TrimSpace(string(pid))
		if err != nil {
			return false
		}
		_, err = m.try(t, "systemctl", "list-units")
		return err == nil
	})
	return m
}

// removeGroup removes the control group that a machine was in, and those within,
// and says whether they are gone.
func removeGroup(name string) bool {
	gone := true
	mounts, _ := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[2] != "cgroup2" {
			continue
		}
		var groups []string
		_ = filepath.WalkDir(filepath.Join(fields[1], name), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				groups = append(groups, path)
			}
			return nil
		})
		for _, group := range slices.Backward(groups) {
			gone = os.Remove(group) == nil && gone
		}
	}
	return gone
}

// in is a command inside the machine.
func (m *machine) in(command ...string) []string {
	return append([]string{
		"nsenter", "--target", m.pid, "--all", "--root", "--wd",
		"env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	}, command...)
}

// beside are words in front of a command of this host that shall have the machine's network.
func (m *machine) beside() []string { return []string{"nsenter", "--target", m.pid, "--net"} }

func (m *machine) run(t *testing.T, command ...string) string {
	t.Helper()
	return run(t, m.in(command...)...)
}

func (m *machine) try(t *testing.T, command ...string) (string, error) {
	t.Helper()
	return try(t, m.in(command...)...)
}

// path is a file of the machine, as this test reads it.
func (m *machine) path(file string) string { return filepath.Join("/proc", m.pid, "root", file) }

// calling is a run of netready that is under way.
type calling struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

// place begins a call: netready run in front of which other words may stand.
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
