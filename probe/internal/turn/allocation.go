package turn

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v3"

	"netready/probe/internal/stamp"
)

const (
	stunHeader    = 20
	channelHeader = 4
	// FirstChannel is the lowest number that a channel may have (RFC 8656 12).
	FirstChannel = 0x4000
	// mostAlternates is how many servers are followed before it counts as a loop.
	mostAlternates = 3
	// releaseWait is how long the release of an allocation is waited for.
	releaseWait = 2 * time.Second
	// keepEvery is how often permissions, which last 300 s, and channels, which last
	// 600 s (RFC 8656 9, 12), are renewed.
	keepEvery = 2 * time.Minute
)

// Credentials are long-term credentials (RFC 8489 9.2).
type Credentials struct{ Username, Password string }

// A Datum is one datagram that came through the relay.
type Datum struct {
	Channel uint16         // 0: it came from a peer without a channel
	Peer    netip.AddrPort // of a datum without a channel
	Bytes   []byte         // valid until the handler returns
	stamp.Arrival
}

// An Allocation is a relay of a TURN server for this machine.
type Allocation struct {
	// Relayed is the address that peers send to, Mapped the address of this machine that
	// the server sees, Software the server's name for itself ("": not told).
	Relayed, Mapped netip.AddrPort
	Software        string

	to          Endpoint
	credentials Credentials
	link        link
	handle      func(Datum)
	done        chan struct{} // closed when reading is over
	ended       error         // why; read after done
	keeping     sync.WaitGroup
	quit        context.CancelFunc

	sent, received, heard atomic.Int64 // bytes, bytes, time of the last arrival

	mu       sync.Mutex // guards the rest
	realm    stun.Realm
	nonce    stun.Nonce
	key      stun.MessageIntegrity
	pending  map[[stun.TransactionIDSize]byte]chan answer
	channels map[uint16]netip.AddrPort
	lifetime time.Duration
	dropped  uint32
}

// Open allocates a relay. handle gets everything that comes through it, in one
// goroutine. If the server names another one (300), that one is used.
func Open(ctx context.Context, e Endpoint, c Credentials, handle func(Datum)) (*Allocation, error) {
	for range mostAlternates {
		a, err := open(ctx, e, c, handle)
		var other *alternate
		if !errors.As(err, &other) {
			return a, err
		}
		if !other.address.IsValid() || other.address.Port() == 0 {
			return nil, fmt.Errorf("%w: it redirects to a server without an address", ErrProtocol)
		}
		e.Address = other.address
		if other.name != "" {
			e.Name = other.name
		}
	}
	return nil, fmt.Errorf("%w: each server redirects to another one", ErrProtocol)
}

func open(ctx context.Context, e Endpoint, c Credentials, handle func(Datum)) (*Allocation, error) {
	l, err := dial(ctx, e)
	if err != nil {
		return nil, fmt.Errorf("connecting by %s: %w", e, err)
	}
	if e.DSCP != 0 {
		l.setDSCP(e.DSCP)
	}
	a := &Allocation{
		to: e, credentials: c, link: l, handle: handle, done: make(chan struct{}), quit: func() {},
		pending: map[[stun.TransactionIDSize]byte]chan answer{}, channels: map[uint16]netip.AddrPort{},
	}
	go a.read()
	if err := a.allocate(ctx); err != nil {
		a.shut()
		return nil, fmt.Errorf("asking for a relay by %s: %w", e, err)
	}
	keeping, quit := context.WithCancel(context.WithoutCancel(ctx))
	a.quit = quit
	a.keeping.Go(func() { a.keep(keeping) })
	return a, nil
}

// udpTransport asks for a relay of UDP (RFC 8656 18.7).
var udpTransport = stun.RawAttribute{Type: stun.AttrRequestedTransport, Value: []byte{17, 0, 0, 0}}

// ipv6Family asks for a relayed address of IPv6 (RFC 8656 18.6).
var ipv6Family = stun.RawAttribute{Type: stun.AttrRequestedAddressFamily, Value: []byte{2, 0, 0, 0}}

