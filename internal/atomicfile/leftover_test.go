package atomicfile

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// A merge that was killed left its temporary file beside the workbook for ever.
func TestRemoveLeftovers(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	gone := file(tempPrefix() + "4711-1.tmp")
	kept := []string{
		file(".netready-ffffffff-4711-3.tmp"), // of another host
		file(".netready-4.tmp"),
		file("team.xlsx"),
	}
	held := filepath.Join(dir, tempPrefix()+"5.tmp")
	f, err := os.Create(held)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := lock(f); err != nil {
		t.Skipf("no locks here: %v", err)
	}
	got := RemoveLeftovers(filepath.Join(dir, "team.xlsx"))
	if !slices.Equal(got, []string{gone}) {
		t.Errorf("removed %v, want %v", got, gone)
	}
	for _, path := range append(kept, held) {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("%s is gone", path)
		}
	}
	if got := RemoveLeftovers(filepath.Join(dir, "missing", "team.xlsx")); got != nil {
		t.Errorf("in a folder that is not there: %v", got)
	}
}

// Between the end of the writing and the renaming, a file had no owner: a process that
// tidied up in that moment removed it, and its content was lost.
func TestAFileThatGetsItsNameIsNoLeftover(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there a file has to be closed before it gets its name")
	}
	path := filepath.Join(t.TempDir(), "a.txt")
	err := writeAs(path, fileMode, all([]byte("whole")), func(from, to string) error {
		if got := RemoveLeftovers(path); got != nil {
			t.Errorf("removed %v", got)
		}
		return os.Rename(from, to)
	})
	if got, _ := os.ReadFile(path); err != nil || string(got) != "whole" {
		t.Errorf("got %q, %v", got, err)
	}
}

// A file that is being written stays when somebody tidies up.
func TestLeftoversOfTheLivingStay(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	err := Replace(path, func(w io.Writer) error {
		found, err := filepath.Glob(filepath.Join(dir, ".netready-*.tmp"))
		if err != nil || len(found) != 1 || !strings.HasPrefix(filepath.Base(found[0]), tempPrefix()) {
			t.Errorf("temporary files %v (%v), want one with the host in its name", found, err)
		}
		if got := RemoveLeftovers(path); got != nil {
			t.Errorf("removed %v", got)
		}
		if runtime.GOOS != "windows" {
			if unlocked(found[0]) {
				t.Error("a file that is being written can be locked by another")
			}
		}
		_, err = io.WriteString(w, "whole")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); string(got) != "whole" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
