//go:build system

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"netready/internal/booted"
)

// testService installs the responder's deb on a machine with a systemd: it starts, serves
// after a restart and a crash with the same invite, lets a call finish when it is removed,
// and leaves nothing behind when it is purged.
func testService(t *testing.T, dist string) {
	t.Helper()
	files := t.TempDir()
	mustMkdir(t, filepath.Join(files, "root"))
	deb := fmt.Sprintf("netready-responder-linux-%s.deb", runtime.GOARCH)
	if err := os.WriteFile(filepath.Join(files, "root", deb), []byte(read(t, dist, deb)), 0o600); err != nil {
		t.Fatal(err)
	}
	m := booted.Boot(t, files)
	m.Run(t, "dpkg", "-i", "/root/"+deb)
	const unit = "netready-responder"
	if enabled := m.Run(t, "systemctl", "is-enabled", unit); enabled != "enabled\n" {
		t.Errorf("after a restart of the host: %s", enabled)
	}
	settings, err := os.OpenFile(m.Path("/etc/netready-responder/responder.yaml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(settings, "advertise: 127.0.0.1:8443")
	_ = settings.Close()
	m.Run(t, "systemctl", "restart", unit)
	var invite []byte
	booted.Soon(t, "the responder has written its invite", func() bool {
		invite, _ = os.ReadFile(m.Path("/var/lib/private/netready-responder/invite.txt"))
		return bytes.Contains(invite, []byte("127.0.0.1:8443"))
	})
	call := func(duration string) *exec.Cmd {
		words := append(m.Beside(), filepath.Join(dist, "netready-linux-"+runtime.GOARCH), "run", "--responder", "-", "--only", "voice", "--quiet", "--duration", duration, "--out", t.TempDir())
		c := exec.CommandContext(t.Context(), words[0], words[1:]...)
		c.Stdin = bytes.NewReader(invite)
		return c
	}
	for _, end := range [][]string{{"restart"}, {"kill", "--signal=KILL"}} {
		m.Run(t, append(append([]string{"systemctl"}, end...), unit)...)
		booted.Soon(t, fmt.Sprintf("a call is placed after %v", end), func() bool { return call("1s").Run() == nil })
	}

	last := call("4s")
	var said bytes.Buffer
	last.Stdout, last.Stderr = &said, &said
	if err := last.Start(); err != nil {
		t.Fatal(err)
	}
	booted.Soon(t, "the call is under way", func() bool {
		return strings.Contains(m.Run(t, "curl", "-sS", "http://127.0.0.1:9464/metrics"), "netready_responder_calls 1")
	})
	m.Run(t, "dpkg", "-r", unit)
	if err := last.Wait(); err != nil {
		t.Errorf("the call that was under way: %v\n%s", err, said.String())
	}
	m.Run(t, "dpkg", "--purge", unit)
	for _, left := range []string{
		"/usr/bin/netready-responder", "/lib/systemd/system/netready-responder.service", "/etc/systemd/system/multi-user.target.wants/netready-responder.service",
		"/etc/netready-responder", "/var/lib/private/netready-responder", "/var/lib/netready-responder",
	} {
		if _, err := os.Lstat(m.Path(left)); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", left, err)
		}
	}
	if running, err := m.Try(t, "pgrep", "-x", "netready-respon"); err == nil {
		t.Errorf("it still runs: %s", running)
	}
}
