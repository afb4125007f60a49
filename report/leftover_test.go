package report

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// deadPID is the number of a process that has ended.
func deadPID(t *testing.T) int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, "-test.run=^$")
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	return c.Process.Pid
}

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
	dead := deadPID(t)
	gone := file(fmt.Sprintf(".netready-%s-%d-1.tmp", thisHost(), dead))
	kept := []string{
		file(fmt.Sprintf(".netready-%s-%d-2.tmp", thisHost(), os.Getpid())),
		file(fmt.Sprintf(".netready-%s-%d-3.tmp", "ffffffff", dead)), // of another host
		file(".netready-4.tmp"),
		file("team.xlsx"),
	}
	held := filepath.Join(dir, fmt.Sprintf(".netready-%s-%d-5.tmp", thisHost(), dead))
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

// A file that is being written survives whoever tidies up meanwhile.
func TestLeftoversOfTheLivingStay(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	err := WriteAtomic(path, true, func(w io.Writer) error {
		found, err := filepath.Glob(filepath.Join(dir, ".netready-*.tmp"))
		if err != nil || len(found) != 1 || !leftover.MatchString(filepath.Base(found[0])) {
			t.Errorf("temporary files %v (%v), want one with host and process in its name", found, err)
		}
		if got := RemoveLeftovers(path); got != nil {
			t.Errorf("removed %v", got)
		}
		// Not even one whose process is gone, as far as its name tells.
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
