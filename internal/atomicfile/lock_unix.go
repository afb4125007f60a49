//go:build !windows

package atomicfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes the file for this process until it is closed, or says that
// another has it.
func lock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

// named renames a file while it is still locked: otherwise RemoveLeftovers of another process
// could remove it in between.
func named(f *os.File, rename func() error) error { return errors.Join(rename(), f.Close()) }
