package wire

import (
	"bytes"
	"io"
	"testing"
)

// A body comes in pieces of a sixteenth of what came before, and whole.
func TestPieces(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<19) // 8 MiB
	p := &Pieces{ReadCloser: io.NopCloser(bytes.NewReader(body))}
	var got []byte
	b := make([]byte, 1<<20)
	for {
		n, err := p.Read(b)
		if n > 4<<10 && n > len(got)/16 || n > 1<<18 {
			t.Fatalf("%d bytes after %d", n, len(got))
		}
		got = append(got, b[:n]...)
		if err != nil {
			break
		}
	}
	if !bytes.Equal(got, body) {
		t.Errorf("%d bytes of %d", len(got), len(body))
	}
	if Piece(1<<40) != 1<<18 || Piece(0) != 4<<10 {
		t.Error("the bounds of a piece")
	}
}
