package fetch

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"netready/results"
)

const (
	// longestLine is a result with its key.
	longestLine = results.Largest + 4<<10
	// longestPage is what a page may have in all.
	longestPage = results.PageBytes + longestLine + 1<<20
	buffer      = 64 << 10
)

// lines reads the lines of a page, one at a time.
type lines struct {
	in   *bufio.Reader
	left int64 // bytes that the page may still have
	line bytes.Buffer
}

// newLines reads the body of an answer; heard is called whenever something came.
func newLines(answer *http.Response, heard func()) (*lines, error) {
	kind, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	if answer.StatusCode != http.StatusOK || strings.TrimSpace(kind) != results.PageType {
		return nil, fmt.Errorf("%w: it answers with %s and the type %q", errStrange, answer.Status, clip(kind))
	}
	var body io.Reader = listened{answer.Body, heard}
	if answer.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			return nil, cut(err)
		}
		body = unpacked
	}
	return &lines{in: bufio.NewReaderSize(body, buffer), left: longestPage}, nil
}

// listened tells when something came.
type listened struct {
	io.Reader
	heard func()
}

func (l listened) Read(b []byte) (int, error) {
	n, err := l.Reader.Read(b)
	if n > 0 {
		l.heard()
	}
	return n, err
}

// next is the next line; its result is the caller's to keep. io.EOF is the end of the page.
func (l *lines) next() (line results.Line, err error) {
	l.line.Reset()
	for {
		part, err := l.in.ReadSlice('\n')
		l.left -= int64(len(part))
		if l.left < 0 || l.line.Len()+len(part) > longestLine {
			return line, fmt.Errorf("%w: a line or a part of its list is longer than results can be", errStrange)
		}
		l.line.Write(part)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil { // also where a line has begun: it has no end
			return line, cut(err)
		}
		break
	}
	if l.line.Cap() > 1<<20 && l.line.Len() < 1<<18 { // a long line is rare
		defer func() { l.line = bytes.Buffer{} }()
	}
	if err := json.Unmarshal(l.line.Bytes(), &line); err != nil {
		return line, fmt.Errorf("%w: a line of its list is not the JSON of a stored result", errStrange)
	}
	return line, nil
}

// cut is errCut for an end before its time.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) {
		return errCut
	}
	return err
}
