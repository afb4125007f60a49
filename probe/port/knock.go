package port

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/control"
	"netready/probe/internal/portal"
	"netready/probe/internal/wire"
)

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// knockStream proves that the responder is at the other end of a connection.
// binding is of the TLS connection, zero without TLS; who says whose certificate came,
// for the words on somebody in between.
func (t target) knockStream(ctx context.Context, conn net.Conn, binding [16]byte, who string) outcome {
	defer boundTo(ctx, conn)()
	question := wire.NewKnock(t.session.Nonce)
	if _, err := conn.Write(question.Marshal(t.session.Nonce)); err != nil {
		return t.blamed(err, nil)
	}
	b := make([]byte, wire.AnswerSize)
	n, err := io.ReadFull(conn, b)
	if portal.Says(b[:n]) {
		return t.behindPortal()
	}
	if err != nil {
		return t.unproved(err, who)
	}
	answer, ok := wire.ParseKnockAnswer(b, t.session.Nonce)
	switch {
	case !ok || answer.Random != question.Random:
		return t.fail(facts.ReasonHijacked, "%s answered, but it is not the responder: somebody else has taken its address or its port", t.place()).byAnother()
	case answer.Binding != binding:
		return t.fail(facts.ReasonIntercepted, "a proxy in between opens the TLS connection to %s and makes one of its own", t.place()+who).byAnother()
	}
	return passed("the responder itself answered")
}

// unproved is the verdict on a connection that was accepted, but on which nothing came,
// or nothing that proves who is there.
func (t target) unproved(err error, who string) outcome {
	if isTimeout(err) || isEOF(err) {
		return t.fail(facts.ReasonIntercepted, "%s accepted the connection, but it is not the responder: the responder's answer did not come. "+
			"A proxy or firewall in between accepts connections in its place", t.place()+who)
	}
	return t.blamed(err, nil)
}

// udp sends the responder a knock, whose answer proves who is there.
func (t target) udp(ctx context.Context) outcome {
	s := t.session
	if _, port, err := net.SplitHostPort(s.Media); err == nil && port == fmt.Sprint(t.check.Port) || s.serves("udp", t.check.Port) {
		return t.knock(ctx)
	}
	if s.Open == nil {
		return notMeasured(facts.ReasonNotServed, "the responder does not listen on "+t.service())
	}
	began := time.Now()
	if _, verdict := t.open(ctx, []int{t.check.Port}); verdict != nil {
		return *verdict
	}
	t.accepted(time.Since(began))
	return t.knock(ctx)
}

// open asks the responder to open UDP ports, and returns those that it opened or
// why there are none.
func (t target) open(ctx context.Context, ports []int) ([]int, *outcome) {
	grant, err := t.session.Open(ctx, wire.PortsRequest{Protocol: "udp", Ports: ports})
	switch {
	case errors.Is(err, control.ErrBusy), err == nil && len(grant.Open) == 0 && grant.Busy:
		return nil, new(tooFull("it cannot open more ports now"))
	case err != nil:
		return nil, new(notMeasured(facts.ReasonNotServed, "the responder could not be asked to open ports: "+err.Error()))
	case len(grant.Open) == 0 && len(ports) == 1:
		return nil, new(notMeasured(facts.ReasonNotServed, fmt.Sprintf("the responder could not open %s: %s", t.service(), grant.Failed[ports[0]])))
	case len(grant.Open) == 0:
		return nil, new(notMeasured(facts.ReasonNotServed, "the responder could open none of the ports: "+firstOf(grant.Failed)))
	}
	return grant.Open, nil
}

func (t target) knock(ctx context.Context) outcome {
	nonce := t.session.Nonce
	asked := map[[16]byte]bool{}
	return t.exchange(ctx, exchange{
		ask: func() ([]byte, error) {
			k := wire.NewKnock(nonce)
			asked[k.Random] = true
			return k.Marshal(nonce), nil
		},
		judge: func(b []byte) *outcome {
			answer, ok := wire.ParseKnockAnswer(b, nonce)
			if !ok || !asked[answer.Random] {
				return t.impostor()
			}
			return new(passed("the responder itself answered; it sees this machine as " + answer.Observed.String()).seenAs(answer.Observed))
		},
	})
}

// impostor is the verdict on an answer that does not prove its sender.
func (t target) impostor() *outcome {
	return new(t.fail(facts.ReasonHijacked, "%s answered, but not the host that was asked: somebody in between answers in its place", t.place()).byAnother())
}
