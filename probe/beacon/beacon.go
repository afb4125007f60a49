// Package beacon measures the round trip to the public endpoints of a region
// that has no responder: its STUN server and its UDP echo. It is a guest there:
// a handful of questions, two a second.
package beacon

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/pion/stun/v3"

	"netready/probe/internal/stamp"
)

const (
	questions = 6
	// spacing is two a second: the echo counts three a second and address as abuse.
	spacing = 500 * time.Millisecond
	wait    = 2 * time.Second // for an answer, as in a call
	// echoSize stays under the echo's limit of 300 bytes.
	echoSize = 64
)

// Sources of a round trip, as the Result names them.
const (
	SourceSTUN = "stun"
	SourceEcho = "echo"
)

// Result is what came of the questions. Without trips Reason says why.
type Result struct {
	Source string
	Trips  []time.Duration
	Lost   int
	Reason string
}

// Measure asks the echo, whose answer comes from within the region, and where
// that is silent the STUN server. Either may be "".
func Measure(ctx context.Context, stunServer, echo string) Result {
	var reasons []error
	for _, place := range []struct {
		source, address string
		ask             func() (question []byte, isAnswer func([]byte) bool)
	}{
		{SourceEcho, echo, askEcho},
		{SourceSTUN, stunServer, askSTUN},
	} {
		if place.address == "" {
			continue
		}
		trips, lost, err := series(ctx, place.address, place.ask)
		if len(trips) > 0 {
			return Result{Source: place.source, Trips: trips, Lost: lost}
		}
		if err == nil {
			err = fmt.Errorf("%s did not answer %d questions over UDP", place.address, lost)
		}
		reasons = append(reasons, err)
	}
	if len(reasons) == 0 {
		return Result{Reason: "the region has no public endpoint that measures a round trip"}
	}
	return Result{Reason: errors.Join(reasons...).Error()}
}

func askEcho() ([]byte, func([]byte) bool) {
	b := make([]byte, echoSize)
	_, _ = rand.Read(b) // never fails
	return b, func(answer []byte) bool { return bytes.Equal(b, answer) }
}

func askSTUN() ([]byte, func([]byte) bool) {
	m := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.Fingerprint)
	return m.Raw, func(answer []byte) bool {
		a := &stun.Message{Raw: answer}
		return a.Decode() == nil && a.TransactionID == m.TransactionID && a.Type == stun.BindingSuccess
	}
}

// series asks one after the other; each question has until the next one, the
// last a little longer.
func series(ctx context.Context, address string, ask func() ([]byte, func([]byte) bool)) (trips []time.Duration, lost int, err error) {
	lookup, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	resolved, err := resolve(lookup, address)
	if err != nil {
		return nil, 0, err
	}
	conn, err := stamp.Dial(ctx, resolved)
	if err != nil {
		return nil, 0, err
	}
	defer conn.Close()
	for range questions {
		began := stamp.Now()
		question, isAnswer := ask()
		trip, ok := exchange(conn, question, isAnswer)
		switch {
		case ok:
			trips = append(trips, trip)
		case ctx.Err() != nil:
			return trips, lost, nil
		default:
			lost++
		}
		if lost >= 3 && len(trips) == 0 {
			return nil, lost, nil // dead: no more guesses, and no hanging
		}
		select {
		case <-ctx.Done():
			return trips, lost, nil
		case <-time.After(began + spacing - stamp.Now()):
		}
	}
	return trips, lost, nil
}

func resolve(ctx context.Context, address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("reading %q: %w", address, err)
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return "", fmt.Errorf("looking up %s: %w", host, err)
	}
	return net.JoinHostPort(addrs[0].Unmap().String(), port), nil
}

func exchange(conn *stamp.Conn, question []byte, isAnswer func([]byte) bool) (time.Duration, bool) {
	asked := stamp.Now()
	if err := conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return 0, false
	}
	if err := conn.Write(question, conn.LocalAddr()); err != nil {
		return 0, false
	}
	b := make([]byte, stamp.MaxDatagram)
	for {
		a, err := conn.Read(b)
		if err != nil {
			return 0, false
		}
		if isAnswer(b[:a.N]) {
			return a.At - asked, true
		}
	}
}
