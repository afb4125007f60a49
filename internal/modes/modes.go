// Package modes finds files with secrets that others can read.
package modes

import (
	"fmt"
	"io/fs"
	"os"
	"runtime"
)

// others are the permissions of everybody but the owner.
const others = 0o077

// Warning says that a file with a secret can be read by others on this computer, and what to
// do; "" if it cannot, if it is no regular file, or where modes mean nothing (Windows).
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
