package flat

import "encoding/binary"

// A thrift is a structure in Thrift's compact protocol, being written
// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md).
// Its fields come by rising numbers.
type thrift struct {
	b    []byte
	last int16 // the number of the field before
}

// Types of fields. A truth is in the type of its field.
const (
	tTrue   = 1
	tI16    = 4
	tI32    = 5
	tI64    = 6
	tBinary = 8
	tList   = 9
	tStruct = 12
)

// field begins a field: the step from the number before, and the type. No step here is above 15.
func (t *thrift) field(number int16, kind byte) {
	t.b = append(t.b, byte(number-t.last)<<4|kind)
	t.last = number
}

func (t *thrift) int(number int16, kind byte, value int64) {
	t.field(number, kind)
	t.varint(value)
}

func (t *thrift) varint(value int64) { t.b = binary.AppendVarint(t.b, value) } // zigzag, as Go has it

func (t *thrift) text(number int16, s string) {
	t.field(number, tBinary)
	t.element(s)
}

// element is a text in a list.
func (t *thrift) element(s string) {
	t.b = binary.AppendUvarint(t.b, uint64(len(s)))
	t.b = append(t.b, s...)
}

func (t *thrift) yes(number int16) { t.field(number, tTrue) }

// stop ends a structure.
func (t *thrift) stop() { t.b = append(t.b, 0) }

// structure is a field that is one.
func (t *thrift) structure(number int16, fields func()) {
	t.field(number, tStruct)
	t.nested(fields)
}

// nested is a structure in a list.
func (t *thrift) nested(fields func()) {
	before := t.last
	t.last = 0
	fields()
	t.stop()
	t.last = before
}

// list begins a field of so many elements of a kind, which follow.
func (t *thrift) list(number int16, kind byte, n int) {
	t.field(number, tList)
	if n < 15 {
		t.b = append(t.b, byte(n)<<4|kind)
		return
	}
	t.b = binary.AppendUvarint(append(t.b, 0xF0|kind), uint64(n))
}
