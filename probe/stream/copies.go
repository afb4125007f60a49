package stream

// Copies decides which datagrams of a stream go into its trace: the first copy of
// every packet, and a limited number of further copies. So nobody who repeats one
// packet again and again fills the memory or keeps other packets out. The zero value
// is ready to use.
type Copies struct {
	seen    []uint64 // a bit for each index that came
	further int
}

// spareCopies are accepted of a stream in addition to one more copy of each packet:
// enough for all copies of a very short call through a network that doubles.
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
