package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

const (
	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34 // Alexey Kuznetzov's, with 8 more bytes before each packet

	classicHeader  = 24
	recordHeader   = 16
	modifiedHeader = 24
	maxFrame       = 1 << 19 // bytes; libpcap allows 256 KiB
	linkBits       = 0x03ffffff
)

// classic reads pcap (draft-ietf-opsawg-pcap). gopacket has a reader too, but it refuses a
// packet whose captured length is more than its length, as tcpdump -i any on Linux wrote
// for years (16 bytes more, CentOS 7), and it stops at damage where the rest can be read.
type classic struct {
	r      *bufio.Reader
	order  binary.ByteOrder
	unit   time.Duration // of the fractions of a second
	header int           // bytes before each packet
	link   uint32
	last   uint32 // second of the last packet that was certainly whole, 0: none yet
	data   []byte // reused from packet to packet
}

func openClassic(r *bufio.Reader) (frames, error) {
	var h [classicHeader]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return nil, fmt.Errorf("%w (its header is damaged: %w)", ErrFormat, cut(err))
	}
	c := &classic{r: r, order: binary.LittleEndian, unit: time.Microsecond, header: recordHeader}
	if !isClassic(binary.LittleEndian.Uint32(h[:])) {
		c.order = binary.BigEndian
	}
	switch c.order.Uint32(h[:]) {
	case magicNano:
		c.unit = time.Nanosecond
	case magicModified:
		c.header = modifiedHeader
	}
	if major := c.order.Uint16(h[4:]); major != 2 {
		return nil, fmt.Errorf("%w (its header is damaged: version %d)", ErrFormat, major)
	}
	c.link = c.order.Uint32(h[20:]) & linkBits // other bits tell of checksums
	return c, nil
}

// isClassic says whether a file that begins so is a pcap in this byte order.
func isClassic(magic uint32) bool {
	return magic == magicMicro || magic == magicNano || magic == magicModified
}

func (c *classic) next() (frame, error) {
	h, err := c.r.Peek(c.header)
	switch {
	case len(h) == 0 && errors.Is(err, io.EOF):
		return frame{}, io.EOF
	case err != nil:
		return frame{}, cut(err)
	}
	second, fraction, size := c.order.Uint32(h), c.order.Uint32(h[4:]), int(c.order.Uint32(h[8:]))
	if !c.plausible(h) || !c.sound(size) {
		return frame{}, &damage{fmt.Sprintf("a packet of %d bytes, %d of them captured", c.order.Uint32(h[12:]), uint32(size))}
	}
	_, _ = c.r.Discard(c.header) // it is in the buffer
	if cap(c.data) < size {
		c.data = make([]byte, size)
	}
	c.data = c.data[:size]
	if _, err := io.ReadFull(c.r, c.data); err != nil {
		return frame{}, cut(err)
	}
	return frame{data: c.data, at: time.Unix(int64(second), 0).Add(time.Duration(fraction) * c.unit).UTC(), link: c.link}, nil
}

// plausible says whether this can be the header of a packet.
func (c *classic) plausible(h []byte) bool {
	const cooked = 16 // more bytes captured than there were
	captured, length := c.order.Uint32(h[8:]), c.order.Uint32(h[12:])
	return captured <= maxFrame && length <= maxFrame && captured <= length+cooked && (length > 0 || captured == 0)
}

// likely says whether this is the header of a packet by its time too.
func (c *classic) likely(h []byte) bool {
	return (c.last == 0 || c.near(c.last, c.order.Uint32(h))) && c.filled(h)
}

// near says whether two packets are less than a day apart.
func (c *classic) near(a, b uint32) bool {
	const day = 24 * 60 * 60
	return b-a+day <= 2*day
}

// filled says whether the header is plausible, and not a row of zeros.
func (c *classic) filled(h []byte) bool {
	return c.order.Uint32(h[4:]) < uint32(time.Second/c.unit) && c.order.Uint32(h[8:]) > 0 && c.plausible(h)
}

// sound says whether the next packet is whole: another one begins where it ends, or the
// file ends there. If not, it still counts as whole unless packets begin within it: then
// its length is damaged.
func (c *classic) sound(size int) bool {
	whole := c.header + size
	b, err := c.r.Peek(min(whole+c.header, readingSize)) // no more: it may move the buffer
	second := c.order.Uint32(b)
	if whole == len(b) && err != nil {
		return true
	}
	if whole+c.header <= len(b) {
		next := b[whole:]
		if c.filled(next) && c.filled(b) && c.near(second, c.order.Uint32(next)) {
			c.last = second
			return true
		}
		if c.likely(b) && (c.filled(next) || c.plausible(next) && c.near(second, c.order.Uint32(next))) {
			return true
		}
	}
	if !c.likely(b) {
		return false
	}
	b, err = c.r.Peek(readingSize)
	for at := c.header; at+c.header <= min(len(b), whole); at++ {
		if c.chain(b[at:], err != nil) {
			return false
		}
	}
	return true
}

// chain says whether a packet begins here, and another packet or the end of the file
// follows it.
func (c *classic) chain(b []byte, ended bool) bool {
	if !c.likely(b) {
		return false
	}
	behind := c.header + int(c.order.Uint32(b[8:]))
	if behind == len(b) && ended {
		return true
	}
	return behind+c.header <= len(b) && c.likely(b[behind:])
}

// resync looks for the next packet of a damaged file.
func (c *classic) resync() (skipped int, ok bool) { return search(c.r, 1, c.header, c.chain) }