func (a *Allocation) allocate(ctx context.Context) error {
	m, err := a.request(ctx, stun.MethodAllocate, udpTransport)
	var refused *Refusal
	if errors.As(err, &refused) && refused.Code == int(stun.CodeAddrFamilyNotSupported) {
		m, err = a.request(ctx, stun.MethodAllocate, udpTransport, ipv6Family)
	}
	if err != nil {
		// Some servers answer 400 to a wrong password: the same request without a password
		// was accepted up to that point.
		return withMeaning(err, stun.CodeBadRequest, ErrCredentials)
	}
	if a.Relayed, err = addressed(m, stun.AttrXORRelayedAddress); err != nil {
		return err
	}
	if a.Mapped, err = addressed(m, stun.AttrXORMappedAddress); err != nil {
		return err
	}
	var name stun.Software
	if name.GetFrom(m) == nil {
		a.Software = safe(name.String())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lifetime = lifetimeOf(m)
	return nil
}

// lifetimeOf is how long the server keeps an allocation; where it does not
// say, the default of RFC 8656 3.2.
func lifetimeOf(m *stun.Message) time.Duration {
	v, err := m.Get(stun.AttrLifetime)
	if err != nil || len(v) != 4 {
		return 10 * time.Minute
	}
	return time.Duration(binary.BigEndian.Uint32(v)) * time.Second
}

// Permit lets a peer's address send to the relay, from any port.
func (a *Allocation) Permit(ctx context.Context, peer netip.Addr) error {
	_, err := a.request(ctx, stun.MethodCreatePermission, peerAddress(netip.AddrPortFrom(peer, 9)))
	return forbidden(err)
}

// forbidden reads the refusal of a peer. Some servers answer 401 in this case, although
// they accepted the credentials for the relay.
func forbidden(err error) error { return withMeaning(err, stun.CodeUnauthorized, ErrForbidden) }

// Bind makes a channel to a peer, which permits it too.
func (a *Allocation) Bind(ctx context.Context, channel uint16, peer netip.AddrPort) error {
	number := stun.RawAttribute{Type: stun.AttrChannelNumber, Value: []byte{byte(channel >> 8), byte(channel), 0, 0}}
	if _, err := a.request(ctx, stun.MethodChannelBind, number, peerAddress(peer)); err != nil {
		return forbidden(err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.channels[channel] = peer
	return nil
}

// peerAddress is an XOR-PEER-ADDRESS attribute.
type peerAddress netip.AddrPort

// AddTo implements stun.Setter.
func (p peerAddress) AddTo(m *stun.Message) error {
	at := netip.AddrPort(p)
	return stun.XORMappedAddress{IP: net.IP(at.Addr().AsSlice()), Port: int(at.Port())}.AddToAs(m, stun.AttrXORPeerAddress)
}

// Send passes bytes to the peer of a channel.
func (a *Allocation) Send(channel uint16, b []byte) error {
	frame := make([]byte, channelHeader, channelHeader+len(b)+3)
	binary.BigEndian.PutUint16(frame, channel)
	binary.BigEndian.PutUint16(frame[2:], uint16(len(b)))
	a.sent.Add(int64(len(b)))
	return a.link.write(append(frame, b...))
}

// Refresh renews the allocation. ErrGone says that the server no longer has it.
func (a *Allocation) Refresh(ctx context.Context) error {
	m, err := a.request(ctx, stun.MethodRefresh)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lifetime = lifetimeOf(m)
	return nil
}

// keep renews allocation and channels in time. A failure is tried again: the call itself
// notices when a relay is lost.
func (a *Allocation) keep(ctx context.Context) {
	for {
		a.mu.Lock()
		wait := max(min(a.lifetime/2, keepEvery), time.Second)
		channels := maps.Clone(a.channels)
		a.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-a.done:
			timer.Stop()
			return
		case <-timer.C:
		}
		once, cancel := context.WithTimeout(ctx, wait)
		_ = a.Refresh(once)
		for channel, peer := range channels {
			_ = a.Bind(once, channel, peer)
		}
		cancel()
	}
}

// Release gives the relay back (a lifetime of 0) and closes the connection.
func (a *Allocation) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseWait)
	defer cancel()
	zero := stun.RawAttribute{Type: stun.AttrLifetime, Value: make([]byte, 4)}
	_, err := a.request(ctx, stun.MethodRefresh, zero)
	a.shut()
	return err
}

// shut closes the connection and waits for its goroutines.
func (a *Allocation) shut() {
	a.quit()
	_ = a.link.close()
	a.keeping.Wait()
	<-a.done
}

// Ended is why the connection has ended, nil before.
func (a *Allocation) Ended() error {
	select {
	case <-a.done:
		return a.ended
	default:
		return nil
	}
}

// Endpoint is the server that gave the relay: after a 300 not the one that was asked.
func (a *Allocation) Endpoint() Endpoint { return a.to }

// Local is this machine's end of the connection.
func (a *Allocation) Local() netip.AddrPort { return a.link.local() }

// Heard is when something came from the server last, on the clock of stamp.Now.
func (a *Allocation) Heard() time.Duration { return time.Duration(a.heard.Load()) }

// Bytes is how much was passed to the relay and came from it, without headers.
func (a *Allocation) Bytes() (sent, received int64) { return a.sent.Load(), a.received.Load() }

// Dropped is how many datagrams this machine's own socket dropped because its buffer
// was full.
func (a *Allocation) Dropped() uint32 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.dropped
}

// NoDSCP is why marks of arrivals cannot be read, "" if they can.
func (a *Allocation) NoDSCP() string { return a.link.noDSCP() }
