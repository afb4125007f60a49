package modes

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Key, token and invite files that everybody can read were used without a warning.
func TestLooseModesAreTold(t *testing.T) {
	for mode, want := range map[fs.FileMode]bool{
		0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o644: true, 0o666: true, 0o620: true, 0o777: true,
		fs.ModeNamedPipe | 0o666: false, fs.ModeCharDevice | 0o666: false,
	} {
		if got := warning("invite.txt", "an invite", mode); (got != "") != want {
			t.Errorf("%v: %q", mode, got)
		}
	}
}

func TestWarningOfAFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing there")
	}
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Warning(path, "a token"); got != "" {
		t.Errorf("mode 0600: %q", got)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := Warning(path, "a token"); !strings.Contains(got, "(mode 0644): chmod 600 "+path) || !strings.Contains(got, "a token") {
		t.Errorf("mode 0644: %q", got)
	}
	if got := Warning(path+"x", "a token"); got != "" {
		t.Errorf("no file: %q", got)
	}
}
