//go:build !windows

package port

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// All servers are listed, those behind a stub too, and a missing file is not an error.
func TestAllResolversAreListed(t *testing.T) {
	dir := t.TempDir()
	stub, behind := filepath.Join(dir, "stub"), filepath.Join(dir, "behind")
	for file, text := range map[string]string{
		stub:   "nameserver 127.0.0.53\nsearch corp.example\n",
		behind: "nameserver 192.0.2.1\nnameserver 2001:db8::1\nnameserver fe80::1%eth0\nnameserver nonsense\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := fmt.Sprint(resolversIn(stub, filepath.Join(dir, "none"), behind))
	if want := "[127.0.0.53 192.0.2.1 2001:db8::1 fe80::1%eth0]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
