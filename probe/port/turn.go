package port

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"time"

	"github.com/pion/stun/v3"
	"github.com/pion/turn/v4"

	"netready/probe/internal/wire"
)

// turn asks a TURN server for a relay (RFC 8656). Its refusal without
// credentials, with a realm, proves that it can be reached, and its silence or
// what ICMP says names the reason where not. With credentials a datagram has to
// come back through the relay.
func (t target) turn(ctx context.Context) outcome {
	o := t.allocate(ctx)
	if o.status != Pass || t.check.Username == "" {
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

// relay allocates, permits, and sends an echo through the relay.
func (t target) relay(ctx context.Context) outcome {
	conn, verdict := t.turnConn(ctx)
	if verdict != nil {
		return *verdict
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	server := t.addr.String()
	client, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: server, TURNServerAddr: server, Conn: conn,
		Username: t.check.Username, Password: t.check.Password, RTO: 300 * time.Millisecond,
	})
	if err == nil {
		err = client.Listen()
	}
	if err != nil {
		return t.fail(Protocol, "the TURN client could not start towards %s: %s", t.place(), err)
	}
	defer client.Close()
	relayed, err := client.Allocate()
	if err != nil {
		if ctx.Err() != nil {
			return t.silent(5)
		}
		return t.fail(Protocol, "%s gave no relay: %s", t.place(), err)
	}
	defer relayed.Close()
	return t.relayEcho(ctx, client, relayed)
}

// turnConn is the socket below a TURN client.
func (t target) turnConn(ctx context.Context) (net.PacketConn, *outcome) {
	if t.check.Protocol == "turn" {
		conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp", ":0")
		if err != nil {
			o := t.blamed(err, nil)
			return nil, &o
		}
		return conn, nil
	}
	conn, verdict := t.connect(ctx, t.check.Protocol == "turn-tls")
	if verdict != nil {
		return nil, verdict
	}
	return turn.NewSTUNConn(conn), nil
}

// relayEcho sends a datagram from the relay to a second socket of this machine
// and one back.
func (t target) relayEcho(ctx context.Context, client *turn.Client, relayed net.PacketConn) outcome {
	peer, err := new(net.ListenConfig).ListenPacket(ctx, "udp", ":0")
	if err != nil {
		return t.blamed(err, nil)
	}
	defer peer.Close()
	defer context.AfterFunc(ctx, func() { _ = peer.Close(); _ = relayed.Close() })()
	mapped, err := reflexive(ctx, peer, t.addr.String())
	if err != nil {
		return passed(fmt.Sprintf("a relay at %s was given; whether it forwards was not measured: %s", relayed.LocalAddr(), err))
	}
	if err := client.CreatePermission(mapped); err != nil {
		return t.fail(Protocol, "%s gave a relay but no permission to use it: %s", t.place(), err)
	}
	word := []byte("netready relay echo " + fmt.Sprint(time.Now().UnixNano()))
	answered := make(chan bool, 1)
	go func() { answered <- echoed(peer, relayed, mapped, word) }()
	if <-answered {
		return passed(fmt.Sprintf("a relay at %s was given, and a datagram came back through it", relayed.LocalAddr()))
	}
	return t.fail(NoReply, "%s gave a relay at %s, but a datagram sent through it did not come back", t.place(), relayed.LocalAddr())
}

// reflexive is how the outside sees a socket, told by a STUN server.
func reflexive(ctx context.Context, conn net.PacketConn, server string) (net.Addr, error) {
	to, err := net.ResolveUDPAddr("udp", server)
	if err != nil {
		return nil, fmt.Errorf("resolving the server: %w", err)
	}
	b := make([]byte, 1500)
	for range 5 {
		if ctx.Err() != nil {
			break
		}
		m, err := stun.Build(stun.TransactionID, stun.BindingRequest)
		if err != nil {
			return nil, fmt.Errorf("building a STUN request: %w", err)
		}
		if _, err := conn.WriteTo(m.Raw, to); err != nil {
			return nil, fmt.Errorf("asking for the public address: %w", err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		n, _, err := conn.ReadFrom(b)
		if err != nil {
			continue
		}
		answer, ok := wire.ParseSTUNAnswer(b[:n])
		if mapped, known := answer.Mapped(); ok && known && answer.ID == m.TransactionID {
			return net.UDPAddrFromAddrPort(mapped), nil
		}
	}
	return nil, fmt.Errorf("the server did not say what address it sees")
}

// echoed sends a word from the relay to the peer and from the peer back, up to
// five times.
func echoed(peer, relayed net.PacketConn, mapped net.Addr, word []byte) bool {
	b := make([]byte, 1500)
	for range 5 {
		// The peer speaks first: its own NAT then lets the relay's datagram in.
		_, _ = peer.WriteTo([]byte("netready opens"), relayed.LocalAddr())
		_, _ = relayed.WriteTo(word, mapped)
		if !arrives(peer, word, b) {
			continue
		}
		_, _ = peer.WriteTo(word, relayed.LocalAddr())
		if arrives(relayed, word, b) {
			return true
		}
	}
	return false
}

func arrives(conn net.PacketConn, word, b []byte) bool {
	_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	for {
		n, _, err := conn.ReadFrom(b)
		if err != nil {
			return false
		}
		if bytes.Equal(b[:n], word) {
			return true
		}
	}
}
