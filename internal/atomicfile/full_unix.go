//go:build !windows

package atomicfile

import "syscall"

// What the system says where a disk has no room left, or its user none.
const (
	diskFull  = syscall.ENOSPC
	overQuota = syscall.EDQUOT
)
