//go:build unix

package merge

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFolderWithoutPermission needs a user who may not read everything: root
// has it run again as nobody.
func TestFolderWithoutPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		asNobody(t)
		return
	}
	dir := t.TempDir()
	put(t, filepath.Join(dir, "ok.json"), jsonOf(t, corpusRun(1)))
	unread := put(t, filepath.Join(dir, "unread.json"), jsonOf(t, corpusRun(2)))
	shut := filepath.Dir(put(t, filepath.Join(dir, "shut", "a.json"), []byte("{}")))
	for _, name := range []string{unread, shut} {
		if err := os.Chmod(name, 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(shut, 0o755) })
	got := do(t, Merge{Sources: []string{dir}, Out: filepath.Join(dir, "o.xlsx")}, 1)
	if len(got.LeftOut) != 2 {
		t.Fatalf("left out: %v", got.LeftOut)
	}
	for i, name := range []string{shut, unread} {
		if l := got.LeftOut[i]; l.Source != name || !strings.Contains(l.Reason, "permission") {
			t.Errorf("left out: %+v, want %s", l, name)
		}
	}
}

// asNobody runs the test that calls it once more, as the user nobody.
func asNobody(t *testing.T) {
	t.Helper()
	const nobody = 65534
	dir, err := os.MkdirTemp("", "netready-nobody-*") //nolint:usetesting // t.TempDir lies in a folder of root's own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	copied := put(t, filepath.Join(dir, "merge.test"), data)
	if err := os.Chmod(copied, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), copied, "-test.run", "^"+t.Name()+"$", "-test.v")
	cmd.Dir = dir
	cmd.Env = []string{"TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}
