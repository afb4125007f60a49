package flat

import (
	"encoding/binary"
	"math"
	"strings"
)

// A column holds the cells of one column of a group.
type column struct {
	Column
	defined []bool            // by row: not null
	plain   []byte            // of numbers, 8 bytes each, and of booleans, one byte each
	indexes []uint32          // of texts: their places in texts
	texts   []string          // that differ, in the order in which they came
	places  map[string]uint32 // of a text in texts
	length  int               // of texts, in bytes
	least   [8]byte           // of numbers; valid while there are some
	most    [8]byte
}

// add takes a cell. ok is false where the column cannot hold it. n is about how many
// bytes it takes.
func (c *column) add(cell any) (n int, ok bool) {
	n, ok = 1, true
	switch v := cell.(type) {
	case nil:
	case float64:
		n, ok = 8, c.Type == Double && !math.IsNaN(v)
		if v == 0 {
			v = 0 // and not -0, which is not below 0 for the least value
		}
		c.number(ok, math.Float64bits(v), func(old uint64) bool { return v < math.Float64frombits(old) })
	case int64:
		n, ok = 8, c.Type == Timestamp
		c.number(ok, uint64(v), func(old uint64) bool { return v < int64(old) })
	case bool:
		if ok = c.Type == Boolean; ok {
			c.plain = append(c.plain, map[bool]byte{true: 1}[v])
		}
	case string:
		if ok = c.Type == String; ok {
			n = 8 + len(v)
			c.text(v)
		}
	default:
		ok = false
	}
	c.defined = append(c.defined, ok && cell != nil)
	return n, ok
}

// number adds one, and keeps the least and the greatest. less compares it to another.
func (c *column) number(ok bool, bits uint64, less func(uint64) bool) {
	if !ok {
		return
	}
	first := len(c.plain) == 0
	c.plain = binary.LittleEndian.AppendUint64(c.plain, bits)
	if first || less(binary.LittleEndian.Uint64(c.least[:])) {
		binary.LittleEndian.PutUint64(c.least[:], bits)
	}
	if first || !less(binary.LittleEndian.Uint64(c.most[:])) {
		binary.LittleEndian.PutUint64(c.most[:], bits)
	}
}

func (c *column) text(s string) {
	place, known := c.places[s]
	if !known {
		s = strings.Clone(s) // what it is part of need not wait with it
		place = uint32(len(c.texts))
		c.texts, c.places[s] = append(c.texts, s), place
		c.length += 4 + len(s)
	}
	c.indexes = append(c.indexes, place)
}

// reset makes room for the next group, and uses the memory again.
func (c *column) reset() {
	clear(c.texts)
	clear(c.places)
	c.defined, c.plain, c.indexes, c.texts, c.length = c.defined[:0], c.plain[:0], c.indexes[:0], c.texts[:0], 0
}

// byDictionary says whether the texts are written once each, and then by their places.
func (c *column) byDictionary() bool {
	return c.Type == String && len(c.texts) > 0 && c.length <= dictionary
}

// encoding is that of the values in the column's pages.
func (c *column) encoding() int64 {
	if c.byDictionary() {
		return encodingRLEDictionary
	}
	return encodingPlain
}

// size is how many bytes the column's value of that number takes in a page, at most.
func (c *column) size(value int) int {
	switch {
	case c.Type == Boolean:
		return 1
	case c.Type == String && !c.byDictionary():
		return 4 + len(c.texts[c.indexes[value]])
	}
	return 8
}

// values are the column's values from the one of that number to another, encoded.
func (c *column) values(from, to int) []byte {
	switch {
	case c.byDictionary():
		width := bitsFor(len(c.texts))
		return bitPacked([]byte{byte(width)}, c.indexes[from:to], width) // 'RLE dictionary': the width comes first
	case c.Type == String:
		var b []byte
		for _, place := range c.indexes[from:to] {
			b = appendText(b, c.texts[place])
		}
		return b
	case c.Type == Boolean:
		return bitsOf(c.plain[from:to])
	}
	return c.plain[8*from : 8*to]
}

// appendText adds a text, encoded PLAIN: its length comes first.
func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
}
