// Package modes keeps secrets in files that their owner alone can read, and tells
// of those that others can.
package modes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// others are the permissions of everybody but the owner.
const others = 0o077

// Warning says that a file with a secret can be read by others on this
// computer, and what to do; "" where it cannot, is no regular file, or where
// modes say nothing (Windows).
func Warning(path, what string) string {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" {
		return ""
	}
	return warning(path, what, info.Mode())
}

func warning(path, what string, mode fs.FileMode) string {
	if !mode.IsRegular() || mode.Perm()&others == 0 {
		return ""
	}
	return fmt.Sprintf("%s holds %s and others on this computer can read or change it (mode %04o): chmod 600 %s", path, what, mode.Perm(), path)
}

// WritePrivate writes a file that only its owner may read, whole or not at all.
func WritePrivate(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".netready-*.tmp") // mode 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
