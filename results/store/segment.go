package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
)

// A segment is lines of rows in the order of their keys, compressed (RFC 8878).

const (
	// segmentWindow bounds what a reader of a segment has to keep; a store has many.
	segmentWindow = 256 << 10
	// longestLine is the longest row: its texts are bounded in row.go, and JSON
	// may make six bytes of one.
	longestLine = 64 << 10
)

// lineStart begins each line; the key follows. So rows before a key are passed over
// without being read.
const lineStart = `{"key":"`

// A segmentWriter writes a segment, row by row.
type segmentWriter struct {
	to   *object
	z    *zstd.Encoder
	rows int
}

func (s *Store) newSegment(ctx context.Context, key string) (*segmentWriter, error) {
	to, err := s.create(ctx, key, true)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewWriter(to, zstd.WithWindowSize(segmentWindow), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, to.end(err)
	}
	return &segmentWriter{to: to, z: z}, nil
}

func (w *segmentWriter) add(row Row) error {
	line, err := json.Marshal(row)
	if err != nil {
		return err
	}
	w.rows++
	_, err = w.z.Write(append(line, '\n'))
	return err
}

// end makes the segment visible, unless there was an error or it has no rows.
func (w *segmentWriter) end(err error) error {
	err = errors.Join(err, w.z.Close())
	if err == nil && w.rows == 0 {
		_ = w.to.end(errNoRows)
		return nil
	}
	return w.to.end(err)
}

var errNoRows = errors.New("no rows")

// segment yields the rows of a segment whose keys come after a key.
func (s *Store) segment(ctx context.Context, key, after string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		from, err := s.bucket.NewReader(ctx, key, nil)
		if err != nil {
			yield(Row{}, err)
			return
		}
		defer from.Close()
		whole := &noting{Reader: from}
		z, err := zstd.NewReader(whole, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
		if err != nil {
			yield(Row{}, err)
			return
		}
		defer z.Close()
		for row, err := range rowLines(z, after) {
			switch {
			case err == nil:
			case whole.err != nil:
				err = fmt.Errorf("reading %s: %w", key, whole.err)
			default:
				err = &damaged{key, err}
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// noting notes an error of what it reads from, which says nothing about what is stored.
type noting struct {
	io.Reader
	err error
}

// Read implements io.Reader.
func (n *noting) Read(p []byte) (int, error) {
	count, err := n.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
	}
	return count, err
}

// rowLines reads lines of rows.
func rowLines(from io.Reader, after string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		lines := bufio.NewScanner(from)
		lines.Buffer(make([]byte, 16<<10), longestLine)
		for lines.Scan() {
			key, _, _ := bytes.Cut(bytes.TrimPrefix(lines.Bytes(), []byte(lineStart)), []byte(`"`))
			if string(key) <= after {
				continue
			}
			var row Row
			if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
				yield(row, err)
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Row{}, err)
		}
	}
}
