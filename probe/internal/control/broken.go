package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrBroken says that the connection is lost, or that an events stream ended before its
// last line.
var ErrBroken = errors.New("the control connection was cut")

// ErrEnded is ErrBroken where somebody closed the connection; it did not just fall
// silent.
var ErrEnded = fmt.Errorf("%w: the responder closed it, or something on the path did", ErrBroken)

// lost tells whether err means that the connection itself is lost.
func (l *link) lost(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false // the asker's own end
	}
	return l.conn.Err() != nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// broken is ErrBroken with the cause in the words of a network, not in those of
// net/http, whose errors of this kind have no names but their texts.
func broken(err error) error {
	switch text := err.Error(); {
	case errors.Is(err, ErrBroken):
		return err
	case strings.Contains(text, "http2: client conn not usable"):
		return fmt.Errorf("%w earlier", ErrBroken)
	case strings.Contains(text, "http2: client connection lost"):
		return fmt.Errorf("%w: nothing arrived over it any more", ErrBroken)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(text, "http2: server sent GOAWAY"):
		return ErrEnded
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}
