package flat

import (
	"encoding/binary"
	"math/bits"
)

// bitsFor is the width of a place in a dictionary of n texts, one bit at least.
func bitsFor(n int) int { return max(1, bits.Len(uint(n-1))) }

// bitPacked adds numbers of a width in bits as one run, the lowest bits first
// (Encodings.md, 'RLE / bit-packing hybrid'): in groups of eight, the last one filled with zeros.
func bitPacked(b []byte, numbers []uint32, width int) []byte {
	if len(numbers) == 0 {
		return b
	}
	groups := (len(numbers) + 7) / 8
	b = binary.AppendUvarint(b, uint64(groups)<<1|1)
	end := len(b) + groups*width
	var held uint64
	n := 0
	for _, number := range numbers {
		held |= uint64(number) << n
		for n += width; n >= 8; n -= 8 {
			b = append(b, byte(held))
			held >>= 8
		}
	}
	if n > 0 {
		b = append(b, byte(held))
	}
	return append(b, make([]byte, end-len(b))...)
}

// bitsOf are flags of a byte each as bits, the lowest first.
func bitsOf(flags []byte) []byte {
	b := make([]byte, (len(flags)+7)/8)
	for i, flag := range flags {
		b[i/8] |= flag << (i % 8)
	}
	return b
}

// levels say which rows of a page have a value ('definition levels'), their length first.
func levels(defined []bool) []byte {
	numbers := make([]uint32, len(defined))
	for i, is := range defined {
		if is {
			numbers[i] = 1
		}
	}
	b := bitPacked(make([]byte, 4), numbers, 1)
	binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
	return b
}
