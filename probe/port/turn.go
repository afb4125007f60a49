package port

import (
	"context"
	"errors"
	"fmt"

	"github.com/pion/stun/v3"

	"netready/probe/facts"
	"netready/probe/internal/wire"
	"netready/probe/relay"
)

// turn asks a TURN server for a relay (RFC 8656). Without credentials, a refusal with a
// realm proves that it can be reached; otherwise silence or an ICMP message gives the
// reason. With credentials, a datagram must come back through the relay.
func (t target) turn(ctx context.Context) outcome {
	o := t.allocate(ctx)
	if o.status != facts.StatusPass || t.check.Username.Reveal() == "" {
		return o
	}
	return t.relay(ctx)
}

// allocate asks without credentials.
func (t target) allocate(ctx context.Context) outcome {
	a := &allocation{t: t, asked: map[[stun.TransactionIDSize]byte]bool{}}
	if t.check.Protocol == "turn" {
		return t.exchange(ctx, exchange{ask: a.ask, judge: a.judge})
	}
	conn, verdict := t.connect(ctx, t.check.Protocol == "turn-tls")
	if verdict != nil {
		return *verdict
	}
	return t.speak(ctx, conn, stream{name: "TURN", ask: a.ask, read: readSTUN, judge: a.judge})
}

// allocation asks for a relay without credentials.
type allocation struct {
	t     target
	asked map[[stun.TransactionIDSize]byte]bool
}

func (a *allocation) ask() ([]byte, error) {
	m, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodAllocate, stun.ClassRequest),
		stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{17, 0, 0, 0}}) // UDP
	if err != nil {
		return nil, fmt.Errorf("building a TURN request: %w", err)
	}
	a.asked[m.TransactionID] = true
	return m.Raw, nil
}

func (a *allocation) judge(raw []byte) *outcome {
	answer, ok := wire.ParseSTUNAnswer(raw)
	if !ok || !a.asked[answer.ID] {
		return a.t.impostor()
	}
	o := passed("a TURN server answered with an error: the way is open")
	var code stun.ErrorCodeAttribute
	var realm stun.Realm
	switch m := answer.Message; {
	case !answer.IsError:
		o = passed("a relay was given without credentials: this TURN server is open to everyone")
	case m == nil || code.GetFrom(m) != nil:
	case (code.Code == stun.CodeUnauthorized || code.Code == stun.CodeStaleNonce) && realm.GetFrom(m) == nil:
		o = passed(fmt.Sprintf("the TURN server of realm %q answered; it wants credentials, as it should", realm))
	default:
		o = passed(fmt.Sprintf("a TURN server answered with error %d (%s): the way is open", code.Code, code.Reason))
	}
	return &o
}

// relay allocates and sends an echo through the relay.
func (t target) relay(ctx context.Context) outcome {
	transport := map[string]string{"turn": "udp", "turn-tcp": "tcp", "turn-tls": "tls"}[t.check.Protocol]
	words, own, err := relay.Echo(ctx, relay.Server{
		Transport: transport, Address: t.addr, Name: t.check.Host, Roots: t.opts.Roots,
		Username: t.check.Username.Reveal(), Password: t.check.Password.Reveal(),
	})
	switch {
	case err == nil:
		return passed(words).seenAs(own...)
	case errors.Is(err, relay.ErrQuota):
		return passed(fmt.Sprintf("%s knows these credentials, and gives them no more relays now; whether it passes datagrams on was not measured", t.place()))
	case ctx.Err() != nil:
		return t.silent(5)
	}
	return t.fail(facts.ReasonProtocol, "%s gave no relay that works: %s", t.place(), err).seenAs(own...)
}
