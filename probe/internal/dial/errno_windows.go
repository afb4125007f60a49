package dial

import "golang.org/x/sys/windows"

// wsaRefused is Windows' own number, which package syscall does not translate.
const wsaRefused = windows.WSAECONNREFUSED
