// Package beacon measures the round trip to the public endpoints of a region that has
// no responder: its STUN server and its UDP echo. As these belong to others it sends
// six questions at most, two a second.
package beacon

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/pion/stun/v3"

	"netready/probe/facts"
	"netready/probe/internal/dial"
	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
)

const (
	questions = 6
	// spacing makes two a second: the echo counts three a second from one address as
	// abuse.
	spacing = 500 * time.Millisecond
	wait    = 2 * time.Second // for an answer, as in a call
	// echoSize stays under the echo's limit of 300 bytes.
	echoSize = 64
)

// Result is the outcome of all questions. Without round trips Reason says why.
type Result struct {
	Source string
	Trips  []time.Duration
	Lost   int
	Reason string
}

// Endpoints of a region, host:port. Any may be "".
type Endpoints struct {
	Echo string // answers from within the region
	STUN string
	TCP  string // a connection takes a round trip, but a proxy in between may accept it
}

// Measure asks the echo; if that does not answer the STUN server; if that does not
// answer either, it times connections.
func Measure(ctx context.Context, e Endpoints) Result {
	var reasons []error
	for _, place := range []struct{ source, address string }{
		{facts.RTTEcho, e.Echo}, {facts.RTTStun, e.STUN}, {facts.RTTTCP, e.TCP},
	} {
		if place.address == "" {
			continue
		}
		trips, lost, err := series(ctx, place.address, place.source)
		if len(trips) > 0 {
			return Result{Source: place.source, Trips: trips, Lost: lost}
		}
		if err == nil {
			err = fmt.Errorf("%s did not answer %d questions (%s)", place.address, lost, place.source)
		}
		reasons = append(reasons, err)
	}
	if len(reasons) == 0 {
		return Result{Reason: "the region has no public endpoint that measures a round trip"}
	}
	words := make([]string, len(reasons))
	for i, err := range reasons {
		words[i] = err.Error()
	}
	return Result{Reason: strings.Join(words, ", ")}
}

func askEcho() ([]byte, func([]byte) bool) {
	b := make([]byte, echoSize)
	_, _ = rand.Read(b) // never fails
	return b, func(answer []byte) bool { return bytes.Equal(b, answer) }
}

func askSTUN() ([]byte, func([]byte) bool) {
	m := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.Fingerprint)
	return m.Raw, func(answer []byte) bool {
		a, ok := wire.ParseSTUNAnswer(answer) // an error is an answer too
		return ok && a.ID == m.TransactionID
	}
}

// series asks one question after the other; each has time until the next one, the
// last a little longer.
func series(ctx context.Context, address, source string) (trips []time.Duration, lost int, err error) {
	resolved, err := resolve(ctx, address)
	if err != nil {
		return nil, 0, err
	}
	asking, err := asker(ctx, resolved, source)
	if err != nil {
		return nil, 0, err
	}
	defer asking.close()
	for range questions {
		began := stamp.Now()
		trip, ok := asking.once()
		switch {
		case ok:
			trips = append(trips, trip)
		case ctx.Err() != nil:
			return trips, lost, nil
		default:
			lost++
		}
		if lost >= 3 && len(trips) == 0 {
			return nil, lost, nil // it does not answer: do not ask on
		}
		select {
		case <-ctx.Done():
			return trips, lost, nil
		case <-time.After(began + spacing - stamp.Now()):
		}
	}
	return trips, lost, nil
}

// questioner asks one question at a time.
type questioner struct {
	once  func() (time.Duration, bool)
	close func()
}

func asker(ctx context.Context, address, source string) (questioner, error) {
	if source == facts.RTTTCP {
		return questioner{once: func() (time.Duration, bool) { return connect(ctx, address) }, close: func() {}}, nil
	}
	ask := map[string]func() ([]byte, func([]byte) bool){facts.RTTEcho: askEcho, facts.RTTStun: askSTUN}[source]
	conn, err := stamp.Dial(ctx, address)
	if err != nil {
		return questioner{}, err
	}
	return questioner{
		once: func() (time.Duration, bool) {
			question, isAnswer := ask()
			return exchange(conn, question, isAnswer)
		},
		close: func() { _ = conn.Close() },
	}, nil
}

// connect times a connection. A SYN that the system repeated, after a second,
// tells no round trip.
func connect(ctx context.Context, address string) (time.Duration, bool) {
	const repeated = time.Second
	d := net.Dialer{Timeout: repeated, KeepAlive: -1}
	asked := stamp.Now()
	conn, err := d.DialContext(ctx, "tcp", address)
	trip := stamp.Now() - asked
	if err != nil {
		return 0, false
	}
	return trip, conn.Close() == nil
}

func resolve(ctx context.Context, address string) (string, error) {
	all, err := dial.Addresses(ctx, nil, address)
	if err != nil {
		return "", err
	}
	return all[0].String(), nil
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
