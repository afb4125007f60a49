//go:build system

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// maxSize is the most that netready may weigh as it is shipped for Linux (amd64), in bytes.
const maxSize = 20_000_000

// Where a program finds a method by a name that it has only at run time, the linker keeps
// every method of every type: that was 3.8 MB of netready. The test names the library that
// does so: a template engine, or a parser of flags with hooks.
func TestNetreadyStaysSmall(t *testing.T) {
	program := filepath.Join(t.TempDir(), "netready")
	reached := buildShipped(t, program, "-dumpdep")
	if !bytes.Contains(reached, []byte("main.main -> ")) {
		t.Fatalf("the linker no longer says what reaches what:\n%.2000s", reached)
	}
	if by := callers(reached); len(by) > 0 {
		t.Errorf("these find methods by name, so that no method can be left out: %s", by)
	}
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if t.Logf("%.1f MB", float64(info.Size())/1e6); info.Size() >= maxSize {
		t.Errorf("netready weighs %d bytes, want less than %d: make size names what it is made of", info.Size(), maxSize)
	}
}

// buildShipped builds netready as it is shipped for Linux, and returns what the linker says.
func buildShipped(t *testing.T, program string, more string) []byte {
	t.Helper()
	flags := target{os: "linux", arch: "amd64"}.linking() + " " + more
	args := slices.Concat([]string{"build", "-C", "..", "-trimpath", "-ldflags", flags, "-o", program}, compiling(), []string{"./cmd/netready"})
	build := exec.Command("go", args...)
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	var said bytes.Buffer
	build.Stderr = &said
	if err := build.Run(); err != nil {
		t.Fatalf("%v\n%.2000s", err, said.Bytes())
	}
	return said.Bytes()
}

// maxMemory is the most that netready may take in a run with every check, in bytes. The
// responder of the region local is in the same process.
const maxMemory = 40_000_000

// The peak of resident memory, as the kernel counts it (VmHWM, proc(5)), the program's own
// pages among them.
func TestNetreadyTakesLittleMemory(t *testing.T) {
	program := filepath.Join(t.TempDir(), "netready")
	buildShipped(t, program, "")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, program, "run", "--region", "local", "--duration", "5s", "--under-load", "--out", t.TempDir())
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = run.Wait(); close(ended) }() // a verdict is no error here
	peak := 0
	for alive := true; alive; {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", run.Process.Pid)) // it may have ended
		if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
			_, _ = fmt.Sscan(rest, &peak)
		}
		select {
		case <-ended:
			alive = false
		case <-time.After(20 * time.Millisecond):
		}
	}
	if t.Logf("%.1f MB", float64(peak)*1024/1e6); ctx.Err() != nil || peak == 0 || peak*1024 >= maxMemory {
		t.Errorf("%v: %d kB, want less than %d", ctx.Err(), peak, maxMemory/1024)
	}
}

// callers are the functions from which the linker came to methods by their names. Those of
// package reflect, and those that a type has of a reflect.Value inside it, are only there
// because of them.
func callers(dumpdep []byte) (by []string) {
	for _, m := range regexp.MustCompile(`(?m)(?:^|-> )(\S+) <ReflectMethod>`).FindAllSubmatch(dumpdep, -1) {
		name := string(m[1])
		if !regexp.MustCompile(`^reflect\.|\.(Method|MethodByName|Methods)(\.|$)`).MatchString(name) && !slices.Contains(by, name) {
			by = append(by, name)
		}
	}
	slices.Sort(by)
	return by
}
