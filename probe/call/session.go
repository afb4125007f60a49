// Package call is the agent's side of a test call: two independent RTP streams,
// STUN checks, and a control connection over which the responder reports what
// arrived. It measures and does not judge.
package call

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"netready/probe/invite"
	"netready/probe/stream"

	"netready/probe/emodel"
	"netready/probe/internal/control"
	"netready/probe/internal/dial"
	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
)

// What can be wrong with a responder. Every error of Open wraps one of them or
// invite.Err, or is the context's.
var (
	ErrToken       = control.ErrToken
	ErrPin         = control.ErrPin
	ErrVersion     = control.ErrVersion
	ErrRefused     = control.ErrRefused
	ErrUnreachable = control.ErrUnreachable
	ErrBusy        = control.ErrBusy
	ErrGrant       = control.ErrGrant
	ErrElsewhere   = errors.New("the responder was not used")
)

// A Busy is ErrBusy, with when to ask again.
type Busy = control.Busy

// A TokenError is ErrToken, with the code of the reason.
type TokenError = control.TokenError

const (
	// defaultDuration is that of a call.
	defaultDuration = 30 * time.Second
	// mostCalls and mostDuration are the limits of this end, whatever a responder
	// grants: 10,000 packets a second each way, as a busy office sends, for as long
	// as a test can need.
	mostCalls    = 200
	mostDuration = time.Hour
)

// Settings say what call to ask for.
type Settings struct {
	Codec    string        // as package emodel names it; "": pcmu
	Duration time.Duration // 0: defaultDuration
	Calls    int           // at once; 0: 1
	DSCP     int           // 0: unmarked
	// AllowMedia are the hosts that the calls may go to in addition to the invite's.
	AllowMedia []string
	Transport  *http.Transport // nil: the environment's proxy
	Ticket     string          // of a Busy before: keeps the place in the responder's queue
}

// request is what the responder is asked for.
func (s Settings) request() (wire.Request, error) {
	codec, ok := emodel.FindCodec(cmp.Or(s.Codec, emodel.Basis))
	if !ok {
		return wire.Request{}, emodel.UnknownCodec(s.Codec)
	}
	r := wire.Request{
		Version: wire.Version, Codec: codec.Name, Ptime: stream.PacketTime, Payload: codec.PayloadBytes(stream.PacketTime), Type: codec.PayloadType,
		Rate: int(codec.ClockRate), Duration: s.Duration, Calls: s.Calls, DSCP: s.DSCP, Ticket: s.Ticket,
	}
	if r.Duration == 0 {
		r.Duration = defaultDuration
	}
	if r.Calls == 0 {
		r.Calls = 1
	}
	switch {
	case r.Duration < r.Ptime:
		return r, fmt.Errorf("a call of %v is shorter than one packet of %v", r.Duration, r.Ptime)
	case r.Calls < 0 || r.Calls > mostCalls:
		return r, fmt.Errorf("%d calls: give 1 to %d", r.Calls, mostCalls)
	case r.Duration > mostDuration:
		return r, fmt.Errorf("a call of %v: give %v at most", r.Duration, mostDuration)
	case r.DSCP < 0 || r.DSCP > 63:
		return r, fmt.Errorf("DSCP %d: give 0 to 63", r.DSCP)
	}
	return r, nil
}

// A Session is an open control connection to a responder that granted calls.
type Session struct {
	client  *control.Client
	request wire.Request
}

// Open asks the responder of an invite for a session.
func Open(ctx context.Context, to invite.Invite, s Settings) (*Session, error) {
	request, err := s.request()
	if err != nil {
		return nil, err
	}
	client, err := control.Open(ctx, to, request, s.Transport)
	if err != nil {
		return nil, err
	}
	if host := client.Elsewhere(); host != "" && !slices.ContainsFunc(s.AllowMedia, func(a string) bool { return sameHost(a, host) }) {
		_ = client.Close() // the responder drops it anyway
		return nil, fmt.Errorf("%w: it wants the calls to go to another host, %s, instead of its own; if you know that host and agree, add --allow-media %s",
			ErrElsewhere, client.Grant().Media, host)
	}
	return &Session{client: client, request: request}, nil
}

// sameHost compares two names or addresses.
func sameHost(a, b string) bool {
	x, err := netip.ParseAddr(strings.Trim(a, "[]"))
	y, err2 := netip.ParseAddr(b)
	if err == nil && err2 == nil {
		return x.Unmap() == y.Unmap()
	}
	return strings.EqualFold(strings.TrimSuffix(a, "."), strings.TrimSuffix(b, "."))
}

// Control is the session's connection, for the port checks and the bandwidth.
func (s *Session) Control() *control.Client { return s.client }

// Duration is the length of a call that the responder granted.
func (s *Session) Duration() time.Duration { return s.granted().Duration }

// granted is the request as far as it was granted.
func (s *Session) granted() wire.Request {
	r := s.request
	if d := s.client.Grant().Duration; d > 0 && d < r.Duration {
		r.Duration = d
	}
	return r
}

// Close ends the session.
func (s *Session) Close() error { return s.client.Close() }

// A Plan says how to place the calls.
type Plan struct {
	Live func(Live) // called once a second; nil: not needed
	// Enough is asked now and then with what is known so far: true ends the calls,
	// which are then complete. Nil: they last as long as was granted.
	Enough func(*Outcome) bool
}

// Run places the granted calls, all at once, and waits for their end: two
// seconds after the last packet was due. When ctx ends they end early, and the
// outcome says so. An error means that no call could be placed at all.
func (s *Session) Run(ctx context.Context, p Plan) (*Outcome, error) {
	grant := s.client.Grant()
	if len(grant.Calls) == 0 {
		return nil, errors.New("placing the call: the responder granted no call; ask its operator for its limits")
	}
	media, err := s.client.Media()
	if err != nil {
		return nil, fmt.Errorf("placing the call: %w", err)
	}
	c := &calls{
		link: s.client, request: s.granted(), grant: grant, live: p.Live, enough: p.Enough, sameHost: s.client.IsMediaOwn(),
		dial: func(ctx context.Context) (stamp.PacketConn, error) {
			to, err := dial.Addresses(ctx, nil, media)
			if err != nil {
				return nil, err
			}
			return stamp.Dial(ctx, to[0].String())
		},
	}
	return c.run(ctx)
}
