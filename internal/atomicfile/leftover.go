package atomicfile

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
)

// createTemp makes a temporary file that RemoveLeftovers of another process does not remove
// as long as this process lives: it is locked, and its name contains the host, since other
// hosts that share the folder do not see the lock.
func createTemp(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, tempPrefix()+"*.tmp")
	if err == nil {
		_ = lock(f) // a file system without locks: then nobody removes it
	}
	return f, err
}

func tempPrefix() string {
	name, err := os.Hostname()
	if err != nil {
		return ".netready-"
	}
	sum := sha256.Sum256([]byte(name))
	return ".netready-" + hex.EncodeToString(sum[:4]) + "-"
}

// RemoveLeftovers removes the temporary files that killed processes of this host left in
// the folder of a file, and returns their names. Files of a process that lives, or that may
// live on another host, stay.
func RemoveLeftovers(path string) (removed []string) {
	path, _ = replaced(path)
	prefix := tempPrefix()
	if prefix == ".netready-" { // the host's name is not known
		return nil
	}
	entries, _ := os.ReadDir(filepath.Dir(path)) // no folder yet: nothing in it
	for _, entry := range entries {
		name := filepath.Join(filepath.Dir(path), entry.Name())
		ours, _ := filepath.Match(prefix+"*.tmp", entry.Name()) // the pattern is sound
		if ours && entry.Type().IsRegular() && unlocked(name) && os.Remove(name) == nil {
			removed = append(removed, name)
		}
	}
	return removed
}

// unlocked says whether nobody holds a file.
func unlocked(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	return lock(f) == nil
}
