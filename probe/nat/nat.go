// Package nat finds out how the address translation between this machine and the
// responder affects a call, and says it in plain words.
package nat

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/dial"
)

// A STUN server tells what address it sees.
type STUN struct {
	Address string // host:port
	Nonce   string // of the session, where the responder runs it
}

// Options say which places to ask. The mapping needs at least two of them.
type Options struct {
	Nonce string   // of the session
	Knock []string // host:port of the responder's UDP ports that answer knocks: the media port, opened ones
	STUN  []STUN
	SIP   string        // host:port of the responder's UDP port for SIP; "": none
	Limit time.Duration // 0: defaultLimit
}

// defaultLimit leaves room for six tries.
const defaultLimit = 7 * time.Second

// A Result holds what was found. nil and "" mean not measured, and Reason says why.
type Result struct {
	facts.NAT
	SIPReason     string           // why SIPALG is nil, "" where it was not tried
	SilenceReason string           // why Survives30s is nil
	Own           []netip.AddrPort // what each place saw this machine with
}

// Run asks all places from one socket and compares what they saw. It takes one
// round trip where nothing is lost.
func Run(ctx context.Context, o Options) Result {
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	ctx, cancel := context.WithTimeout(ctx, o.Limit)
	defer cancel()
	var r Result
	var wg sync.WaitGroup
	wg.Go(func() { r.SIPALG, r.SIPReason = rewritten(ctx, o) })
	r.mapping(ctx, o)
	wg.Wait()
	r.Explain()
	return r
}

func (r *Result) mapping(ctx context.Context, o Options) {
	places, err := o.places(ctx)
	if err != nil {
		r.Reason = err.Error()
		return
	}
	seen, local, err := observe(ctx, places)
	if err != nil {
		r.Reason = err.Error()
		return
	}
	r.LocalAddress = local.String()
	for _, s := range seen {
		r.Own = append(r.Own, s.mapped)
	}
	if len(seen) == 0 {
		r.Reason = "no answer over UDP that says what address the far end sees"
		return
	}
	first := seen[0].mapped
	behind := first != local
	kept := first.Port() == local.Port()
	r.PublicAddress, r.Behind, r.PortKept = first.String(), &behind, &kept
	r.Mapping, r.Reason = judge(local, seen)
}

// seen is what one place saw.
type seen struct{ place, mapped netip.AddrPort }

// judge finds the kind of mapping from the addresses that several places saw of one
// socket (RFC 5780 4.3).
func judge(local netip.AddrPort, all []seen) (mapping, reason string) {
	samePort, sameAddress := true, true // of the mapping, where only the destination's port or address differs
	ports, addresses, translated := false, false, false
	for i, a := range all {
		translated = translated || a.mapped != local
		for _, b := range all[:i] {
			switch {
			case a.place.Addr() != b.place.Addr():
				addresses = true
				sameAddress = sameAddress && a.mapped == b.mapped
			case a.place.Port() != b.place.Port():
				ports = true
				samePort = samePort && a.mapped == b.mapped
			}
		}
	}
	switch {
	case !translated:
		return facts.MappingNone, ""
	case !ports && !addresses:
		return "", "the mapping needs two places that answer, and one did"
	case ports && !samePort:
		return facts.MappingAddressAndPortDependent, ""
	case addresses && !sameAddress && ports:
		return facts.MappingAddressDependent, ""
	case addresses && !sameAddress:
		return facts.MappingAddressDependent, "at least; whether it depends on the port too was not measured"
	case !addresses:
		return facts.MappingEndpointIndependent, "towards two ports of one address; a second address was not there to ask"
	default:
		return facts.MappingEndpointIndependent, ""
	}
}

// Explain writes the two sentences. Call it again once Survives30s is known.
func (r *Result) Explain() {
	r.ForUser, r.ForNetwork = "", ""
	switch r.Mapping {
	case facts.MappingNone:
		r.ForUser = "Nothing translates this machine's address on the path to the region; calls can go directly."
		r.ForNetwork = fmt.Sprintf("No NAT between %s and the far end.", r.LocalAddress)
	case facts.MappingEndpointIndependent:
		r.ForUser = "Your router translates addresses in the way that calls need."
		r.ForNetwork = fmt.Sprintf("NAT %s -> %s maps endpoint-independently, as it should (RFC 4787 REQ-1).", r.LocalAddress, r.PublicAddress)
	case facts.MappingAddressDependent, facts.MappingAddressAndPortDependent:
		r.ForUser = "Your router gives each destination another public port, so calls must take a detour through a relay, which makes them slower."
		r.ForNetwork = fmt.Sprintf("NAT %s -> %s maps per destination (symmetric): configure endpoint-independent mapping for UDP (RFC 4787 REQ-1).", r.LocalAddress, r.PublicAddress)
	default:
		r.ForUser = "How your router translates addresses could not be measured."
		r.ForNetwork = "NAT not measured: " + r.Reason + "."
	}
	if r.Survives30s != nil && !*r.Survives30s {
		r.ForUser += " The path back closes within 30 seconds of silence, so a call on hold can lose its sound."
		r.ForNetwork += " Raise the UDP mapping time-out above 30 s; RFC 4787 REQ-5 asks for two minutes or more."
	}
	if r.SIPALG != nil && *r.SIPALG {
		r.ForUser += " Something on the path rewrites phone messages (SIP), which breaks calls of SIP phones."
		r.ForNetwork += " Switch the SIP ALG (SIP helper, SIP inspection) off."
	}
}

// resolve looks a host:port up, IPv4 before IPv6: address translation is used with
// IPv4.
func resolve(ctx context.Context, address string) (netip.AddrPort, error) {
	all, err := dial.Addresses(ctx, nil, address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return all[0], nil
}
