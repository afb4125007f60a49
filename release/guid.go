package main

import (
	"crypto/sha256"
	"fmt"
)

// guidOf makes a GUID from a name, the same each time (RFC 9562, 5.8: version 8).
func guidOf(name string) string {
	sum := sha256.Sum256([]byte("netready " + name))
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
