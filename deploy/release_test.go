//go:build system

package deploy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netready/internal/need"
)

// release makes the release file of this machine's architecture, as make
// release-responder does, and returns its path and checksum.
func release(t *testing.T) (path, sum string) {
	t.Helper()
	dist := t.TempDir()
	arch := strings.TrimSpace(run(t, "go", "env", "GOARCH"))
	run(t, "make", "-C", "..", "release-responder", "ARCHES="+arch, "DIST="+dist)
	path = filepath.Join(dist, "netready-responder-linux-"+arch+".tar.gz")
	line, err := os.ReadFile(path + ".sha256")
	if err != nil {
		t.Fatal(err)
	}
	return path, strings.Fields(string(line))[0]
}

// The release file holds all that a host needs: its script installs the unit,
// keeps the operator's settings the second time, and a call goes through.
func TestReleaseFileInstalls(t *testing.T) {
	need.Tool(t, "shellcheck")
	run(t, "shellcheck", "systemd/install.sh", "../internal/booted/boot.sh")
	path, _ := release(t)
	files := t.TempDir()
	copyFile(t, path, filepath.Join(files, "root/release.tar.gz"), 0o644)
	m := boot(t, files)
	m.run(t, "tar", "-C", "/root", "-xzf", "/root/release.tar.gz")
	install := "/root/" + strings.TrimSuffix(filepath.Base(path), ".tar.gz") + "/install.sh"
	write(t, m.path("/etc/netready-responder/responder.yaml"), settings(t, "region: test-9\n"), 0o644)
	m.run(t, install)
	if said := m.run(t, install); !strings.Contains(said, "invite.txt") {
		t.Errorf("it does not say where the invite is: %s", said)
	}
	if result := place(t, m.beside(), m.invite(t), time.Second).placed(t); result.Region.ID != "test-9" {
		t.Errorf("the settings are not the operator's: region %q", result.Region.ID)
	}
	if enabled := m.run(t, "systemctl", "is-enabled", "netready-responder"); enabled != "enabled\n" {
		t.Errorf("after a restart of the host: %s", enabled)
	}
}
