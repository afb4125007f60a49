package atomicfile

import "golang.org/x/sys/windows"

// What the system says where a disk has no room left, or its user none.
const (
	diskFull  = windows.ERROR_DISK_FULL
	overQuota = windows.ERROR_DISK_QUOTA_EXCEEDED
)
