package capture

import "encoding/binary"

const (
	minFax   = 4    // datagrams in sequence make a fax
	maxFaxes = 1024 // pairs of addresses that are watched for a fax
)

// faxes finds T.38 over UDP (UDPTL, ITU-T T.38 9.1): a sequence number that grows by one,
// and no bytes after its packets.
type faxes struct {
	all map[ends]*fax
}

type fax struct {
	next uint16
	run  int // in sequence
	sum  int
}

// add takes a datagram if it is part of a fax.
func (f *faxes) add(u datagram) bool {
	if !isUDPTL(u.payload) || len(u.payload) != u.size {
		return false
	}
	key := ends{u.src, u.dst}
	x := f.all[key]
	if x == nil {
		if f.all == nil {
			f.all = map[ends]*fax{}
		}
		if len(f.all) >= maxFaxes {
			return false
		}
		x = &fax{}
		f.all[key] = x
	}
	seq := binary.BigEndian.Uint16(u.payload)
	switch {
	case x.run > 0 && seq == x.next-1: // sent again
	case x.run > 0 && seq == x.next:
		x.run++
	case x.run < minFax:
		x.run, x.sum = 1, 0
	}
	x.next = seq + 1
	x.sum++
	return x.run >= minFax
}

func (f *faxes) packets() int {
	n := 0
	for _, x := range f.all {
		if x.run >= minFax {
			n += x.sum
		}
	}
	return n
}

// isUDPTL checks the lengths of a UDPTL packet: a primary packet, then former
// packets again (0x00) or parity of them (0x80), to the last byte.
func isUDPTL(b []byte) bool {
	if len(b) < 6 {
		return false
	}
	rest, ok := openType(b[2:])
	if !ok || len(rest) < 2 {
		return false
	}
	many := int(rest[1])
	switch {
	case rest[0] == 0x00:
		rest = rest[2:]
	case rest[0] == 0x80 && len(rest) >= 4 && rest[1] == 1: // one byte of span
		many, rest = int(rest[3]), rest[4:]
	default:
		return false
	}
	for range many {
		if rest, ok = openType(rest); !ok {
			return false
		}
	}
	return len(rest) == 0
}

// openType skips a field that begins with its length, up to 127 bytes.
func openType(b []byte) ([]byte, bool) {
	if len(b) == 0 || b[0] >= 0x80 || int(b[0]) >= len(b) {
		return nil, false
	}
	return b[1+int(b[0]):], true
}
