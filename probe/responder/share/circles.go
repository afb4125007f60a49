// Package share divides what a responder has between those who ask for it: by
// client address, by the prefix that the address lies in, and in all. Nobody
// can take so much that nothing is left for others, and a stranger never takes
// the place of somebody who has proved who he is.
package share

import "net/netip"

// circles is how many circles one client stands in.
const circles = 3

// Circles are the groups that a client is counted in: its address; its prefix,
// /24 of IPv4 (the smallest block that is routed by itself) and /64 of IPv6 (one
// network, RFC 4291 2.5.4); and of IPv6 also /48 (one site, RFC 6177 2). A host
// with IPv6 has 2^64 addresses, so that the address alone would say nothing.
// The third of IPv4 is no prefix at all and is not counted.
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

// Caps bound what one circle may have, in the order of Circles; 0: no bound.
type Caps [circles]int
