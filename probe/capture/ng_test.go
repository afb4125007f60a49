package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"
	"time"
)

// block is one block of a pcapng file.
func block(order binary.AppendByteOrder, kind uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	length := uint32(len(body) + 12)
	b := order.AppendUint32(order.AppendUint32(nil, kind), length)
	return order.AppendUint32(append(b, body...), length)
}

func section(order binary.AppendByteOrder, major uint16) []byte {
	b := order.AppendUint32(nil, ngByteOrder)
	b = order.AppendUint16(order.AppendUint16(b, major), 0)
	return block(order, magicNG, order.AppendUint64(b, math.MaxUint64))
}

// description is an interface block with if_tsresol and if_tsoffset.
func description(order binary.AppendByteOrder, resolution byte, offset uint64) []byte {
	b := order.AppendUint16(nil, 1)
	b = order.AppendUint32(append(b, 0, 0), 0)
	b = append(order.AppendUint16(order.AppendUint16(b, optionResolution), 1), resolution, 0, 0, 0)
	b = order.AppendUint64(order.AppendUint16(order.AppendUint16(b, optionOffset), 8), offset)
	return block(order, blockInterface, append(b, 0, 0, 0, 0))
}

func enhanced(order binary.AppendByteOrder, number uint32, stamp uint64, data []byte) []byte {
	b := order.AppendUint32(nil, number)
	b = order.AppendUint32(order.AppendUint32(b, uint32(stamp>>32)), uint32(stamp))
	b = order.AppendUint32(order.AppendUint32(b, uint32(len(data))), uint32(len(data)))
	return block(order, blockEnhanced, append(b, data...))
}

// Every unit of time stamps is read exactly, powers of two as well: a reader that takes
// 2^-20 s for 953 ns is 0.7 ms off at the end of a second.
func TestResolutionsOfTimeStamps(t *testing.T) {
	for _, test := range []struct {
		name       string
		resolution byte
		offset     uint64
		stamp      uint64
		want       time.Time
	}{
		{"10^-9", 9, 0, 1700000000_999999999, time.Unix(1700000000, 999999999)},
		{"10^-6", 6, 0, 1700000000_000001, time.Unix(1700000000, 1000)},
		{"10^-3, offset", 3, 1700000000, 1_500, time.Unix(1700000001, 500000000)},
		{"10^0", 0, 0, 1700000000, time.Unix(1700000000, 0)},
		{"10^-12", 12, 0, 17_000000_000000 + 999999_999999, time.Unix(17, 999999999)},
		{"2^-20", 0x80 | 20, 0, 1700000000<<20 | 1<<20 - 1, time.Unix(1700000000, 999999046)},
		{"2^-20, half", 0x80 | 20, 0, 1700000000<<20 | 1<<19, time.Unix(1700000000, 500000000)},
		{"2^-32", 0x80 | 32, 0, 1700000000<<32 | 1<<32 - 1, time.Unix(1700000000, 999999999)},
		{"2^-32, a quarter", 0x80 | 32, 0, 1700000000<<32 | 1<<30, time.Unix(1700000000, 250000000)},
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			t.Run(test.name+"/"+order.String(), func(t *testing.T) {
				// An interface before it, so that the packet has to find its own.
				file := append(section(order, 1), description(order, 6, 0)...)
				file = append(file, description(order, test.resolution, test.offset)...)
				file = append(file, block(order, 0x0bad, []byte("of a kind that nobody knows"))...)
				file = append(file, enhanced(order, 1, test.stamp, []byte("frame"))...)
				frames, err := open(bytes.NewReader(file))
				must(t, err)
				f, err := frames.next()
				must(t, err)
				if !f.at.Equal(test.want) || string(f.data) != "frame" {
					t.Errorf("%q at %v, want %v", f.data, f.at, test.want.UTC())
				}
				if _, err := frames.next(); !errors.Is(err, io.EOF) {
					t.Errorf("after the last packet: %v, want the end", err)
				}
			})
		}
	}
}

// A section has its own byte order and interfaces, and one of another version
// is left out.
func TestSections(t *testing.T) {
	little, big := binary.LittleEndian, binary.BigEndian
	file := append(section(little, 1), description(little, 9, 0)...)
	file = append(file, enhanced(little, 0, 5e9, []byte("a"))...)
	file = append(file, section(little, 9)...)
	file = append(file, enhanced(little, 7, 5e9, []byte("b"))...)
	file = append(file, section(big, 1)...)
	file = append(file, description(big, 0, 0)...)
	file = append(file, enhanced(big, 0, 6, []byte("c"))...)
	file = append(file, enhanced(big, 1, 6, []byte("d"))...)
	frames, err := open(bytes.NewReader(file))
	must(t, err)
	for _, want := range []struct {
		data string
		at   int64
	}{{"a", 5}, {"c", 6}} {
		f, err := frames.next()
		must(t, err)
		if string(f.data) != want.data || f.at.Unix() != want.at {
			t.Errorf("%q at %v, want %q at %d s", f.data, f.at, want.data, want.at)
		}
	}
	if _, err := frames.next(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a packet of an interface that is not described: %v, want an error", err)
	}
}
