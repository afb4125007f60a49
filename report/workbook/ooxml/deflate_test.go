package ooxml

import (
	"archive/zip"
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
)

// TestFastZip writes several entries, so that a compressor serves again, and
// the standard library reads them.
func TestFastZip(t *testing.T) {
	sizes := []int{0, 1, 1 << 20, 7<<20 + 12345, 100}
	var want [][]byte
	var file bytes.Buffer
	zw := newFastZip(&file)
	for i, size := range sizes {
		data := make([]byte, size)
		r := rand.New(rand.NewPCG(1, uint64(size)))
		for i := range data {
			data[i] = byte(r.IntN(9))
		}
		want = append(want, data)
		w, err := zw.Create(string(rune('a' + i)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	zr, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i, entry := range zr.File {
		content, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(content); err != nil || !bytes.Equal(got, want[i]) {
			t.Errorf("%s: %d bytes came back (%v), want %d", entry.Name, len(got), err, len(want[i]))
		}
	}
}
