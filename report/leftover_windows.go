package report

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lock has nothing to do: nobody can remove a file that a process has open.
func lock(*os.File) error { return nil }

// alive reports whether there is a process with this number that has not ended.
// One of another user answers with a refusal.
func alive(pid int) bool {
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return !errors.Is(err, windows.ERROR_INVALID_PARAMETER)
	}
	defer func() { _ = windows.CloseHandle(process) }()
	const stillActive = 259 // STILL_ACTIVE, while it runs
	var code uint32
	return windows.GetExitCodeProcess(process, &code) != nil || code == stillActive
}
