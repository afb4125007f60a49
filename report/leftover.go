package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// leftover is the name of a temporary file: the host and the process that it
// belongs to stand in it.
var leftover = regexp.MustCompile(`^\.netready-([0-9a-f]{8})-([0-9]+)-[0-9]+\.tmp$`)

// createTemp makes a temporary file that RemoveLeftovers of another process
// leaves alone as long as this one lives: its name tells whose it is, and it is
// locked where the system can.
func createTemp(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, fmt.Sprintf(".netready-%s-%d-*.tmp", thisHost(), os.Getpid()))
	if err == nil {
		_ = lock(f) // a file system without locks: the name has to do
	}
	return f, err
}

// thisHost tells machines apart that write into one shared folder.
func thisHost() string {
	name, err := os.Hostname()
	if err != nil {
		return "00000000"
	}
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:4])
}

// RemoveLeftovers removes what a process of ours that was killed has left in
// the folder of a file, and returns their names. The file of a process that
// lives, or that may live on another host, stays.
func RemoveLeftovers(path string) (removed []string) {
	path, _ = replaced(path, 0)
	dir := filepath.Dir(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // no folder yet, so nothing in it
	}
	for _, entry := range entries {
		name := filepath.Join(dir, entry.Name())
		if entry.Type().IsRegular() && orphaned(entry.Name()) && unlocked(name) && os.Remove(name) == nil {
			removed = append(removed, name)
		}
	}
	return removed
}

// orphaned says whether a temporary file is of a process of this host that is
// no more.
func orphaned(name string) bool {
	parts := leftover.FindStringSubmatch(name)
	if parts == nil || parts[1] != thisHost() || parts[1] == "00000000" {
		return false
	}
	pid, err := strconv.Atoi(parts[2])
	return err == nil && pid > 0 && !alive(pid)
}

// unlocked says whether nobody holds a file, which a process inside a container
// does under a number that means nothing here.
func unlocked(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	return lock(f) == nil
}
