//go:build system || soak

package merge

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test program play the merge that is killed.
func TestMain(m *testing.M) {
	if args := os.Getenv("NETREADY_TEST_MERGE"); args != "" {
		debug.SetMemoryLimit(220 << 20) // as the command does
		debug.SetGCPercent(200)
		source, out, _ := strings.Cut(args, "|")
		got, err := Merge{Sources: strings.Split(source, "\n"), Out: out, Append: true, Now: time.Now()}.Do(context.Background())
		fmt.Println(got.Runs, "runs", err)
		for _, left := range got.LeftOut {
			fmt.Println(left.Source, left.Reason)
		}
		status, _ := os.ReadFile("/proc/self/status") // on Linux
		for line := range strings.Lines(string(status)) {
			if strings.HasPrefix(line, "VmHWM:") {
				fmt.Print(line)
			}
		}
		if err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// self starts the merge in a process of its own.
func self(t testing.TB, source, out string, more ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program) // killed by hand
	cmd.Env = append(os.Environ(), "NETREADY_TEST_MERGE="+strings.Join(append([]string{source}, more...), "\n")+"|"+out)
	return cmd
}
