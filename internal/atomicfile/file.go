// Package atomicfile writes files completely or not at all: a crash at any moment leaves
// the old file, or none.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Files of netready contain people, places, addresses and how to reach them: other users
// of the computer can read them only if that was asked for. On Windows files inherit the
// access list of their folder.
const (
	fileMode   fs.FileMode = 0o600
	folderMode fs.FileMode = 0o700
)

// MakeFolder makes a folder and its parents, for this user alone. An existing one does not
// change.
func MakeFolder(dir string) error { return os.MkdirAll(dir, folderMode) }

// Writable makes sure that a folder exists and that files can be written into it.
func Writable(dir string) error {
	if err := MakeFolder(dir); err != nil {
		return fmt.Errorf("the folder %s cannot be made: %w", dir, err)
	}
	f, err := createTemp(dir)
	if err != nil {
		return fmt.Errorf("the folder %s cannot be written: %w", dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Create writes a new file. An existing one is an error (fs.ErrExist) and does not change.
func Create(path string, write func(io.Writer) error) error {
	return writeAs(path, fileMode, write, renameNew)
}

// Replace writes a file in place of one that may exist: the target of a symbolic link, with
// the permissions that it had.
func Replace(path string, write func(io.Writer) error) error {
	path, mode := replaced(path)
	return writeAs(path, mode, write, renameOver)
}

// Private writes a file that only its owner may read, in place of one that may exist.
func Private(path string, content []byte) error {
	return writeAs(path, fileMode, all(content), renameOver)
}

// PrivateOfFolder is Private for a file that belongs to the owner of its folder, see
// Inherit.
func PrivateOfFolder(path string, content []byte) error {
	return writeAs(path, fileMode, all(content), func(from, to string) error {
		if err := Inherit(from); err != nil {
			return fmt.Errorf("writing %s: %w", to, err)
		}
		return renameOver(from, to)
	})
}

func all(content []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	}
}

var errFolder = errors.New("this is a folder; name a file")

// writeAs writes a temporary file in the same folder, syncs it to the disk, and renames it.
func writeAs(path string, mode fs.FileMode, write func(io.Writer) error, rename func(from, to string) error) error {
	dir := filepath.Dir(path)
	f, err := createTemp(dir)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer os.Remove(f.Name())
	out := bufio.NewWriterSize(f, 1<<18)
	if err = filled(f, out, mode, write); err != nil {
		_ = f.Close()
		if errors.Is(err, diskFull) || errors.Is(err, overQuota) {
			return fmt.Errorf("writing %s: %w: delete what nobody needs there, or choose a folder on another disk", path, err)
		}
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := named(f, func() error { return rename(f.Name(), path) }); err != nil {
		return err
	}
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync() // not every system can; the file itself is on the disk
		_ = d.Close()
	}
	return nil
}

// filled writes the content of a temporary file and gives it its permissions.
func filled(f *os.File, out *bufio.Writer, mode fs.FileMode, write func(io.Writer) error) error {
	if err := write(out); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return f.Sync()
}

// replaced is the file that a path leads to through symbolic links, and its permissions; if
// there is none, the path and the mode of a new file.
func replaced(path string) (string, fs.FileMode) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Stat(path); err == nil {
		return path, info.Mode().Perm()
	}
	return path, fileMode
}

// renameOver takes the place of a file. Of a folder in its way the system only says that the
// file exists.
func renameOver(from, to string) error {
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		return fmt.Errorf("writing %s: %w", to, errFolder)
	}
	return os.Rename(from, to)
}

// renameNew renames only if no file has that name yet. A hard link does that in one step; a
// file system without hard links (USB sticks) needs two.
func renameNew(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return err
	}
	err = f.Close()
	if err == nil {
		err = os.Rename(from, to)
	}
	if err != nil {
		_ = os.Remove(to) // the empty file that was made above: nothing incomplete stays
	}
	return err
}
