//go:build linux || darwin

package diskroom

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Of is the room of the disk that a folder lies on.
func Of(dir string) (Room, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return Room{}, fmt.Errorf("asking for the room on the disk of %s: %w", dir, err)
	}
	block := uint64(s.Bsize)
	return Room{s.Blocks * block, s.Bavail * block, s.Files, s.Ffree}, nil
}
