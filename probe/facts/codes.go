package facts

// Values of `not_measured[].code`, where something depends on the reason; empty
// otherwise. The codes of `environment.connectivity.code` are used here too, where
// the connection of this machine is the reason.
const (
	CodeNotAsked    = "not_asked"             // left out by --only or --no-bandwidth
	CodeNoResponder = "no_responder"          // the region has no responder, and none was named
	CodeUnreachable = "responder_unreachable" // a responder was named and could not be used
	CodeBusy        = "responder_busy"        // the responder said that it is full
	CodeRelay       = "turn_server"           // calls go through a TURN server, which cannot answer such a question
	CodeNoRelay     = "turn_unusable"         // a TURN server was named and gave no relay
	CodeTogether    = "both_ways_together"    // it is known of both directions together only, in voice.loop
	CodeRefused     = "responder_refused"     // the responder was asked for more than it ever grants
	CodeStopped     = "stopped"               // the run was stopped before this was measured
	CodeFarSilent   = "far_end_silent"        // call and control connection fell silent together
	CodeAnonymous   = "anonymous"             // left out because it tells whose result it is (--anonymous)
	CodeFarEnded    = "far_end_ended"         // the responder ended the control connection during the call
	CodeNoUDPUp     = "no_udp_up"             // no UDP packet of the call reached the responder
	CodeNoUDPDown   = "no_udp_down"           // no UDP answer of the responder reached this machine
)

// Values of `environment.connectivity.code`. All but `online` are also the reason
// of whatever could not be measured because of it.
const (
	Online        = "online"     // hosts outside this machine can be reached
	CodeOffline   = "offline"    // this machine has no network
	CodeProxyOnly = "proxy_only" // only a proxy leads out
	CodeDNSDead   = "dns_dead"   // no name can be resolved
)

// Values of `voice.up.unreliable[].code`, `voice.down.unreliable[].code`.
const (
	UnreliableResponder = "responder_busy" // the responder's socket dropped packets, or it sent late
	UnreliableRelay     = "relay_stalled"  // the leg over TCP stopped for more than a second, so the TURN server may have dropped packets
	UnreliablePC        = "pc_busy"        // this machine's socket dropped packets, or it sent late
)

// Values of `firewall[].reason`, where the row failed. What to do about each:
// firewall.md.
const (
	ReasonRefused     = "refused"             // a TCP reset, or ICMP port or protocol unreachable
	ReasonProhibited  = "prohibited"          // ICMP administratively prohibited, or this machine's own firewall forbids it
	ReasonUnreachable = "unreachable"         // ICMP network or host unreachable, or no route
	ReasonNoReply     = "no_reply"            // no answer to at least five spaced tries
	ReasonDNS         = "dns"                 // the name could not be resolved
	ReasonTLS         = "tls"                 // the TLS handshake failed
	ReasonIntercepted = "intercepted"         // a proxy or firewall answers TCP or TLS in place of the service
	ReasonHijacked    = "hijacked"            // an answer came from somebody else than the host that was asked
	ReasonResetAfter  = "reset_after_connect" // the connection was accepted and then reset
	ReasonProtocol    = "protocol"            // an answer that does not follow the protocol
	ReasonPartly      = "partly_open"         // some ports of a range, not all
)

// Values of `firewall[].reason`, where the row was not measured. The codes of
// `environment.connectivity.code` and `responder_unreachable` are used here too.
const (
	ReasonNoResponder = "no_responder"   // there is no responder to answer
	ReasonNotServed   = "not_served"     // the responder does not serve this port
	ReasonPCBusy      = "busy"           // this machine did not run while it waited for the answer
	ReasonFarBusy     = "responder_busy" // the responder said that it had no capacity to answer
	ReasonProxyAuth   = "proxy_auth"     // the proxy wants a log-in that only a browser can give
	ReasonStopped     = "stopped"        // the run was stopped before the verdict
	ReasonUnknown     = "unknown"        // no such protocol, or a malformed check
)

// Values of `firewall[].by`: who refused.
const (
	ByThisMachine = "this_machine" // its own firewall or security software
	ByPath        = "in_between"   // a firewall or router on the path
	ByFarEnd      = "far_end"      // the host that was asked
)

// Values of `environment.dns[].code`.
const (
	DNSNoSuchName   = "no_such_name"  // the resolver says that there is no such name
	DNSNoReply      = "no_reply"      // the resolver did not answer in time
	DNSError        = "error"         // another error; the reason has the system's words
	DNSHijacked     = "hijacked"      // the same address that this resolver answers for every name
	DNSBlocked      = "blocked"       // an address that no service can have, such as 0.0.0.0
	DNSSplitHorizon = "split_horizon" // an address of a private network, which is often on purpose
	DNSInvents      = "invents"       // an address for a name that cannot exist
)

// Values of `nat.mapping` (RFC 4787 4.1); empty: not measured.
const (
	MappingNone                    = "none"                       // no translation
	MappingEndpointIndependent     = "endpoint_independent"       // one public port for all destinations
	MappingAddressDependent        = "address_dependent"          // another one for each address
	MappingAddressAndPortDependent = "address_and_port_dependent" // another one for each address and port
)

// Values of `ping[].role`.
const (
	RoleGateway   = "gateway"   // the default gateway
	RoleResponder = "responder" // the host of the responder
	RoleTURN      = "turn"      // the TURN server that calls go through
)

// Values of `machine.interface.kind`.
const (
	Wired    = "wired"    // a cable
	Wifi     = "wifi"     // wireless LAN
	VPN      = "vpn"      // a tunnel
	Loopback = "loopback" // the call stayed within this machine
	Unknown  = "unknown"  // the system does not tell
)

// Values of `voice.relay.peer`.
const (
	PeerRelayed = "relayed" // from relay to relay
	PeerPublic  = "public"  // to this machine's public address, where the server forbids its own relays as peers
)

// LeftOut is written in place of what --anonymous does not name: a proxy, an address.
const LeftOut = "left out"

// HostResponder is the host of a row that asks the responder of the region.
const HostResponder = "responder"

// HostResolver is the host of a row that asks the DNS resolver that this machine is set
// up with.
const HostResolver = "resolver"

// NotAsked is the start of the reason of everything that --only or --no-bandwidth left
// out.
const NotAsked = "not asked for"

// CallNeverSent is the reason of what a call without a packet cannot tell.
const CallNeverSent = "the call ended before its first packet was sent"

// CallStopped is why a call is incomplete.
const CallStopped = "the run was stopped before the call was over"

// NothingBetween is the reason of what is known of routers only.
const NothingBetween = "the far end is this computer: there is nothing in between"
