package nat

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/pion/stun/v3"

	"netready/probe/internal/wire"
)

// A place can be asked what address it sees.
type place struct {
	at    netip.AddrPort
	nonce string // "" for a public STUN server
	knock bool   // instead of STUN
}

func (o Options) places(ctx context.Context) ([]place, error) {
	var all []place
	var errs []error
	add := func(address, nonce string, knock bool) {
		at, err := resolve(ctx, address)
		if err != nil {
			errs = append(errs, err)
			return
		}
		all = append(all, place{at, nonce, knock})
	}
	for _, address := range o.Knock {
		add(address, o.Nonce, true)
	}
	for _, s := range o.STUN {
		add(s.Address, s.Nonce, false)
	}
	if len(all) == 0 {
		words := []string{"there is neither a responder nor a STUN server to ask"}
		for _, err := range errs {
			words = append(words, err.Error())
		}
		return nil, errors.New(strings.Join(words, ", "))
	}
	return distinct(all), nil
}

// distinct leaves out places of another address family than the first one's, since
// one socket has one family, and ports that are listed twice, for a knock and for
// STUN: these give one answer only.
func distinct(all []place) []place {
	is4, known := all[0].at.Addr().Is4(), map[netip.AddrPort]bool{}
	return slices.DeleteFunc(all, func(p place) bool {
		again := known[p.at]
		known[p.at] = true
		return again || p.at.Addr().Is4() != is4
	})
}

// spacing is the time between tries: public servers are asked twice a second at most.
const (
	spacing = 700 * time.Millisecond
	rounds  = 6
	// lastSpacing is after the last try: an answer may take so long at least.
	lastSpacing = 3 * time.Second
)

// waitAfter is how long answers are awaited after a try of some, counted from 0: longer after
// the last one where nobody has answered, since the path may be slow.
func waitAfter(try, tries int, heard bool) time.Duration {
	if try == tries-1 && !heard {
		return lastSpacing
	}
	return spacing
}

// observe asks all places from one socket until all have answered or six
// rounds are over, and follows a STUN server to its other address (RFC 5780).
func observe(ctx context.Context, places []place) ([]seen, netip.AddrPort, error) {
	conn, local, err := listenTowards(places[0].at)
	if err != nil {
		return nil, local, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	a := asking{conn: conn, places: places, got: map[netip.AddrPort]netip.AddrPort{}, asked: map[string]place{}}
	for i := 0; i < rounds && ctx.Err() == nil && !a.complete(); i++ {
		a.askAll()
		a.await(time.Now().Add(waitAfter(i, rounds, len(a.got) > 0)))
	}
	var all []seen
	for _, p := range a.places {
		if mapped, ok := a.got[p.at]; ok {
			all = append(all, seen{p.at, mapped})
		}
	}
	return all, local, nil
}

// listenTowards opens a socket and finds the address that it has towards
// another. Nothing is sent.
func listenTowards(at netip.AddrPort) (*net.UDPConn, netip.AddrPort, error) {
	route, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, netip.AddrPort{}, fmt.Errorf("finding the route to %s: %w", at, err)
	}
	own := route.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	_ = route.Close()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(own, 0)))
	if err != nil {
		return nil, netip.AddrPort{}, fmt.Errorf("opening a socket: %w", err)
	}
	port := conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	return conn, netip.AddrPortFrom(own.WithZone(""), port), nil
}

// asking is the state of observe.
type asking struct {
	conn   *net.UDPConn
	places []place
	got    map[netip.AddrPort]netip.AddrPort
	asked  map[string]place // by transaction
}

func (a *asking) complete() bool { return len(a.got) == len(a.places) }

func (a *asking) askAll() {
	for _, p := range a.places {
		if _, done := a.got[p.at]; done {
			continue
		}
		if question, id, err := p.question(); err == nil {
			a.asked[id] = p
			_, _ = a.conn.WriteToUDPAddrPort(question, p.at) // the next try follows in any case
		}
	}
}

func (a *asking) await(until time.Time) {
	b := make([]byte, 2048)
	_ = a.conn.SetReadDeadline(until)
	for !a.complete() {
		n, _, err := a.conn.ReadFromUDPAddrPort(b)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return
		}
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		a.take(b[:n])
	}
}

// take notes an answer, and the other address of a STUN server, which is asked too.
func (a *asking) take(raw []byte) {
	for id, p := range a.asked {
		mapped, other, ok := p.answer(raw, id)
		if !ok {
			continue
		}
		a.got[p.at] = mapped
		if !other.IsValid() || p.knock {
			return
		}
		for _, at := range []netip.AddrPort{netip.AddrPortFrom(other.Addr(), p.at.Port()), other} {
			known := slices.ContainsFunc(a.places, func(q place) bool { return q.at == at })
			if !known && len(a.places) < 8 && at.Addr().Is4() == p.at.Addr().Is4() {
				a.places = append(a.places, place{at, p.nonce, false})
			}
		}
		return
	}
}

// question makes a new question and returns its transaction.
func (p place) question() ([]byte, string, error) {
	if p.knock {
		k := wire.NewKnock(p.nonce)
		return k.Marshal(p.nonce), string(k.Random[:]), nil
	}
	setters := []stun.Setter{stun.TransactionID, stun.BindingRequest}
	if p.nonce != "" {
		setters = append(setters, stun.NewUsername(wire.KnockIDOf(p.nonce).String()),
			stun.RawAttribute{Type: 0x0026, Value: make([]byte, 96)}, // PADDING, RFC 5780 7.6: room for the answer
			stun.NewShortTermIntegrity(p.nonce))
	}
	m, err := stun.Build(setters...)
	if err != nil {
		return nil, "", fmt.Errorf("building a STUN request: %w", err)
	}
	return m.Raw, string(m.TransactionID[:]), nil
}

// answer reads what the place saw, if this is its answer.
func (p place) answer(raw []byte, id string) (mapped, other netip.AddrPort, ok bool) {
	if p.knock {
		a, ok := wire.ParseKnockAnswer(raw, p.nonce)
		return a.Observed, other, ok && string(a.Random[:]) == id
	}
	answer, ok := wire.ParseSTUNAnswer(raw)
	if !ok || string(answer.ID[:]) != id || p.nonce != "" && !answer.Signed(p.nonce) {
		return mapped, other, false
	}
	if mapped, ok = answer.Mapped(); !ok {
		return mapped, other, false
	}
	var o stun.OtherAddress
	if o.GetFrom(answer.Message) == nil {
		other = addrPort(o.IP, o.Port)
	}
	return mapped, other, true
}

func addrPort(ip net.IP, port int) netip.AddrPort {
	a, ok := netip.AddrFromSlice(ip)
	if !ok || a.IsUnspecified() {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(port))
}
