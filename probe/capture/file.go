package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// A frame is one captured frame. Its data is overwritten by the next one.
type frame struct {
	data []byte
	at   time.Time // zero: not known
	link uint32
}

// frames is a capture file of either format.
type frames interface {
	next() (frame, error) // io.EOF after the last
	// resync continues after damage. It returns how many bytes were skipped, and
	// whether there is something to read.
	resync() (skipped int, ok bool)
}

const (
	magicNG     = 0x0a0d0d0a // the same in both byte orders
	readingSize = 1 << 17
)

// damage is something that cannot be in an undamaged file. What follows may be readable.
type damage struct{ what string }

func (d *damage) Error() string { return d.what }

// foreign are other formats, by their first bytes, and what to do.
var foreign = []struct{ begins, what string }{
	{"PK\x03\x04", "a zip archive: unpack it first"},
	{"\x28\xb5\x2f\xfd", "compressed by zstd: unpack it first"},
	{"\x04\x22\x4d\x18", "compressed by lz4: unpack it first"},
	{"BZh", "compressed by bzip2: unpack it first"},
	{"\xfd7zXZ\x00", "compressed by xz: unpack it first"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it first"},
	{"Rar!", "a rar archive: unpack it first"},
	{"snoop\x00\x00\x00", "a capture by Sun's snoop: convert it with editcap -F pcapng"},
	{"GMBU", "a capture by Microsoft Network Monitor: convert it with editcap -F pcapng"},
	{"RTSS", "a capture by Microsoft Network Monitor: convert it with editcap -F pcapng"},
	{"\x54\x52\x53\x4e\x49\x46\x46", "a capture by Network General's Sniffer: convert it with editcap -F pcapng"},
	{"#!rtpplay1.0", "a recording by rtpdump: convert it with editcap -F pcapng"},
}

// open finds out the format.
func open(r io.Reader) (frames, error) {
	b := bufio.NewReaderSize(r, readingSize)
	head, err := b.Peek(4)
	if len(head) == 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("reading the capture: %w", err)
		}
		return nil, ErrEmpty
	}
	if len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b {
		packed := &counting{r: b}
		unzipped, err := gzip.NewReader(packed)
		if err != nil {
			return nil, fmt.Errorf("%w (a damaged gzip file: %w)", ErrFormat, err)
		}
		b = bufio.NewReaderSize(&unpacking{r: unzipped, packed: packed}, readingSize)
		head, _ = b.Peek(4)
	}
	if len(head) < 4 {
		return nil, ErrFormat
	}
	little, big := binary.LittleEndian.Uint32(head), binary.BigEndian.Uint32(head)
	switch {
	case little == magicNG:
		return openNG(b)
	case isClassic(little), isClassic(big):
		return openClassic(b)
	}
	head, _ = b.Peek(16)
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.begins)) {
			return nil, fmt.Errorf("%w; this is %s", ErrFormat, f.what)
		}
	}
	return nil, ErrFormat
}

// A gzip file that unpacks to far more than a capture of calls is an attack that fills
// disk or memory. Captures unpack to 2 to 50 times their size.
const (
	mostRatio = 200
	freeBytes = 64 << 20 // that may be unpacked whatever the ratio
)

var errRatio = fmt.Errorf("it unpacks to more than %d times its size, as no capture of calls does", mostRatio)

// counting counts the bytes that were read.
type counting struct {
	r *bufio.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// ReadByte keeps gzip from adding a buffer of its own.
func (c *counting) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}

// unpacking stops at a gzip file that unpacks to too much.
type unpacking struct {
	r      io.Reader
	packed *counting
	n      int64
}

func (u *unpacking) Read(p []byte) (int, error) {
	if u.n > freeBytes && u.n > mostRatio*u.packed.n {
		return 0, errRatio
	}
	n, err := u.r.Read(p)
	u.n += int64(n)
	return n, err
}

// mostSkipped is how many bytes are searched for the next packet after damage.
const mostSkipped = 16 << 20

// search skips bytes, step by step, until begins says that a packet begins. begins gets
// the bytes from there on, at least the size of a header, and whether the file ends with
// them.
func search(r *bufio.Reader, step, header int, begins func(b []byte, ended bool) bool) (skipped int, ok bool) {
	for skipped < mostSkipped {
		b, err := r.Peek(readingSize)
		at := step
		for ; at+header <= len(b); at += step {
			if begins(b[at:], err != nil) {
				n, _ := r.Discard(at)
				return skipped + n, true
			}
			if err == nil && at > readingSize/2 {
				break // a packet that reaches beyond what can be seen
			}
		}
		n, short := r.Discard(min(at, len(b)))
		skipped += n
		if short != nil || n == 0 || err != nil && at+header > len(b) {
			return skipped, false
		}
	}
	return skipped, false
}
