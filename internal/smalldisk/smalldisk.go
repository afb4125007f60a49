//go:build system && linux

// Package smalldisk makes a small disk for tests of programs whose disk gets full.
package smalldisk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"netready/internal/need"
)

// New is a folder on a disk of its own, with room for so many KiB, until the test ends.
func New(tb testing.TB, kib int) (dir string) {
	tb.Helper()
	need.Root(tb)
	dir = filepath.Join(tb.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk,mode=700", kib)); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			tb.Error(err)
		}
	})
	return dir
}

// Fill takes all room of a disk but so many KiB, and returns the file that has it.
func Fill(tb testing.TB, dir string, but int) (file string) {
	tb.Helper()
	file = filepath.Join(dir, "fills-the-disk")
	f, err := os.Create(file)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	written := int64(0)
	for size := 4096; size > 0; size /= 2 {
		for range 100_000 {
			var n int
			n, err = f.Write(make([]byte, size))
			written += int64(n)
			if err != nil {
				break
			}
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		tb.Fatalf("the disk is not full: %v", err)
	}
	if err := f.Truncate(max(0, written-int64(but)<<10)); err != nil {
		tb.Fatal(err)
	}
	return file
}
