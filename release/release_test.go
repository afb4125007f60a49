//go:build system

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"netready/internal/need"
)

// output runs a command and fails the test with what it printed.
func output(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, out)
	}
	return string(out)
}

var host = "linux/" + runtime.GOARCH

// snapshot is a repository with one commit of the files as they lie here.
func snapshot(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "snapshot")
	output(t, exec.Command("git", "init", "-q", folder))
	for _, args := range [][]string{{"add", "-A"}, {"commit", "-q", "-m", "the files of this test"}} {
		c := exec.Command("git", append([]string{"--git-dir", filepath.Join(folder, ".git"), "--work-tree", ".."}, args...)...)
		c.Env = append(os.Environ(), "GIT_AUTHOR_NAME=test", "GIT_AUTHOR_EMAIL=test@localhost", "GIT_COMMITTER_NAME=test", "GIT_COMMITTER_EMAIL=test@localhost")
		output(t, c)
	}
	return folder
}

// made is a release for this machine's Linux and Windows, from a clone at a path
// of its own.
func made(t *testing.T, repository, clone string) string {
	t.Helper()
	need.Tool(t, "wixl")
	output(t, exec.Command("git", "clone", "-q", repository, clone))
	program := filepath.Join(t.TempDir(), "release")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join(clone, "release")
	output(t, build)
	make := exec.Command(program, "--out", "dist", "--usb", "--only", "windows/amd64,"+host)
	make.Dir = clone
	t.Log(output(t, make))
	return filepath.Join(clone, "dist")
}

// One commit makes the same bytes in any folder; what was made can be installed and runs.
func TestRelease(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the packages are tried on Linux")
	}
	repository := snapshot(t)
	dist := made(t, repository, filepath.Join(t.TempDir(), "first"))
	t.Run("the same bytes from another folder", func(t *testing.T) {
		again := made(t, repository, filepath.Join(t.TempDir(), "a second folder, länger"))
		if one, two := read(t, dist, marker), read(t, again, marker); one != two {
			t.Errorf("the checksums differ:\n%s\n%s", one, two)
		}
	})
	t.Run("checksums", func(t *testing.T) {
		check := exec.Command("sha256sum", "--check", "--strict", "--quiet", marker)
		check.Dir = dist
		output(t, check)
	})
	t.Run("deb", func(t *testing.T) { testPackage(t, dist, "deb") })
	t.Run("rpm", func(t *testing.T) { testPackage(t, dist, "rpm") })
	t.Run("installer", func(t *testing.T) { testInstaller(t, dist) })
	t.Run("service", func(t *testing.T) { testService(t, dist) })
	t.Run("stick", func(t *testing.T) { testStick(t, dist) })
}

func read(t *testing.T, folder, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// testPackage installs the agent into a root of its own, runs it, removes it.
func testPackage(t *testing.T, dist, format string) {
	t.Helper()
	root := t.TempDir()
	file := filepath.Join(dist, fmt.Sprintf("netready-linux-%s.%s", runtime.GOARCH, format))
	install := exec.Command(need.Tool(t, "rpm"), "--root", root, "--nodeps", "-i", file)
	remove := exec.Command("rpm", "--root", root, "--nodeps", "-e", "netready")
	if format == "deb" {
		for _, name := range []string{"info", "updates", "triggers"} {
			mustMkdir(t, filepath.Join(root, "var/lib/dpkg", name))
		}
		for _, name := range []string{"status", "available"} {
			if err := os.WriteFile(filepath.Join(root, "var/lib/dpkg", name), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		install = exec.Command(need.Tool(t, "dpkg"), "--root="+root, "--log=/dev/null", "--force-not-root", "-i", file)
		remove = exec.Command("dpkg", "--root="+root, "--log=/dev/null", "--force-not-root", "-r", "netready")
	}
	output(t, install)
	program := filepath.Join(root, "usr/bin/netready")
	run := exec.Command(program, "run", "--region", "local", "--duration", "1s", "--only", "voice", "--quiet", "--out", filepath.Join(t.TempDir(), "results"))
	output(t, run)
	if page := output(t, exec.Command("gzip", "-dc", filepath.Join(root, "usr/share/man/man1/netready.1.gz"))); !strings.Contains(page, ".SH NAME") {
		t.Errorf("the manual page is %.100q", page)
	}
	if script := read(t, filepath.Join(root, "usr/share/bash-completion/completions"), "netready"); !strings.Contains(script, "complete -o default") {
		t.Errorf("the completion is %.100q", script)
	}
	output(t, remove)
	if _, err := os.Stat(program); !os.IsNotExist(err) {
		t.Errorf("after removal the program is there: %v", err)
	}
}

func mustMkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

// testStick is a technician's morning: two machines, results in one folder,
// merged by the start file, in a folder with spaces and umlauts.
func testStick(t *testing.T, dist string) {
	t.Helper()
	stick := filepath.Join(t.TempDir(), "Stick für Büro 3")
	if err := os.Rename(filepath.Join(dist, "netready-usb"), stick); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(stick, "programs", "netready-linux-"+runtime.GOARCH)
	for _, machine := range []string{"empfang-1", "lager-2"} {
		run := exec.Command(need.Tool(t, "unshare"), "--uts", "sh", "-c", `hostname "$0" && exec "$@"`, machine,
			program, "run", "--region", "local", "--duration", "1s", "--only", "voice", "--quiet", "--org", "Bäckerei Öl", "--out", filepath.Join(stick, "results"))
		output(t, run)
	}
	merged := output(t, exec.Command("sh", filepath.Join(stick, "merge-on-linux.sh")))
	if !strings.Contains(merged, "2 runs") {
		t.Errorf("merging said %q, want 2 runs", merged)
	}
	for _, name := range []string{"all-results.xlsx", "results.xlsx"} {
		if !strings.HasPrefix(read(t, stick, name), "PK") {
			t.Errorf("%s is no workbook", name)
		}
	}
	output(t, exec.Command(need.Tool(t, "shellcheck"), filepath.Join(stick, "merge-on-linux.sh"), filepath.Join(stick, "start-on-linux.sh"), filepath.Join(stick, "Start on macOS.command"), filepath.Join(stick, "Merge on macOS.command")))
}
