package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"time"
)

// nextGeneration reads pcapng (draft-ietf-opsawg-pcapng). gopacket has a reader too, but it
// computes stamps of 2^-20 s as units of 953 ns, which moves packets by up to 0.7 ms, and
// stamps of 2^-32 s so that a second becomes 1.07 s.
type nextGeneration struct {
	r          *bufio.Reader
	order      binary.ByteOrder
	lost       bool // the next block is damaged, and is still unread
	foreign    bool // a section of a version that is not known: left out
	interfaces []ngInterface
	block      []byte // reused from block to block
}

// ngInterface is what an Interface Description Block says (4.2).
type ngInterface struct {
	link   uint32
	snap   uint32 // bytes of a packet at most; 0: no limit
	units  uint64 // of time stamps, a second; 0: the description is damaged
	offset int64  // seconds to add to them
}

// Blocks that are read, by type (11.1).
const (
	blockInterface = 1
	blockPacket    = 2 // obsolete
	blockSimple    = 3
	blockEnhanced  = 6
)

const (
	ngByteOrder = 0x1a2b3c4d
	minBlock    = 12      // bytes: a type and two lengths
	maxBlock    = 1 << 20 // bytes; the largest packet of a capture is 256 KiB
)

func openNG(r *bufio.Reader) (frames, error) {
	n := &nextGeneration{r: r}
	_, _, err := n.read()
	if err != nil {
		return nil, fmt.Errorf("%w (its header is damaged: %w)", ErrFormat, err)
	}
	return n, nil
}

func (n *nextGeneration) next() (frame, error) {
	for {
		kind, body, err := n.read()
		if err != nil {
			return frame{}, err
		}
		if n.foreign {
			continue
		}
		switch kind {
		case blockInterface:
			if err := n.addInterface(body); err != nil {
				return frame{}, err
			}
		case blockEnhanced, blockPacket:
			return n.packet(kind, body)
		case blockSimple:
			return n.simple(body)
		}
	}
}

// read reads the next block (3.1). The body of a block that is not used is empty. A
// damaged block stays unread, so that resync can search in it.
func (n *nextGeneration) read() (kind uint32, body []byte, err error) {
	kind, length, err := n.head()
	if err != nil {
		return 0, nil, err
	}
	n.lost = false
	if !known(kind) {
		_, err := io.CopyN(io.Discard, n.r, length)
		return kind, nil, cut(err)
	}
	if int64(cap(n.block)) < length {
		n.block = make([]byte, length)
	}
	n.block = n.block[:length]
	if _, err := io.ReadFull(n.r, n.block); err != nil {
		return 0, nil, cut(err)
	}
	body = n.block[8 : length-4]
	if kind == magicNG {
		if len(body) < 16 {
			return 0, nil, &damage{"a section header that is too short"}
		}
		n.foreign = n.order.Uint16(body[4:]) != 1
	}
	return kind, body, nil
}

// head is the type and the checked length of the next block, which stays unread.
func (n *nextGeneration) head() (kind uint32, length int64, err error) {
	n.lost = true
	h, err := n.r.Peek(8)
	if err != nil {
		if len(h) == 0 {
			return 0, 0, err
		}
		return 0, 0, cut(err)
	}
	if binary.LittleEndian.Uint32(h) == magicNG {
		if h, err = n.r.Peek(12); err != nil {
			return 0, 0, cut(err)
		}
		if err := n.begin(h[8:]); err != nil {
			return 0, 0, err
		}
	}
	if n.order == nil {
		return 0, 0, &damage{"no section header"}
	}
	kind, length = n.order.Uint32(h), int64(n.order.Uint32(h[4:]))
	if length < minBlock || length%4 != 0 || length > maxBlock && known(kind) {
		return 0, 0, &damage{fmt.Sprintf("a block of %d bytes", length)}
	}
	if length <= readingSize {
		whole, err := n.r.Peek(int(length))
		if err != nil {
			return 0, 0, cut(err)
		}
		if int64(n.order.Uint32(whole[length-4:])) != length {
			return 0, 0, &damage{"a block whose two lengths differ"}
		}
	} else if n.blockWithin() {
		return 0, 0, &damage{fmt.Sprintf("a block of %d bytes with others in it", length)}
	}
	return kind, length, nil
}

// known says whether a block is one that is read.
func known(kind uint32) bool {
	switch kind {
	case magicNG, blockInterface, blockPacket, blockSimple, blockEnhanced:
		return true
	}
	return false
}

// resync continues after a damaged block: at once if its length is known, otherwise where
// the next undamaged one begins.
func (n *nextGeneration) resync() (skipped int, ok bool) {
	if !n.lost || n.order == nil {
		return 0, !n.lost
	}
	return search(n.r, 1, minBlock, n.begins)
}

// begins says whether a block that is read begins here, and is whole.
func (n *nextGeneration) begins(b []byte, _ bool) bool {
	kind, length := n.order.Uint32(b), int64(n.order.Uint32(b[4:]))
	return known(kind) && length >= minBlock && length%4 == 0 && length <= int64(len(b)) &&
		int64(n.order.Uint32(b[length-4:])) == length
}

