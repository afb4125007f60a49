//go:build unix

package tokens

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// An operator made an invite with sudo, and the responder, which runs as another
// user, could neither read it nor count its runs.
func TestFilesBelongToTheFoldersOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root writes files for others")
	}
	dir := t.TempDir()
	const user, group = 12345, 23456
	if err := os.Chown(dir, user, group); err != nil {
		t.Fatal(err)
	}
	_, token := made(t, dir, "ACME", time.Hour, 1)
	if _, err := opened(t, dir).Use(token.ID, day); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{fileTokens, fileRuns, fileLock} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != user || owner.Gid != group {
			t.Errorf("%s belongs to %d:%d", name, owner.Uid, owner.Gid)
		}
	}
}
