package stream

// Copies decides which datagrams of a stream go into its trace. The first copy
// of every packet always does; further ones only up to a number, so that one
// overheard packet, sent over and over, neither fills the memory nor keeps the
// others out. The zero value is ready to use.
type Copies struct {
	seen    []uint64 // a bit for each index that came
	further int
}

// spareCopies are taken of a stream on top of one more copy of each packet: a
// very short call through a network that doubles keeps all of them.
const spareCopies = 1000

// MostCopies is how many datagrams of a stream of so many packets go into its
// trace at most.
func MostCopies(packets int) int { return 2*packets + spareCopies }

// Take says whether a datagram of packet index goes into the trace of a stream
// of so many packets.
func (c *Copies) Take(index int64, packets int) bool {
	if index < 0 || index >= int64(packets) {
		return false
	}
	word, bit := int(index/64), uint64(1)<<(index%64)
	if word >= len(c.seen) {
		c.seen = append(c.seen, make([]uint64, word+1-len(c.seen))...)
	}
	if c.seen[word]&bit == 0 {
		c.seen[word] |= bit
		return true
	}
	if c.further >= packets+spareCopies {
		return false
	}
	c.further++
	return true
}
