//go:build unix

package main

import (
	"os"
	"slices"
	"syscall"
)

// isOfAnotherUser says whether a file beside the program belongs to somebody who is
// neither this user, nor root, nor the owner of the program: in a folder that
// everybody may write to, such a file would decide where this user's calls go.
func isOfAnotherUser(path string) bool {
	trusted := []uint32{0, uint32(os.Geteuid())} //nolint:gosec // a user's number has 32 bits
	if program, err := os.Executable(); err == nil {
		if owner, ok := ownerOf(program); ok {
			trusted = append(trusted, owner)
		}
	}
	owner, ok := ownerOf(path)
	return ok && !slices.Contains(trusted, owner)
}

func ownerOf(path string) (uint32, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	about, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return about.Uid, true
}
