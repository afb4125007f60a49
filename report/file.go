package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// FileName is the name of a result without its ending:
// netready_ORG_REGION_HOST_YYYYMMDDTHHMMSSZ_RUNID8, safe on every file system.
func FileName(r Report) string {
	id := r.RunID
	if len(id) > 8 {
		id = id[len(id)-8:] // the random end of a ULID
	}
	return strings.Join([]string{
		"netready", namePart(r.Organization, "unnamed"), namePart(r.Region.ID, "region"), namePart(r.Machine.Hostname, "host"),
		r.StartedAt.UTC().Format("20060102T150405Z"), namePart(id, "run"),
	}, "_")
}

// namePart keeps ASCII letters and digits, accents taken off; everything else
// becomes a hyphen. With five more parts around it no reserved name comes out.
func namePart(s, otherwise string) string {
	const most = 32
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r):
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= most {
			break
		}
	}
	if part := strings.Trim(b.String(), "-"); part != "" {
		return part
	}
	return otherwise
}

// Results name people, places and addresses, and how to reach them: other users
// of the computer read them only where that was asked for (Share). Windows has
// access lists, which are inherited from the folder above.
const (
	fileMode   fs.FileMode = 0o600
	folderMode fs.FileMode = 0o700
)

// Share lets the other users of the computer read files, and enter the folder
// that they lie in.
func Share(files ...string) error {
	for _, name := range files {
		if err := errors.Join(os.Chmod(name, 0o644), os.Chmod(filepath.Dir(name), 0o755)); err != nil {
			return fmt.Errorf("sharing the results: %w", err)
		}
	}
	return nil
}

// MakeFolder makes a folder for results with those above it, for this user alone.
// One that is there stays as it is.
func MakeFolder(dir string) error { return os.MkdirAll(dir, folderMode) }

// WriteFiles writes a report as TXT and JSON into a folder and returns both
// paths. Nothing that exists is overwritten.
func WriteFiles(dir string, r Report) (txt, js string, err error) {
	name := FileName(r)
	for n := 2; ; n++ {
		txt, js = filepath.Join(dir, name+".txt"), filepath.Join(dir, name+".json")
		err = WriteAtomic(js, false, func(w io.Writer) error { return WriteJSON(w, r) })
		if err == nil {
			err = WriteAtomic(txt, false, func(w io.Writer) error { return WriteText(w, r) })
			if err == nil {
				return txt, js, nil
			}
			_ = os.Remove(js) // ours, of this moment: a pair belongs together
		}
		if !errors.Is(err, fs.ErrExist) || n > 99 {
			return "", "", err
		}
		name = fmt.Sprintf("%s_%d", FileName(r), n)
	}
}

// WriteAtomic writes a file whole or not at all: into a temporary file in the
// same folder, to the disk, then under its name. Without overwrite a file that
// exists is an error (fs.ErrExist) and stays as it is.
func WriteAtomic(path string, overwrite bool, write func(io.Writer) error) error {
	mode := fileMode
	if overwrite {
		path, mode = replaced(path, mode)
	}
	dir := filepath.Dir(path)
	f, err := createTemp(dir)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = write(f)
	if err == nil {
		err = f.Chmod(mode)
		if errors.Is(err, errors.ErrUnsupported) {
			err = nil
		}
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if overwrite {
		err = os.Rename(f.Name(), path)
	} else {
		err = renameNew(f.Name(), path)
	}
	if err != nil {
		return err
	}
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync() // not every system can; the file itself is on the disk
		_ = d.Close()
	}
	return nil
}

// replaced is the file that a path leads to over links, and who may read it;
// without one, the path and the mode of a new file.
func replaced(path string, fresh fs.FileMode) (string, fs.FileMode) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Stat(path); err == nil {
		return path, info.Mode().Perm()
	}
	return path, fresh
}

// renameNew renames only where nothing has that name yet. A hard link does
// that in one step; a file system without them (USB sticks) takes two.
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
		_ = os.Remove(to) // empty, and ours: nothing half-written stays
	}
	return err
}

// Writable makes sure that a folder exists and takes files.
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

// buffered gathers what a writer of many small pieces writes.
func buffered(w io.Writer, write func(*bytes.Buffer)) error {
	var b bytes.Buffer
	write(&b)
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}
