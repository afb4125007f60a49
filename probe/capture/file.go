package capture

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// A frame is one captured frame. Its data is overwritten by the next one.
type frame struct {
	data []byte
	at   time.Time // zero: not known
	link layers.LinkType
}

// frames is a capture file of either format.
type frames interface {
	next() (frame, error) // io.EOF after the last
}

const (
	magicMicro  = 0xa1b2c3d4
	magicNano   = 0xa1b23c4d
	magicNG     = 0x0a0d0d0a // the same in both byte orders
	readingSize = 1 << 16
)

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
		unzipped, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("%w (a damaged gzip file: %w)", ErrFormat, err)
		}
		b = bufio.NewReaderSize(unzipped, readingSize)
		head, _ = b.Peek(4)
	}
	if len(head) < 4 {
		return nil, ErrFormat
	}
	little, big := binary.LittleEndian.Uint32(head), binary.BigEndian.Uint32(head)
	switch {
	case little == magicNG:
		return openNG(b)
	case little == magicMicro, little == magicNano, big == magicMicro, big == magicNano:
		return openClassic(b)
	}
	return nil, ErrFormat
}

type classic struct{ *pcapgo.Reader }

func openClassic(r io.Reader) (frames, error) {
	p, err := pcapgo.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("%w (its header is damaged: %w)", ErrFormat, err)
	}
	return classic{p}, nil
}

func (c classic) next() (frame, error) {
	data, info, err := c.ZeroCopyReadPacketData()
	if err != nil {
		return frame{}, err
	}
	return frame{data: data, at: info.Timestamp, link: c.LinkType()}, nil
}
