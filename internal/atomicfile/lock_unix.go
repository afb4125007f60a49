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

// named gives a file its name while it is still locked: between the two,
// RemoveLeftovers of another process would take it for a dead one's.
func named(f *os.File, rename func() error) error { return errors.Join(rename(), f.Close()) }
