// Package built makes the programs of this module for tests that start them.
package built

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// Main builds packages into a folder, whose path it puts into folder, runs the
// tests, removes the folder and returns the exit status. flags are those of go build.
func Main(m *testing.M, folder *string, flags []string, packages ...string) int {
	dir, err := os.MkdirTemp("", "netready-built-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "making a folder for the programs:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", append(append([]string{"build", "-o", dir + "/"}, flags...), packages...)...) //nolint:noctx // bounded by the time-out of the tests
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the programs: %v\n%s", err, out)
		return 1
	}
	*folder = dir
	return m.Run()
}
