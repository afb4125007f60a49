package store

import (
	"errors"
	"fmt"

	"netready/internal/diskroom"
)

// ErrFull says that the store's disk has no room for more results. It is nobody's loss:
// agents keep theirs, and send them again.
var ErrFull = errors.New("too little room is left on the store's disk")

// floor is what results leave free on the disk of a folder, so that index, tables, access
// log and the responder's other files can be written: 256 MiB, or a twentieth of a small
// disk, and as many files as that may be.
const (
	floorBytes = 256 << 20
	floorFiles = 10_000
	floorPart  = 20 // a twentieth
)

// hasRoom is ErrFull where less is free on the store's disk than the floor, of which tables may
// take half. Of what is no folder, or says nothing of its room, nothing is known: there
// the write fails.
func (s *Store) hasRoom(forTables bool) error {
	if s.options.Folder == "" {
		return nil
	}
	disk, err := diskroom.Of(s.options.Folder)
	if err != nil {
		return nil //nolint:nilerr // the write tells
	}
	share := uint64(1)
	if forTables {
		share = 2
	}
	bytes, files := min(floorBytes, disk.Bytes/floorPart)/share, min(floorFiles, disk.Files/floorPart)/share
	switch {
	case disk.FreeBytes < bytes:
		return fmt.Errorf("%w: %d MiB are free, and %d MiB stay free: make room (netready-responder delete --older-than 90d, or --keep 90d), or give a larger disk", ErrFull, disk.FreeBytes>>20, max(1, bytes>>20))
	case disk.FreeFiles < files:
		return fmt.Errorf("%w: it can have %d more files (inodes), and %d stay free: make room (netready-responder delete --older-than 90d, or --keep 90d), or give another disk", ErrFull, disk.FreeFiles, files)
	}
	return nil
}
