package flat

// A chunk is what the end of the file says of the cells of one column in one group.
type chunk struct {
	column       Column
	encoding     int64
	rows, values int   // values: those that are not null
	dictionary   int64 // where its dictionary begins in the file; 0: it has none
	data         int64 // where its first page of values begins
	unpacked     int64 // bytes, with the heads of pages
	packed       int64
	least, most  []byte // of numbers; nil: none
}

// chunk writes the cells of a column.
func (w *Writer) chunk(c *column) chunk {
	k := chunk{column: c.Column, encoding: c.encoding(), rows: len(c.defined)}
	if c.byDictionary() {
		k.dictionary = w.offset
		var all []byte
		for _, text := range c.texts {
			all = appendText(all, text)
		}
		w.page(&k, all, func(t *thrift) {
			t.int(1, tI32, pageDictionary)
		}, func(t *thrift) {
			t.structure(7, func() { t.int(1, tI32, int64(len(c.texts))); t.int(2, tI32, encodingPlain) })
		})
	}
	k.data = w.offset
	for row := 0; row < len(c.defined); {
		end, values := c.pageFrom(row, k.values)
		body := append(levels(c.defined[row:end]), c.values(k.values, values)...)
		rows := int64(end - row)
		w.page(&k, body, func(t *thrift) { t.int(1, tI32, pageData) }, func(t *thrift) { t.dataPage(rows, k.encoding) })
		row, k.values = end, values
	}
	if (c.Type == Double || c.Type == Timestamp) && k.values > 0 {
		k.least, k.most = append([]byte{}, c.least[:]...), append([]byte{}, c.most[:]...)
	}
	return k
}

// pageFrom is the end of the page that begins at a row: the row after it, and the number of
// the value after it. value is the number of the page's first.
func (c *column) pageFrom(row, value int) (end, values int) {
	size := 0
	for end = row; end < len(c.defined); end++ {
		n := 1
		if c.defined[end] {
			n = c.size(value)
		}
		if size += n; size > pageBytes && end > row {
			break
		}
		if c.defined[end] {
			value++
		}
	}
	return end, value
}

// page writes one: its head, of which kind and about are parts, and its body.
func (w *Writer) page(k *chunk, body []byte, kind, about func(*thrift)) {
	w.packed.Reset()
	w.packer.Reset(&w.packed)
	_, _ = w.packer.Write(body) // into memory: it does not fail
	_ = w.packer.Close()
	var head thrift
	kind(&head)
	head.int(2, tI32, int64(len(body)))
	head.int(3, tI32, int64(w.packed.Len()))
	about(&head)
	head.stop()
	w.write(head.b)
	w.write(w.packed.Bytes())
	k.unpacked += int64(len(head.b) + len(body))
	k.packed += int64(len(head.b) + w.packed.Len())
}

// dataPage is DataPageHeader of format/parquet.thrift.
func (t *thrift) dataPage(rows, encoding int64) {
	t.structure(5, func() {
		t.int(1, tI32, rows)
		t.int(2, tI32, encoding)
		t.int(3, tI32, encodingRLE) // of the definition levels
		t.int(4, tI32, encodingRLE) // of repetition levels, of which there are none
	})
}
