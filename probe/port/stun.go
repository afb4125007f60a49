package port

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/pion/stun/v3"

	"netready/probe/facts"
	"netready/probe/internal/wire"
)

// stun sends Binding requests (RFC 8489) over UDP.
func (t target) stun(ctx context.Context) outcome {
	b := t.newBinding()
	return t.exchange(ctx, exchange{ask: b.ask, judge: b.judge})
}

// stunStream sends one over TCP or TLS.
func (t target) stunStream(ctx context.Context) outcome {
	conn, verdict := t.connect(ctx, t.check.Protocol == "stun-tls")
	if verdict != nil {
		return *verdict
	}
	b := t.newBinding()
	return t.speak(ctx, conn, stream{name: "STUN", ask: b.ask, read: readSTUN, judge: b.judge})
}

// connect is dial, with TLS if asked for.
func (t target) connect(ctx context.Context, secure bool) (net.Conn, *outcome) {
	conn, verdict := t.dial(ctx)
	if verdict != nil || !secure {
		return conn, verdict
	}
	return t.handshake(ctx, conn)
}

// noSpeech is the verdict on a connection that does not speak the protocol.
func (t target) noSpeech(err error, protocol string) outcome {
	if t.session != nil {
		return t.unproved(err, "")
	}
	if errors.Is(err, errNotSTUN) {
		return t.fail(facts.ReasonIntercepted, "%s answers, but not in %s: somebody else does in its place", t.place(), protocol)
	}
	if isTimeout(err) || isEOF(err) {
		return t.fail(facts.ReasonNoReply, "%s accepted the connection but did not answer in %s; a proxy or firewall that accepts in its place, or that inspects the traffic, looks like this",
			t.place(), protocol)
	}
	return t.blamed(err, nil)
}

// binding asks for a Binding and judges the answers.
type binding struct {
	t     target
	asked map[[stun.TransactionIDSize]byte]bool
}

func (t target) newBinding() *binding {
	return &binding{t, map[[stun.TransactionIDSize]byte]bool{}}
}

// ask makes a request. To the responder it carries the session's credentials.
func (b *binding) ask() ([]byte, error) {
	setters := []stun.Setter{stun.TransactionID, stun.BindingRequest}
	if s := b.t.session; s != nil {
		setters = append(setters,
			stun.NewUsername(wire.KnockIDOf(s.Nonce).String()),
			wire.Padding(),
			stun.NewShortTermIntegrity(s.Nonce))
	}
	m, err := stun.Build(setters...)
	if err != nil {
		return nil, fmt.Errorf("building a STUN request: %w", err)
	}
	b.asked[m.TransactionID] = true
	return m.Raw, nil
}

// judge passes any answer to one of the requests, from the responder only if
// it is signed.
func (b *binding) judge(raw []byte) *outcome {
	answer, ok := wire.ParseSTUNAnswer(raw)
	if !ok || !b.asked[answer.ID] {
		return b.t.impostor()
	}
	if s := b.t.session; s != nil && !answer.Signed(s.Nonce) {
		return b.t.impostor()
	}
	o := passed("answered, without an address: the way is open")
	if answer.IsError {
		o = passed("answered, with a STUN error: the way is open")
	} else if mapped, known := answer.Mapped(); known {
		o = passed("answered; it sees this machine as " + mapped.String()).seenAs(mapped)
	}
	return &o
}

var errNotSTUN = errors.New("not a STUN message")

// readSTUN reads one message from a stream (RFC 8489 6.2.2: the header holds
// the length).
func readSTUN(r *bufio.Reader) ([]byte, error) {
	b := make([]byte, 20, 256)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	if !stun.IsMessage(b) {
		return nil, errNotSTUN
	}
	b = append(b, make([]byte, binary.BigEndian.Uint16(b[2:]))...)
	_, err := io.ReadFull(r, b[20:])
	return b, err
}
