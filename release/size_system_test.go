//go:build system

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// maxSize is the most that netready may weigh as it is shipped for Linux, in bytes. The aim is
// 20 MB.
const maxSize = 21_700_000

// Where a program finds a method by a name that it has at run time only, the linker keeps
// every method of every type: 3.8 MB of netready were that. Whoever brings in a library that
// does so reads its name here: a template that runs, a parser of flags with hooks.
func TestNetreadyStaysSmall(t *testing.T) {
	program := filepath.Join(t.TempDir(), "netready")
	build := exec.Command("go", "build", "-C", "..", "-trimpath", "-ldflags", target{os: "linux", arch: "amd64"}.linking()+" -dumpdep", "-o", program, "./cmd/netready")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	var reached bytes.Buffer
	build.Stderr = &reached
	if err := build.Run(); err != nil {
		t.Fatalf("%v\n%.2000s", err, reached.Bytes())
	}
	if !bytes.Contains(reached.Bytes(), []byte("main.main -> ")) {
		t.Fatalf("the linker no longer says what reaches what:\n%.2000s", reached.Bytes())
	}
	if by := callers(reached.Bytes()); len(by) > 0 {
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
