package flat

import "encoding/binary"

// Numbers of format/parquet.thrift: Type, ConvertedType, FieldRepetitionType, Encoding,
// CompressionCodec, PageType.
const (
	typeBoolean   = 0
	typeInt64     = 2
	typeDouble    = 5
	typeByteArray = 6

	convertedUTF8   = 0
	convertedMillis = 9

	optional = 1

	encodingPlain         = 0
	encodingRLE           = 3
	encodingRLEDictionary = 8

	codecGzip = 2

	pageData       = 0
	pageDictionary = 2
)

// createdBy names the writer, in the form that readers look for known faults in.
const createdBy = "netready version 1"

// A group is what the end of the file says of a group of rows.
type group struct {
	rows   int
	offset int64
	chunks []chunk
}

// footer is the end of the file: FileMetaData, its length, the magic number.
func (w *Writer) footer() []byte {
	var t thrift
	rows := int64(0)
	for _, g := range w.groups {
		rows += int64(g.rows)
	}
	t.int(1, tI32, 1) // the version of the format
	t.schema(w.table, w.columns)
	t.int(3, tI64, rows)
	t.list(4, tStruct, len(w.groups))
	for i, g := range w.groups {
		t.nested(func() { t.group(g, i) })
	}
	if len(w.notes) > 0 {
		t.list(5, tStruct, len(w.notes))
		for _, note := range w.notes {
			t.nested(func() { t.text(1, note[0]); t.text(2, note[1]) })
		}
	}
	t.text(6, createdBy)
	t.list(7, tStruct, len(w.columns)) // ColumnOrder: as the type says, so that least and most mean something
	for range w.columns {
		t.nested(func() { t.structure(1, func() {}) })
	}
	t.stop()
	return append(binary.LittleEndian.AppendUint32(t.b, uint32(len(t.b))), magic...)
}

// schema is a list of SchemaElement: the table, then its columns.
func (t *thrift) schema(table string, columns []*column) {
	t.list(2, tStruct, 1+len(columns))
	t.nested(func() { t.text(4, table); t.int(5, tI32, int64(len(columns))) })
	for _, c := range columns {
		t.nested(func() {
			t.int(1, tI32, c.Type.physical())
			t.int(3, tI32, optional)
			t.text(4, c.Name)
			t.logical(c.Type)
		})
	}
}

// physical is how values of a type are stored.
func (c Type) physical() int64 {
	return map[Type]int64{String: typeByteArray, Double: typeDouble, Timestamp: typeInt64, Boolean: typeBoolean}[c]
}

// logical is what values of a type mean, in the old way (converted_type) and the new
// (LogicalType), where this is more than how they are stored.
func (t *thrift) logical(kind Type) {
	switch kind {
	case String:
		t.int(6, tI32, convertedUTF8)
		t.structure(10, func() { t.structure(1, func() {}) })
	case Timestamp:
		t.int(6, tI32, convertedMillis)
		t.structure(10, func() {
			t.structure(8, func() {
				t.yes(1) // isAdjustedToUTC
				t.structure(2, func() { t.structure(1, func() {}) })
			})
		})
	case Double, Boolean:
	}
}

// group is a RowGroup.
func (t *thrift) group(g group, ordinal int) {
	var unpacked, packed int64
	t.list(1, tStruct, len(g.chunks))
	for _, k := range g.chunks {
		unpacked, packed = unpacked+k.unpacked, packed+k.packed
		t.nested(func() {
			t.int(2, tI64, 0) // file_offset, of old: without meaning
			t.structure(3, func() { t.chunk(k) })
		})
	}
	t.int(2, tI64, unpacked)
	t.int(3, tI64, int64(g.rows))
	t.int(5, tI64, g.offset)
	t.int(6, tI64, packed)
	t.int(7, tI16, int64(ordinal))
}

// chunk is ColumnMetaData.
func (t *thrift) chunk(k chunk) {
	encodings := []int64{encodingPlain, encodingRLE}
	if k.encoding == encodingRLEDictionary {
		encodings = append(encodings, encodingRLEDictionary)
	}
	t.int(1, tI32, k.column.Type.physical())
	t.list(2, tI32, len(encodings))
	for _, e := range encodings {
		t.varint(e)
	}
	t.list(3, tBinary, 1)
	t.element(k.column.Name)
	t.int(4, tI32, codecGzip)
	t.int(5, tI64, int64(k.rows))
	t.int(6, tI64, k.unpacked)
	t.int(7, tI64, k.packed)
	t.int(9, tI64, k.data)
	if k.dictionary > 0 {
		t.int(11, tI64, k.dictionary)
	}
	t.structure(12, func() { // Statistics
		t.int(3, tI64, int64(k.rows-k.values))
		if k.least != nil {
			t.text(5, string(k.most))
			t.text(6, string(k.least))
		}
	})
}
