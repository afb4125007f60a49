package probe

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"netready/probe/ice"
	"netready/probe/invite"
	"netready/probe/port"
	"netready/probe/regions"
)

// tryPorts fills the firewall column. Checks that need the responder wait for
// the session, the others do not.
func (r *run) tryPorts(ctx context.Context, ready <-chan struct{}, began time.Time) []port.Row {
	column := r.column(r.plan.Features)
	done := func(row port.Row) { r.track.row(r.unreachable(row.PortRow), time.Since(began)) }
	options := port.Options{Samples: r.plan.RangeSamples, Done: done, Paths: &port.Paths{}}
	if options.Samples == 0 {
		options.Samples = port.OnlyEnds
	}
	var early, late []regions.Check
	for _, c := range column {
		if len(r.plan.TURN) > 0 && c.NeedsResponder() {
			continue // calls do not go that way
		}
		if c.NeedsResponder() || r.isResponder(c.Host) {
			late = append(late, c)
		} else {
			early = append(early, c)
		}
	}
	var first, second []port.Row
	var wg sync.WaitGroup
	wg.Go(func() { first = port.Run(ctx, early, options) })
	wg.Go(func() {
		<-ready
		withSession := options // the early checks read the other copy meanwhile
		withSession.Session = r.portSession()
		r.clockControl(ctx, options.Paths)
		second = port.Run(ctx, append(late, r.turnChecks()...), withSession)
	})
	wg.Wait()
	return inOrder(column, append(first, second...))
}

// turnChecks are the ways to the TURN server that the calls go through, each with a
// relay and an echo through it. DTLS has no row: a server that offers it also offers
// UDP on the same port.
func (r *run) turnChecks() []regions.Check {
	var checks []regions.Check
	for _, s := range r.plan.TURN {
		for _, u := range s.URIs {
			c := regions.Check{Host: u.Host, Port: u.Port, Required: true, Username: s.Username, Password: s.Password}
			switch {
			case r.relay != nil && u.Host != r.relay.Host(), r.relay == nil && u.Host != r.plan.TURN[0].URIs[0].Host:
				continue // another server than the one that is used
			case u.Secure && u.Transport == ice.UDP:
				continue
			case u.Secure:
				c.Name, c.Protocol = fmt.Sprintf("TURN over TLS %d", u.Port), "turn-tls"
			case u.Transport == ice.TCP:
				c.Name, c.Protocol = fmt.Sprintf("TURN over TCP %d", u.Port), "turn-tcp"
			default:
				c.Name, c.Protocol = fmt.Sprintf("TURN over UDP %d", u.Port), "turn"
			}
			if !slices.ContainsFunc(checks, func(known regions.Check) bool { return known.Name == c.Name }) {
				checks = append(checks, c)
			}
		}
	}
	return checks
}

// column is the rows to try. Where no responder says which region it is in, the rows
// that need no responder are still tried; but with a responder on this computer,
// nothing outside is asked.
func (r *run) column(features []string) []regions.Check {
	if r.nowhere {
		return r.plan.Regions.ColumnOfNowhere(features)
	}
	return r.plan.Regions.Column(r.plan.Region, features)
}

// isResponder says whether a host is one of the responders in the plan: a row with
// its address waits for the session too, to prove who answers.
func (r *run) isResponder(host string) bool {
	return slices.ContainsFunc(r.responders(), func(i invite.Invite) bool {
		name, _, err := net.SplitHostPort(i.Host)
		return err == nil && strings.EqualFold(name, host)
	})
}

// clockControl measures a round trip of the control connection: where every other port
// is closed, only that shows how long an answer may take.
func (r *run) clockControl(ctx context.Context, paths *port.Paths) {
	if r.session == nil || r.session.Control().ViaProxy() != "" {
		return
	}
	const most = 500 * time.Millisecond // a slower path is given all the time there is
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	if trip, err := r.session.Control().Clock(ctx); err == nil {
		paths.Heard(r.session.Control().Remote().Addr(), trip)
	}
}

// inOrder sorts rows as the column has them.
func inOrder(column []regions.Check, rows []port.Row) []port.Row {
	place := make(map[string]int, len(column))
	for i, c := range column {
		place[c.Name] = i
	}
	slices.SortStableFunc(rows, func(a, b port.Row) int { return place[a.Name] - place[b.Name] })
	return rows
}

// portSession is what the checks need of the session, nil without one.
func (r *run) portSession() *port.Session {
	if r.session == nil {
		return nil
	}
	c := r.session.Control()
	media, err := c.Media()
	if err != nil {
		return nil
	}
	host := c.Remote().Addr().String()
	if c.ViaProxy() != "" {
		host, _, _ = net.SplitHostPort(c.Invite().Host)
	}
	grant := c.Grant()
	return &port.Session{
		Nonce: grant.Nonce, Host: host, Media: media, Listeners: grant.Ports, Open: c.OpenPorts,
		Load: c.Load, ViaProxy: c.ViaProxy() != "",
	}
}
