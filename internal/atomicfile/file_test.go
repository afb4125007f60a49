package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestAFileIsWrittenWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	full := errors.New("no space left on device")
	err := Replace(path, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("got %v, want the writer's error", err)
	}
	if err := Create(path, func(w io.Writer) error { _, err := io.WriteString(w, "one"); return err }); err != nil {
		t.Fatal(err)
	}
	err = Create(path, func(w io.Writer) error { _, err := io.WriteString(w, "two"); return err })
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("over an existing file: %v, want fs.ErrExist", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "one" {
		t.Errorf("the file holds %q, want what was there before", got)
	}
	if found, _ := os.ReadDir(dir); len(found) != 1 {
		t.Errorf("%d files, want 1", len(found))
	}
}

// A full disk is said once, and what to do; it was said twice.
func TestAFullDiskSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	err := Replace(path, func(io.Writer) error { return diskFull })
	if !errors.Is(err, diskFull) || strings.Count(err.Error(), diskFull.Error()) != 1 || !strings.Contains(err.Error(), "another disk") {
		t.Errorf("got %v", err)
	}
}

// TestReplaceKeepsLinkAndMode: a workbook reached over a link was once
// replaced by a copy beside the real one, and its mode widened to 0644.
func TestReplaceKeepsLinkAndMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege there, and modes mean little")
	}
	dir := t.TempDir()
	file, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", link); err != nil {
		t.Fatal(err)
	}
	if err := Replace(link, func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(file); string(got) != "new" || info.Mode().Perm() != 0o640 {
		t.Errorf("the file behind the link holds %q, mode %v, want new, 0640", got, info.Mode())
	}
	if _, err := os.Readlink(link); err != nil {
		t.Errorf("the link is gone: %v", err)
	}
}

// A folder in the place of a file is said; the system's words were "file exists".
func TestFolderIsNoFile(t *testing.T) {
	dir := t.TempDir()
	for name, err := range map[string]error{
		"private": Private(dir, []byte("x")),
		"replace": Replace(dir, func(w io.Writer) error { return nil }),
	} {
		if !errors.Is(err, errFolder) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
