// Package share divides a responder's capacity among its clients: by client address,
// by the prefix of that address, and in total. No client can take so much that
// nothing is left for others, and a client that has proved nothing never takes the
// place of one that has.
package share

import "net/netip"

// circles is how many groups one client belongs to.
const circles = 3

// Circles are the groups that a client is counted in: its address; its prefix, /24
// of IPv4 (the smallest block that is routed separately) and /64 of IPv6 (one
// network, RFC 4291 2.5.4); and for IPv6 also the /48 (one site, RFC 6177 2). A host
// with IPv6 has 2^64 addresses, so the address alone would say nothing. For IPv4 the
// third one is the zero Prefix and is not counted.
func Circles(a netip.Addr) [circles]netip.Prefix {
	a = a.Unmap().WithZone("")
	sizes := [circles]int{128, 64, 48}
	if a.Is4() {
		sizes = [circles]int{32, 24, -1}
	}
	var all [circles]netip.Prefix
	for i, bits := range sizes {
		all[i], _ = a.Prefix(bits) // the zero Prefix where there is none
	}
	return all
}

// Caps are the largest counts for each group, in the order of Circles; 0: no bound.
type Caps [circles]int
