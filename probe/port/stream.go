package port

import (
	"bufio"
	"context"
	"net"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/portal"
)

// A stream is a question and its answers over TCP or TLS.
type stream struct {
	name string                                // of the protocol, in words
	ask  func() ([]byte, error)                // makes the question
	read func(r *bufio.Reader) ([]byte, error) // takes one message
	// judge says what a message is: an answer (pass or fail), or nil, one that
	// comes before the answer.
	judge func(b []byte) *outcome
}

const (
	// mostMessages is how many messages are read in search of an answer.
	mostMessages = 16
	// secondThought is how long a better message is awaited after a bad one.
	secondThought = time.Second
)

// speak asks over a connection and reads until an answer passes. A wrong message counts
// only if no better one follows it.
func (t target) speak(ctx context.Context, conn net.Conn, s stream) outcome {
	defer conn.Close()
	defer boundTo(ctx, conn)()
	question, err := s.ask()
	if err != nil {
		return notMeasured(facts.ReasonUnknown, "the question could not be made: "+err.Error())
	}
	if _, err := conn.Write(question); err != nil {
		return t.blamed(err, nil)
	}
	var bad *outcome
	r := bufio.NewReaderSize(conn, maxSIP)
	for range mostMessages {
		first, err := r.Peek(portal.Peek)
		if portal.Says(first) {
			return t.behindPortal()
		}
		var b []byte
		if len(first) > 0 { // otherwise the error of Peek says how the connection was cut
			b, err = s.read(r)
		}
		if err != nil {
			if bad != nil {
				return *bad
			}
			return t.noSpeech(err, s.name)
		}
		o := s.judge(b)
		if o == nil {
			continue
		}
		if o.status == facts.StatusPass || bad != nil {
			return *o
		}
		bad = o
		_ = conn.SetReadDeadline(time.Now().Add(secondThought))
	}
	if bad == nil {
		bad = t.impostor()
	}
	return *bad
}
