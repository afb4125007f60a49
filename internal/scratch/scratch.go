// Package scratch makes temporary files that are removed in any case.
package scratch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// A File is a temporary file. Close removes it.
type File struct{ *os.File }

// New makes a file in the folder for temporary files. Where an open file can be removed, it
// is removed at once, so that a killed program leaves nothing behind; elsewhere (Windows)
// Close removes it.
func New(kind string) (*File, error) {
	file, err := os.CreateTemp("", "netready-"+kind+"-*")
	if err != nil {
		return nil, fmt.Errorf("making a temporary file: %w", err)
	}
	_ = os.Remove(file.Name())
	return &File{file}, nil
}

// Close closes and removes the file.
func (f *File) Close() error {
	err := f.File.Close()
	if gone := os.Remove(f.Name()); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}
