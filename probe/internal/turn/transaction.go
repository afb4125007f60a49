package turn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v3"

	"netready/probe/internal/stamp"
)

const (
	// firstWait is before the first retransmission over UDP; each further wait
	// is twice as long (RFC 8489 6.2.1, whose 500 ms assume no round trip).
	firstWait = 300 * time.Millisecond
	// mostNonces is how often a request is repeated with a new nonce of the server.
	mostNonces = 3
)

// An answer is a response and the stamp of its arrival.
type answer struct {
	message *stun.Message
	at      time.Duration
}

// request sends a request until it is answered or ctx ends, and returns the success
// response. It has the credentials once the server has asked for them, and a new nonce
// after the old one has become stale.
func (a *Allocation) request(ctx context.Context, method stun.Method, attributes ...stun.Setter) (*stun.Message, error) {
	for range mostNonces {
		a.mu.Lock()
		key := a.key
		proof := a.proof()
		a.mu.Unlock()
		set := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest), software}, attributes...)
		m, err := stun.Build(append(append(set, proof...), stun.Fingerprint)...)
		if err != nil {
			return nil, fmt.Errorf("building a TURN request: %w", err)
		}
		response, err := a.exchange(ctx, m, key)
		if err != nil {
			return nil, err
		}
		if response.Type.Class == stun.ClassSuccessResponse {
			return response, nil
		}
		if err := a.challenged(response, key != nil); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: it calls each of its own nonces stale", ErrProtocol)
}

// software names this program to the server (RFC 8489 14.14).
var software = stun.NewSoftware("netready")

// proof are the attributes that prove the credentials; none before the server has asked
// for them. The lock is held.
func (a *Allocation) proof() []stun.Setter {
	if a.key == nil {
		return nil
	}
	return []stun.Setter{stun.NewUsername(a.credentials.Username), a.realm, a.nonce, a.key}
}

// challenged takes realm and nonce out of a refusal; any other refusal is
// returned.
func (a *Allocation) challenged(m *stun.Message, proved bool) error {
	refused := refusal(m)
	var r *Refusal
	if !errors.As(refused, &r) {
		return refused
	}
	first := r.Code == int(stun.CodeUnauthorized) && !proved
	if !first && r.Code != int(stun.CodeStaleNonce) {
		return refused
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.nonce.GetFrom(m); err != nil {
		return fmt.Errorf("%w: %d without a nonce", ErrProtocol, r.Code)
	}
	a.nonce = append(stun.Nonce(nil), a.nonce...)
	if first {
		if err := a.realm.GetFrom(m); err != nil {
			return fmt.Errorf("%w: %d without a realm", ErrProtocol, r.Code)
		}
		a.realm = append(stun.Realm(nil), a.realm...)
		a.key = stun.NewLongTermIntegrity(a.credentials.Username, a.realm.String(), a.credentials.Password)
	}
	return nil
}

// exchange sends a message and waits for its response, which shows that the
// server knows the key where there is one.
func (a *Allocation) exchange(ctx context.Context, m *stun.Message, key stun.MessageIntegrity) (*stun.Message, error) {
	answers := a.expect(m.TransactionID)
	defer a.forget(m.TransactionID)
	wait := firstWait
	if a.to.Transport.IsReliable() {
		wait = time.Hour // the connection repeats
	}
	if err := a.link.write(m.Raw); err != nil && !isPassing(err) {
		return nil, err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w (%s)", ErrSilent, a.to)
		case <-a.done:
			return nil, a.ended
		case <-timer.C:
			wait *= 2
			timer.Reset(wait)
			if err := a.link.write(m.Raw); err != nil && !isPassing(err) {
				return nil, err
			}
		case got := <-answers:
			if got.message.Type.Class == stun.ClassSuccessResponse && key != nil && key.Check(got.message) != nil {
				continue // from somebody who does not know the password
			}
			return got.message, nil
		}
	}
}

// isPassing distinguishes an error that a later try may not have (no buffer for a
// datagram, or an ICMP error) from the end of the link.
func isPassing(err error) bool { return !errors.Is(err, net.ErrClosed) }

// expect registers a transaction.
func (a *Allocation) expect(id [stun.TransactionIDSize]byte) chan answer {
	c := make(chan answer, 4) // copies of an answer
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pending[id] = c
	return c
}

func (a *Allocation) forget(id [stun.TransactionIDSize]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.pending, id)
}

// Ask is one STUN Binding request on the allocation's own connection, sent
// once, without a repetition: its round trip is that of the media path. ctx
// says how long to wait.
func (a *Allocation) Ask(ctx context.Context) (asked, trip time.Duration, err error) {
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.Fingerprint)
	if err != nil {
		return 0, 0, fmt.Errorf("building a STUN request: %w", err)
	}
	answers := a.expect(m.TransactionID)
	defer a.forget(m.TransactionID)
	asked = stamp.Now()
	if err := a.link.write(m.Raw); err != nil {
		return asked, 0, err
	}
	select {
	case <-ctx.Done():
		return asked, 0, ErrSilent
	case <-a.done:
		return asked, 0, a.ended
	case got := <-answers:
		return asked, got.at - asked, nil
	}
}

// Fence waits until the server has handled everything that was sent on this connection,
// and everything that it sent has arrived. This works only on a reliable connection,
// where the answer to a question arrives after all that.
func (a *Allocation) Fence(ctx context.Context) error {
	_, _, err := a.Ask(ctx)
	return err
}

// addressed reads an XOR-encoded address.
func addressed(m *stun.Message, attribute stun.AttrType) (netip.AddrPort, error) {
	var x stun.XORMappedAddress
	if err := x.GetFromAs(m, attribute); err != nil {
		return netip.AddrPort{}, fmt.Errorf("%w: no %s", ErrProtocol, attribute)
	}
	return addrOf(x.IP, x.Port), nil
}

func addrOf(ip net.IP, port int) netip.AddrPort {
	a, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(a.Unmap(), uint16(port))
}