// blockWithin says whether other blocks begin within a long one: then its length
// is damaged.
func (n *nextGeneration) blockWithin() bool {
	b, _ := n.r.Peek(readingSize)
	for at := minBlock; at+minBlock <= len(b); at++ {
		if n.begins(b[at:], false) {
			return true
		}
	}
	return false
}

// begin starts a section: byte order and interfaces are its own (4.1).
func (n *nextGeneration) begin(magic []byte) error {
	switch {
	case binary.LittleEndian.Uint32(magic) == ngByteOrder:
		n.order = binary.LittleEndian
	case binary.BigEndian.Uint32(magic) == ngByteOrder:
		n.order = binary.BigEndian
	default:
		return &damage{"a section without a byte order"}
	}
	n.interfaces = nil
	return nil
}

// cut is the error of a block that ends before its length.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

const (
	optionEnd        = 0
	optionResolution = 9  // if_tsresol
	optionOffset     = 14 // if_tsoffset
)

func (n *nextGeneration) addInterface(body []byte) error {
	if len(body) < 8 {
		n.interfaces = append(n.interfaces, ngInterface{})
		return &damage{"an interface that is too short"}
	}
	i := ngInterface{link: uint32(n.order.Uint16(body)), snap: n.order.Uint32(body[4:]), units: 1e6}
	for o := body[8:]; len(o) >= 4; {
		code, size := n.order.Uint16(o), int(n.order.Uint16(o[2:]))
		padded := 4 + (size+3)/4*4
		if code == optionEnd || padded > len(o) {
			break
		}
		value := o[4 : 4+size]
		switch {
		case code == optionResolution && size == 1:
			var err error
			if i.units, err = resolution(value[0]); err != nil {
				n.interfaces = append(n.interfaces, ngInterface{})
				return err
			}
		case code == optionOffset && size == 8:
			i.offset = int64(n.order.Uint64(value))
		}
		o = o[padded:]
	}
	n.interfaces = append(n.interfaces, i)
	return nil
}

// resolution reads if_tsresol: a negative power of two where the first bit is
// set, of ten where it is not.
func resolution(b byte) (unitsPerSecond uint64, err error) {
	exponent := b & 0x7f
	if b&0x80 != 0 && exponent < 64 {
		return 1 << exponent, nil
	}
	if b&0x80 != 0 || exponent > 19 {
		return 0, &damage{fmt.Sprintf("an interface with time stamps of resolution %#02x", b)}
	}
	unitsPerSecond = 1
	for range exponent {
		unitsPerSecond *= 10
	}
	return unitsPerSecond, nil
}

// at is the time of a stamp, to the nanosecond below.
func (i ngInterface) at(stamp uint64) time.Time {
	high, low := bits.Mul64(stamp%i.units, uint64(time.Second))
	nanoseconds, _ := bits.Div64(high, low, i.units)
	return time.Unix(int64(stamp/i.units)+i.offset, int64(nanoseconds)).UTC()
}

// packet reads an Enhanced Packet Block (4.3) or a Packet Block (appendix A),
// which differ in how they number interfaces.
func (n *nextGeneration) packet(kind uint32, body []byte) (frame, error) {
	const fixed = 20
	if len(body) < fixed {
		return frame{}, &damage{"a packet block that is too short"}
	}
	number := n.order.Uint32(body)
	if kind == blockPacket {
		number = uint32(n.order.Uint16(body))
	}
	captured := n.order.Uint32(body[12:])
	switch {
	case uint64(number) >= uint64(len(n.interfaces)):
		return frame{}, &damage{fmt.Sprintf("a packet of interface %d, which is not described", number)}
	case uint64(captured) > uint64(len(body)-fixed):
		return frame{}, &damage{fmt.Sprintf("a packet of %d bytes in a block of %d", captured, len(body))}
	}
	i := n.interfaces[number]
	if i.units == 0 {
		return frame{}, &damage{fmt.Sprintf("a packet of interface %d, whose description is damaged", number)}
	}
	stamp := uint64(n.order.Uint32(body[4:]))<<32 | uint64(n.order.Uint32(body[8:]))
	return frame{data: body[fixed : fixed+int(captured)], at: i.at(stamp), link: i.link}, nil
}

// simple reads a Simple Packet Block (4.4): no time, the first interface.
func (n *nextGeneration) simple(body []byte) (frame, error) {
	if len(body) < 4 || len(n.interfaces) == 0 {
		return frame{}, &damage{"a simple packet block without its length or interface"}
	}
	i := n.interfaces[0]
	captured := min(uint64(n.order.Uint32(body)), uint64(len(body)-4))
	if i.snap != 0 {
		captured = min(captured, uint64(i.snap))
	}
	return frame{data: body[4 : 4+captured], link: i.link}, nil
}
