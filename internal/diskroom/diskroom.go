// Package diskroom says how much room a disk has.
package diskroom

// Room is that of the disk that a folder lies on.
type Room struct {
	Bytes, FreeBytes uint64 // for who is not root
	Files, FreeFiles uint64 // inodes; both 0 where the file system does not count them
}
