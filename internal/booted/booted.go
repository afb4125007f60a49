// Package booted starts a systemd of its own for tests: this system's files in name
// spaces, on a loopback of its own; what is written goes into memory.
package booted

import (
	"bytes"
	"context"
	_ "embed" // the script that boots
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"netready/internal/need"
)

//go:embed boot.sh
var script string

// A Machine is a system that runs.
type Machine struct {
	PID string // of its systemd, as this host counts
}

// Boot starts a machine. Files below files are laid over this system's.
func Boot(tb testing.TB, files string) *Machine {
	tb.Helper()
	need.Root(tb)
	need.Tool(tb, "unshare")
	need.Tool(tb, "nsenter")
	need.Tool(tb, "/lib/systemd/systemd")
	folder := tb.TempDir()
	boot := filepath.Join(folder, "boot.sh")
	if err := errors.Join(os.Symlink(files, filepath.Join(folder, "files")), os.WriteFile(boot, []byte(script), 0o600)); err != nil {
		tb.Fatal(err)
	}
	c := exec.CommandContext(context.WithoutCancel(tb.Context()), "unshare", "--mount", "--propagation", "private", "bash", boot, folder)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = c.Process.Kill() // and with it systemd, and with that all the rest
		_ = c.Wait()
		for range 40 { // its last processes are still ending
			if removeGroup(fmt.Sprintf("netready-test-%d", c.Process.Pid)) {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	m := &Machine{}
	Soon(tb, "systemd runs", func() bool {
		pid, err := os.ReadFile(filepath.Join(folder, "pid"))
		m.PID = strings.TrimSpace(string(pid))
		if err != nil {
			return false
		}
		_, err = m.Try(tb, "systemctl", "list-units")
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

// Beside are words in front of a command of this host that shall have the machine's network.
func (m *Machine) Beside() []string { return []string{"nsenter", "--target", m.PID, "--net"} }

// Path is a file of the machine, as a test reads it.
func (m *Machine) Path(file string) string { return filepath.Join("/proc", m.PID, "root", file) }

// Run runs a command in the machine and returns what it printed on stdout.
func (m *Machine) Run(tb testing.TB, command ...string) string {
	tb.Helper()
	out, err := m.Try(tb, command...)
	if err != nil {
		tb.Fatalf("%s: %v", strings.Join(command, " "), err)
	}
	return out
}

// Try is Run where failing is an answer.
func (m *Machine) Try(tb testing.TB, command ...string) (string, error) {
	tb.Helper()
	return Try(tb, append([]string{
		"nsenter", "--target", m.PID, "--all", "--root", "--wd",
		"env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	}, command...)...)
}

// Try runs a command of this host; its error has what the command said.
func Try(tb testing.TB, command ...string) (string, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
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

// Soon waits until something is so.
func Soon(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	for range 600 {
		if is() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	tb.Fatalf("it never came to this: %s", what)
}
