package stamp

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	kernel32  = windows.NewLazySystemDLL("kernel32.dll")
	counter   = kernel32.NewProc("QueryPerformanceCounter")
	frequency = query(kernel32.NewProc("QueryPerformanceFrequency"))
	base      = query(counter)
)

// query asks for a 64-bit number. Neither call can fail since Windows XP.
func query(proc *windows.LazyProc) uint64 {
	var v uint64
	_, _, _ = proc.Call(uintptr(unsafe.Pointer(&v)))
	return v
}

// Now is the time on this process's monotonic clock. Its zero is arbitrary. It reads the
// performance counter: package time's clock moves in steps of up to 15.6 ms here, which
// is more than most jitter.
func Now() time.Duration { return scale(query(counter)-base, frequency) }
