package facts

import "net/netip"

// Path is what answered on the path to the far end during the call.
type Path struct {
	// How the hops were asked; empty: they were not.
	Method string `json:"method"`
	Target string `json:"target"` // `ip:port` that the questions were addressed to: where the call went
	// Whether the packets of the call pass a gateway; empty: not known.
	Via  string `json:"via"`
	Hops []Hop  `json:"hops"` // the nearest first; those that never answered have no address
	// TTL of the farthest hop that packets reached with the call's mark (DSCP).
	// Null: no hop told; `mark_reason` says why.
	MarkKeptTo *int `json:"mark_kept_to"`
	// TTL of the nearest hop that packets reached without their mark: it was cleared
	// between here and the hop before. Null: none is known; `mark_reason` says why.
	MarkLostAt *int `json:"mark_lost_at"`
	// The same of ECN, which no call needs: the TTL of the nearest hop that packets
	// reached without it. Null: as `mark_lost_at`.
	ECNLostAt  *int   `json:"ecn_lost_at"`
	MarkReason string `json:"mark_reason"` // why a figure of the marks is missing
	MTU        MTU    `json:"mtu"`         // the largest packet that gets through
	Code       string `json:"code"`        // why no hop was asked, as a code; empty: they were
	Reason     string `json:"reason"`      // the same as a sentence
}

// Values of `path.via`.
const (
	ViaDirect  = "direct"  // none: the far end is in a network of this machine's own interface
	ViaGateway = "gateway" // they do: the far end is in no such network
)

// Values of `path.method`, `path.hops[].method`.
const (
	MethodUDP  = "udp"  // UDP packets like the call's, with a TTL that ends at the hop
	MethodICMP = "icmp" // ICMP echo requests with a TTL that ends at the hop
	MethodEcho = "echo" // ICMP echo requests to the hop's own address
)

// Values of `path.code`.
const (
	PathLoopback    = "loopback"    // the far end is this machine
	PathUnsupported = "unsupported" // this system lets no ordinary program ask the hops
	PathDenied      = "denied"      // the system refused it, though such systems usually allow it
	PathSilent      = "silent"      // no hop answered
	PathNoCall      = "no_call"     // the run ended before a call began
)

// Values of `path.hops[].role`.
const (
	HopGateway = "gateway" // the default gateway: everything before it is the LAN
	HopBeyond  = "beyond"  // the first hop behind the gateway that answers: usually the far end of the access line
	HopFarEnd  = "far_end" // the host that the call went to
)

// Values of `path.hops[].scope`.
const (
	ScopePrivate = "private" // of a private network (RFC 1918, RFC 4193): a company's, a home's or a provider's
	ScopeShared  = "shared"  // between a provider's NAT and its customers (RFC 6598)
	ScopePublic  = "public"  // any other
)

// ScopeOf says where an address lies.
func ScopeOf(a netip.Addr) string {
	switch a = a.Unmap(); {
	case a.IsPrivate():
		return ScopePrivate
	case a.Is4() && a.As4()[0] == 100 && a.As4()[1]&0xC0 == 64: // 100.64.0.0/10
		return ScopeShared
	}
	return ScopePublic
}

// Hop is one router on the path. A router may answer late or not at all for itself and
// still forward everything else: its silence proves nothing, its answers do.
type Hop struct {
	TTL     int    `json:"ttl"`     // its place on the path; the first is 1
	Address string `json:"address"` // IP address that it answers from; empty: it never answered
	// With --anonymous, in place of the address: what kind it is of. Left out otherwise.
	Scope string `json:"scope,omitempty"`
	Role  string `json:"role"` // what it is on this path; empty: nothing special
	// How it was asked during the call; empty: only at its beginning, to find the path.
	Method   string `json:"method"`
	Sent     int    `json:"sent"`     // questions
	Answered int    `json:"answered"` // those with an answer
	Late     int    `json:"late"`     // answers that took longer than the fastest by more than the jitter buffer
	// The most answers a second that the hop gives: what it leaves unanswered beyond
	// these is not loss. Left out: no such limit was seen.
	LimitPerS *float64 `json:"limit_per_s,omitempty"`
	// Questions of the call's own kind where the others tell more, and no limit of the hop's
	// own explains those without an answer. Left out: these are counted above, or none was answered.
	OwnSent     int      `json:"own_sent,omitempty"`
	OwnAnswered int      `json:"own_answered,omitempty"` // those of them with an answer
	MinMS       *float64 `json:"min_ms"`                 // smallest round trip. Null: it never answered
	AvgMS       *float64 `json:"avg_ms"`                 // mean. Null: as `min_ms`
	P95MS       *float64 `json:"p95_ms"`                 // 95th percentile. Null: as `min_ms`
	// DSCP that a packet marked as the call's had when it reached the hop. Null: the
	// answer does not tell.
	DSCP *int `json:"dscp"`
}

// Values of `path.mtu.code`.
const (
	MTUFine    = "fine"       // packets as large as the interface's pass, or a router reports what passes
	MTUHole    = "black_hole" // larger packets are lost and no router reports it, so that their sender waits for ever
	MTUUnknown = "unknown"    // not measured; the reason says why
)

// MTU is the largest packet that reaches the far end in one piece, headers included:
// measured with packets that no router may fragment (DF) and that the far end answers.
type MTU struct {
	Bytes  *int   `json:"bytes"`  // the largest that was answered, at most the interface's. Null: `reason` says why
	Told   *int   `json:"told"`   // the largest that a router reported (ICMP). Null: no router did
	Code   string `json:"code"`   // what it means
	Reason string `json:"reason"` // why it was not measured
}

// HopSecond is how the first hop behind the gateway answered in one second of the call:
// it distinguishes a bad access line from what lies behind it.
type HopSecond struct {
	Asked    int      `json:"asked"`    // questions sent in this second
	Answered int      `json:"answered"` // those with an answer
	Late     int      `json:"late"`     // answers that took longer than the fastest of all by more than the jitter buffer
	AvgMS    *float64 `json:"avg_ms"`   // mean round trip. Null: none was answered
}
