package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gopacket/gopacket/layers"
)

const (
	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34 // Alexey Kuznetzov's, with 8 more bytes before each packet

	classicHeader  = 24
	recordHeader   = 16
	modifiedHeader = 24
	maxFrame       = 1 << 20 // bytes; libpcap allows 256 KiB
	linkBits       = 0x03ffffff
)

// classic reads pcap (draft-ietf-opsawg-pcap). gopacket has a reader too, but it
// refuses a packet whose captured length is more than its length: Linux's
// tcpdump -i any wrote such for years, 16 bytes more (CentOS 7), and damaged
// files stop it where the rest can be read.
type classic struct {
	r      *bufio.Reader
	order  binary.ByteOrder
	unit   time.Duration // of the fractions of a second
	header int           // bytes before each packet
	link   layers.LinkType
	last   uint32 // second of the packet before, 0: none yet
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
	c.link = layers.LinkType(c.order.Uint32(h[20:]) & linkBits) // other bits tell of checksums
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
	if !c.plausible(h) {
		return frame{}, &damage{fmt.Sprintf("a packet of %d bytes, %d of them captured", c.order.Uint32(h[12:]), c.order.Uint32(h[8:]))}
	}
	second, fraction, size := c.order.Uint32(h), c.order.Uint32(h[4:]), int(c.order.Uint32(h[8:]))
	_, _ = c.r.Discard(c.header) // it is in the buffer
	if cap(c.data) < size {
		c.data = make([]byte, size)
	}
	c.data = c.data[:size]
	if _, err := io.ReadFull(c.r, c.data); err != nil {
		return frame{}, cut(err)
	}
	c.last = second
	return frame{data: c.data, at: time.Unix(int64(second), 0).Add(time.Duration(fraction) * c.unit).UTC(), link: c.link}, nil
}

// plausible says whether this can be the header of a packet.
func (c *classic) plausible(h []byte) bool {
	const cooked = 16 // more bytes captured than there were
	captured, length := c.order.Uint32(h[8:]), c.order.Uint32(h[12:])
	return captured <= maxFrame && captured <= length+cooked && (length > 0 || captured == 0)
}

// resync looks for the next packet of a damaged file: a header that fits, at a
// time near the last one's, and another one behind it.
func (c *classic) resync() (skipped int, ok bool) {
	const day = 24 * 60 * 60
	fits := func(b []byte) bool {
		second := c.order.Uint32(b)
		near := c.last == 0 || second-c.last+day <= 2*day
		unit := uint32(time.Second / c.unit)
		return near && c.order.Uint32(b[4:]) < unit && c.order.Uint32(b[12:]) > 0 && c.order.Uint32(b[8:]) > 0 && c.plausible(b)
	}
	return search(c.r, 1, c.header, func(b []byte, ended bool) bool {
		if !fits(b) {
			return false
		}
		behind := c.header + int(c.order.Uint32(b[8:]))
		if behind == len(b) && ended {
			return true // the last packet
		}
		return behind+c.header <= len(b) && fits(b[behind:])
	})
}
