//go:build system

package deploy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"netready/internal/need"
)

const (
	unit       = "systemd/netready-responder.service"
	inviteFile = "/var/lib/netready-responder/invite.txt"
)

// The exposure of the unit, as systemd computes it, is under 2.0 of 10, and systemd reports
// no error in it.
func TestUnitIsHardened(t *testing.T) {
	analyze := need.Tool(t, "systemd-analyze")
	run(t, analyze, "security", "--offline=true", "--threshold=19", unit)
	verified := t.TempDir()
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	// verify wants the program to be there.
	here := strings.ReplaceAll(string(text), "/usr/local/bin/netready-responder", filepath.Join(programs, "netready-responder"))
	write(t, filepath.Join(verified, "netready-responder.service"), here, 0o600)
	if out := run(t, "sh", "-c", analyze+" verify --man=no "+verified+"/netready-responder.service 2>&1"); strings.Contains(out, "netready-responder.service:") {
		t.Error(out)
	}
}

// Every setting of the unit has a reason beside it: a comment above its block.
func TestUnitGivesReasons(t *testing.T) {
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	reason := false
	for number, line := range strings.Split(string(text), "\n") {
		switch {
		case line == "":
			reason = false
		case strings.HasPrefix(line, "#"):
			reason = true
		case strings.HasPrefix(line, "["), strings.HasPrefix(line, "Description="), strings.HasPrefix(line, "WantedBy="):
		case !reason:
			t.Errorf("line %d has no reason above it: %s", number+1, line)
		}
	}
}

// installed are the files of a host on which the unit was installed by hand.
func installed(t *testing.T, settings string) string {
	t.Helper()
	files := t.TempDir()
	copyFile(t, filepath.Join(programs, "netready-responder"), filepath.Join(files, "usr/local/bin/netready-responder"), 0o755)
	copyFile(t, unit, filepath.Join(files, "etc/systemd/system/netready-responder.service"), 0o644)
	write(t, filepath.Join(files, "etc/netready-responder/responder.yaml"), settings, 0o644)
	return files
}

func settings(t *testing.T, more string) string {
	t.Helper()
	text, err := os.ReadFile("systemd/responder.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "advertise: 127.0.0.1:8443\n" + more
}

// invite waits until the responder of a machine has written its invite.
func (m *machine) invite(t *testing.T) string {
	t.Helper()
	var text []byte
	soon(t, "the responder has written its invite", func() (there bool) {
		var err error
		text, err = os.ReadFile(m.path("/var/lib/private/netready-responder/invite.txt"))
		return err == nil
	})
	return string(text)
}

func (m *machine) show(t *testing.T, property string) string {
	t.Helper()
	return strings.TrimSpace(m.run(t, "systemctl", "show", "--value", "--property", property, "netready-responder"))
}

// The unit serves a call under a systemd of its own, with no privilege except that of low
// ports; the invite is in no log; an organisation's invite that root made is accepted; a
// reload applies a limit; a stop lets the call finish.
func TestUnitServes(t *testing.T) {
	m := boot(t, installed(t, settings(t, "")))
	m.run(t, "systemctl", "start", "netready-responder")
	invite := m.invite(t)
	m.hasNoPrivileges(t)
	place(t, m.beside(), invite, time.Second).placed(t)

	org := m.run(t, "netready-responder", "invite", "--data", "/var/lib/netready-responder", "--org", "ACME")
	soon(t, "the invite of an organisation is good", func() bool {
		return place(t, m.beside(), org, time.Second).Wait() == nil
	})

	write(t, m.path("/etc/netready-responder/responder.yaml"), settings(t, "max_sessions: 7\n"), 0o644)
	m.run(t, "systemctl", "reload", "netready-responder")
	soon(t, "the log tells of the reload", func() bool { return strings.Contains(m.journal(t), "other limits") })

	last := place(t, m.beside(), invite, 3*time.Second)
	soon(t, "the call is under way", func() bool {
		return strings.Contains(m.run(t, "curl", "-sS", "http://127.0.0.1:9464/metrics"), "netready_responder_calls 1")
	})
	m.run(t, "systemctl", "stop", "netready-responder")
	last.placed(t)
	if result := m.show(t, "Result"); result != "success" {
		t.Errorf("the service ended with %s", result)
	}
	if secret := regexp.MustCompile(`#.*`).FindString(invite); strings.Contains(m.journal(t), strings.TrimSpace(secret)[1:20]) {
		t.Error("the journal has the token")
	}
}

func (m *machine) journal(t *testing.T) string {
	t.Helper()
	return m.run(t, "journalctl", "--no-pager", "--output", "cat", "--unit", "netready-responder")
}

// hasNoPrivileges looks at the process as the kernel sees it.
func (m *machine) hasNoPrivileges(t *testing.T) {
	t.Helper()
	status, err := os.ReadFile(m.path("/proc/" + m.show(t, "MainPID") + "/status"))
	if err != nil {
		t.Fatal(err)
	}
	const bindService = "0000000000000400"
	for _, line := range []string{
		"CapPrm:\t" + bindService, "CapEff:\t" + bindService, "CapBnd:\t" + bindService, "CapAmb:\t" + bindService,
		"NoNewPrivs:\t1", "Seccomp:\t2",
	} {
		if !strings.Contains(string(status), line+"\n") {
			t.Errorf("the process has not %q", line)
		}
	}
	if strings.Contains(string(status), "Uid:\t0\t") {
		t.Error("the process is root")
	}
}
