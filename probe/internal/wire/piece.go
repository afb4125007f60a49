package wire

import "io"

const (
	leastPiece = 4 << 10
	mostPiece  = 256 << 10 // a frame of HTTP/2 that is not the bottleneck of a fast line
)

// Piece is how many bytes of a body to hand over at once, by how many were before: a
// sixteenth. Both ends see a piece only when the whole of it has passed, and each piece
// becomes a frame of HTTP/2 of its own: a large one on a slow line, behind what the sender's
// buffers have taken already, lasts longer than anybody waits.
func Piece(before int64) int { return int(min(max(before/16, leastPiece), mostPiece)) }

// Pieces is a body that is read in pieces.
type Pieces struct {
	io.ReadCloser

	before int64
}

// Read implements io.Reader.
func (p *Pieces) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b[:min(len(b), Piece(p.before))])
	p.before += int64(n)
	return n, err
}
