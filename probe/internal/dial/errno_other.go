//go:build !windows

package dial

import "syscall"

// wsaRefused is another number on Windows only.
const wsaRefused = syscall.ECONNREFUSED
