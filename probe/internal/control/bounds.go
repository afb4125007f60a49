package control

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"netready/probe/internal/dial"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// ErrGrant says that a responder granted more than was asked for, or what no responder
// grants. Whoever made the invite may want this machine to attack others, so nothing of
// such a grant is used.
var ErrGrant = errors.New("the responder granted what was not asked for, so no call was placed: ask whoever gave you the invite")

// Bounds of a grant that do not depend on what was asked.
const (
	// mostListeners is far more than the ports of "standard", each once for
	// every protocol that it speaks, on two addresses.
	mostListeners = 256
	mostName      = 64  // of a session, a user, a key
	mostWords     = 400 // of any text that is shown
)

// checkGrant says what of a grant goes beyond what was asked, and cleans its texts.
func checkGrant(r wire.Request, g *wire.Grant) error {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%w (%s)", ErrGrant, fmt.Sprintf(format, args...))
	}
	nonce, err := hex.DecodeString(g.Nonce)
	switch {
	case !isName(g.Session):
		return refuse("its session has an impossible name")
	case g.Duration != 0 && (g.Duration < r.Ptime || g.Duration > r.Duration): // 0: as asked
		return refuse("a call of %v, where %v was asked for", g.Duration, r.Duration)
	case len(g.Calls) > r.Calls:
		return refuse("%d calls, where %d were asked for", len(g.Calls), r.Calls)
	case len(g.Ports) > mostListeners || len(g.STUN) > mostListeners:
		return refuse("%d ports to try", max(len(g.Ports), len(g.STUN)))
	case err != nil || len(nonce) > mostName:
		return refuse("its key for the firewall checks is impossible")
	}
	for i, c := range g.Calls {
		if !isName(c.Username) || c.Password == "" || len(c.Password) > mostName || len(c.Key) < 16 || len(c.Key) > mostName {
			return refuse("the keys of call %d are impossible", i+1)
		}
	}
	for _, l := range g.Ports {
		if l.Port < 1 || l.Port > 65535 || !isName(l.Protocol) {
			return refuse("port %d to try", l.Port)
		}
	}
	if g.Results != nil {
		g.Results.Org = wire.Printable(g.Results.Org, mostWords)
	}
	g.Responder, g.Region, g.Observed = wire.Printable(g.Responder, mostWords), wire.Printable(g.Region, mostName), wire.Printable(g.Observed, mostName)
	return nil
}

// isName says whether a word consists of base64url's letters and has a possible length.
func isName(s string) bool {
	return s != "" && len(s) <= mostName && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// checkPorts says whether only ports that were asked for are open, and cleans the
// reasons of the others.
func checkPorts(r wire.PortsRequest, g *wire.PortsGrant) error {
	for _, port := range g.Open {
		if !slices.Contains(r.Ports, port) {
			return fmt.Errorf("asking the responder for ports: it names port %d, which was not asked for; none of its ports is tried", port)
		}
	}
	if len(g.Open) > len(r.Ports) || len(g.Failed) > len(r.Ports) {
		return errors.New("asking the responder for ports: it names more than were asked for; none of its ports is tried")
	}
	for port, why := range g.Failed {
		g.Failed[port] = wire.Printable(why, mostWords)
	}
	return nil
}

// An allowance is how much of a trace may still come; it follows from what was asked
// for.
type allowance struct{ lines, bytes int }

// lingers is how long a session may last beyond its call: ports before it, bandwidth
// and the silence of a NAT after. Its responder ends it sooner.
const lingers = 5 * time.Minute

// traceOf bounds the trace of a session: a line for each call once a second,
// and four times that; in base64, each record in as many bytes as it can take.
func traceOf(r wire.Request, g wire.Grant) allowance {
	const arrival, departure, rest = 3*10 + 2, 2 * 10, 4 << 10
	packets := int(r.Duration/max(r.Ptime, time.Millisecond)) + 1
	calls := max(1, len(g.Calls))
	seconds := int((r.Duration + lingers) / time.Second)
	lines := 4 * (seconds*calls + 1)
	records := stream.MostCopies(packets)*arrival + packets*departure
	return allowance{lines: lines, bytes: 4*records/3*calls + lines*rest}
}

// take counts a line, and says whether it may still come.
func (t *allowance) take(line []byte) bool {
	t.lines--
	t.bytes -= len(line)
	return t.lines >= 0 && t.bytes >= 0
}

// cleaned is an event whose texts may be shown.
func cleaned(e wire.Event) wire.Event {
	for _, text := range []*string{&e.Proved, &e.NoDSCP, &e.NotSet, &e.Ended, &e.Closed} {
		*text = wire.Printable(*text, mostWords)
	}
	return e
}

// settleMedia finds where the media goes to, and whether that is another host than the
// control connection's. If it is the same host, the control connection's own address is
// used: a name may have others.
func (c *Client) settleMedia(ctx context.Context) error {
	if c.grant.Media == "" && len(c.grant.Calls) == 0 {
		return nil // nothing is sent
	}
	host, port, err := net.SplitHostPort(c.grant.Media)
	if err != nil || port == "0" {
		return fmt.Errorf("%w (its media address, %q, is impossible)", ErrGrant, wire.Printable(c.grant.Media, mostName))
	}
	if strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("%w (its media host, %q, is impossible)", ErrGrant, wire.Printable(host, mostName))
	}
	own := host == ""
	if !own {
		if own, err = c.isOwn(ctx, host); err != nil {
			return fmt.Errorf("%w: looking up %s, where it wants the calls to go, to see whether that is the same host: %w; ask the network team why its DNS resolver does not answer that",
				ErrUnreachable, host, err)
		}
	}
	switch {
	case own && c.proxy != nil && isAddress(host):
		// Of several replicas with this name, it is the one that granted; through a proxy
		// it is not known which one that is.
		return nil
	case own:
		c.grant.Media = net.JoinHostPort("", port)
		return nil
	}
	c.elsewhere = host
	return nil
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// isOwn says whether a host of the grant is the one that the control connection
// goes to: by the name of the invite, or by all of its addresses. A resolver that does not
// answer leaves it open; one that knows no such name does not.
func (c *Client) isOwn(ctx context.Context, host string) (bool, error) {
	invited, port, err := net.SplitHostPort(c.invite.Host)
	if err != nil {
		return false, nil //nolint:nilerr // a host that is not known is another one
	}
	if strings.EqualFold(strings.TrimSuffix(host, "."), strings.TrimSuffix(invited, ".")) {
		return true, nil
	}
	own := []netip.Addr{c.Remote().Addr()}
	if c.proxy != nil {
		if own, err = addressesOf(ctx, net.JoinHostPort(invited, port)); err != nil {
			return false, nil //nolint:nilerr // where only a proxy leads out, names often cannot be looked up
		}
	}
	media, err := addressesOf(ctx, net.JoinHostPort(host, port))
	if err != nil {
		if dial.NotFound(err) {
			err = nil
		}
		return false, err
	}
	for _, a := range media {
		if !slices.Contains(own, a) {
			return false, nil
		}
	}
	return len(media) > 0, nil
}

func addressesOf(ctx context.Context, hostport string) (all []netip.Addr, err error) {
	found, err := dial.Addresses(ctx, nil, hostport)
	for _, a := range found {
		all = append(all, a.Addr().Unmap())
	}
	return all, err
}

// Elsewhere is the host that the media would go to, if it is not the control
// connection's; "" if it is.
func (c *Client) Elsewhere() string { return c.elsewhere }
