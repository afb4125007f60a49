//go:build !windows

package control

import "syscall"

// wsaRefused is another number on Windows only.
const wsaRefused = syscall.ECONNREFUSED
