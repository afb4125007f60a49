//go:build capacity && linux

package capacity

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// segment fills the control message that has one datagram after each size bytes.
func segment(oob []byte) {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(oob[unix.CmsgLen(0):], size)
}

// kernelStamp is the arrival on the wall clock, ns; it is the only thing that
// these sockets ask for.
func kernelStamp(oob []byte) int64 {
	if len(oob) < unix.CmsgLen(16) {
		return 0
	}
	return (*unix.Timespec)(unsafe.Pointer(&oob[unix.CmsgLen(0)])).Nano()
}
