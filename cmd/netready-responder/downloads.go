package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"netready/cmd/netready-responder/invitepage"
	"netready/probe/responder"
)

const (
	mostFiles   = 32
	largestFile = 256 << 20 // bytes
)

// downloads are the release files of a folder with their checksums; an empty name: there are none.
func downloads(dir string) ([]responder.File, error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the files for download: %w; choose another folder with --downloads", err)
	}
	var all []responder.File
	for _, e := range entries {
		_, _, ok := invitepage.SystemOf(e.Name())
		if !ok || !e.Type().IsRegular() || strings.ContainsFunc(e.Name(), foreign) {
			continue
		}
		f, err := checksummed(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		if all = append(all, f); len(all) > mostFiles {
			return nil, fmt.Errorf("--downloads %s: it has more than %d programs; keep one for each system", dir, mostFiles)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("--downloads %s: it has no program; names are like netready-windows-amd64.exe", dir)
	}
	return all, nil
}

// foreign is a character that no release file has in its name.
func foreign(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
}

func checksummed(path string) (responder.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return responder.File{}, fmt.Errorf("reading a file for download: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, io.LimitReader(f, largestFile+1))
	if err == nil && n > largestFile {
		err = fmt.Errorf("it is larger than %d MiB", largestFile>>20)
	}
	if err != nil {
		return responder.File{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return responder.File{Name: filepath.Base(path), Path: path, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}
