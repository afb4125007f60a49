//go:build unix

package report

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"netready/internal/atomicfile"
	"netready/thresholds"
)

// Results name people, places and addresses; every user of the computer could
// read them.
func TestResultsAreForTheirOwnerAlone(t *testing.T) {
	top := filepath.Join(t.TempDir(), "results")
	dir := filepath.Join(top, "2026", "november")
	if err := atomicfile.Writable(dir); err != nil {
		t.Fatal(err)
	}
	txt, js, err := WriteFiles(dir, New(sampleResult(), thresholds.Default()))
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := WriteFiles(dir, New(sampleResult(), thresholds.Default())) // under another name
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{top: 0o700, filepath.Dir(dir): 0o700, dir: 0o700, txt: 0o600, js: 0o600, second: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
	if err := Share(txt, js); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{dir: 0o755, txt: 0o644, js: 0o644, second: 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("shared: %s: %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
}

// A folder and a file that were there keep what their owner gave them.
func TestModesOfOthersStay(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "team")
	if err := os.Mkdir(dir, 0o770); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o770); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	if err := atomicfile.Writable(dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o770 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}
