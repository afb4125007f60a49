//go:build (system || soak) && linux

package merge

import (
	"os/exec"
	"syscall"
)

// peakMB is the largest memory that a process which has ended had, in MB.
func peakMB(cmd *exec.Cmd) float64 {
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return float64(usage.Maxrss) / 1024
}
