package probe

import (
	"net/netip"
	"reflect"
	"slices"

	"netready/probe/facts"
)

// leaveOut takes this machine's name and addresses, its network's, and its user's name out
// of the result: out of their fields, and out of every sentence that repeats them. It is the
// last thing before the signature, so that files and what is sent are the same. The scrubber
// is for what is written later, nil where nothing is to be left out.
func (r *run) leaveOut() *scrubber {
	if !r.plan.Anonymous {
		return nil
	}
	s := newScrubber(&r.result, r.farEnds(), r.ownAddresses())
	for _, gap := range s.leaveOut(&r.result) {
		r.missingFor(facts.CodeAnonymous, gap, "left out, as was asked for (--anonymous)")
	}
	return s
}

// farEnds are the addresses of the responder and the TURN server, which the result names.
func (r *run) farEnds() (far []netip.Addr) {
	add := func(text string) {
		if a, ok := addressIn(text); ok {
			far = append(far, a)
		}
	}
	if r.session != nil {
		far = append(far, r.session.Control().Remote().Addr())
		if media, err := r.session.Control().Media(); err == nil {
			add(media)
		}
	}
	if r.relay != nil {
		far = append(far, r.relay.AddrPort().Addr())
	}
	for _, to := range r.responders() {
		add(to.Host)
	}
	for _, s := range r.plan.TURN {
		for _, u := range s.URIs {
			add(u.Host)
		}
	}
	return far
}

// ownAddresses are what any check saw this machine with.
func (r *run) ownAddresses() []netip.AddrPort {
	own := append(slices.Clone(r.own), r.nat.Own...)
	if r.relay != nil {
		own = append(own, r.relay.Own()...)
	}
	return own
}

// leaveOut empties the fields that tell who this is, returns their names, and cleans every
// sentence.
func (s *scrubber) leaveOut(r *facts.Result) (gaps []string) {
	gaps = clearFields(r, s)
	s.walk(reflect.ValueOf(r).Elem(), "")
	return gaps
}

// clearFields empties the fields that tell who this is, and returns their names.
func clearFields(r *facts.Result, s *scrubber) (gaps []string) {
	clearText := func(text *string, name string) {
		if *text != "" && !slices.Contains(gaps, name) {
			gaps = append(gaps, name)
		}
		*text = ""
	}
	m, n := &r.Machine, &r.NAT
	clearText(&m.Hostname, "machine.hostname")
	clearText(&m.Interface.Address, "machine.interface.address")
	clearText(&m.Interface.Gateway, "machine.interface.gateway")
	if w := m.Interface.Wifi; w != nil {
		clearText(&w.SSID, "machine.interface.wifi.ssid")
		clearText(&w.BSSID, "machine.interface.wifi.bssid")
		for i := range w.Roams {
			clearText(&w.Roams[i].From, "machine.interface.wifi.roams[].from")
			clearText(&w.Roams[i].To, "machine.interface.wifi.roams[].to")
		}
	}
	clearText(&n.PublicAddress, "nat.public_address")
	clearText(&n.LocalAddress, "nat.local_address")
	for i := range r.Voice.MappingChanges {
		clearText(&r.Voice.MappingChanges[i].From, "voice.mapping_changes[].from")
		clearText(&r.Voice.MappingChanges[i].To, "voice.mapping_changes[].to")
	}
	for i := range r.Ping {
		if r.Ping[i].Role == facts.RoleGateway {
			clearText(&r.Ping[i].Target, "ping[].target")
		}
	}
	clearHops(r.Path.Hops, func(address *string) { clearText(address, "path.hops[].address") })
	clearNetwork(r, s)
	return gaps
}

// clearHops empties the addresses of the routers, which belong to the network and its
// provider, and keeps what verdicts need of them: whether they are private ones.
func clearHops(hops []facts.Hop, clearText func(*string)) {
	for i := range hops {
		hop := &hops[i]
		a, err := netip.ParseAddr(hop.Address)
		if hop.Role == facts.HopFarEnd || err != nil {
			continue
		}
		hop.Scope = facts.ScopeOf(a)
		clearText(&hop.Address)
	}
}

// clearNetwork takes out the names of the network's own servers. That there is a proxy and
// a resolver stays.
func clearNetwork(r *facts.Result, s *scrubber) {
	proxied := func(way *string) {
		if *way != "" {
			*way = facts.LeftOut
		}
	}
	proxied(&r.Environment.Proxy)
	for i := range r.Firewall {
		row := &r.Firewall[i]
		proxied(&row.Proxy)
		if a, ok := addressIn(row.Host); ok && s.isOurs(a) {
			row.Host = facts.LeftOut
			if facts.Spoken(row.Protocol) == "dns" {
				row.Host = facts.HostResolver
			}
		}
	}
	for _, answer := range r.Environment.DNS {
		for i, text := range answer.Addresses {
			if a, err := netip.ParseAddr(text); err == nil && s.isOurs(a) {
				answer.Addresses[i] = facts.LeftOut
			}
		}
	}
}
