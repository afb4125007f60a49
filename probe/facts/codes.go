package facts

// Codes of what was not measured, beside the reason in words: what depends on
// a reason depends on its code.
const (
	CodeNotAsked    = "not_asked"             // left out by --only or --no-bandwidth
	CodeNoResponder = "no_responder"          // the region has none, and none was named
	CodeUnreachable = "responder_unreachable" // one was named and could not be used
	CodeBusy        = "responder_busy"        // it is full, by its own word
	CodeRelay       = "turn_server"           // calls go through a TURN server, which cannot answer for it
	CodeNoRelay     = "turn_unusable"         // a TURN server was named and gave no relay
	CodeTogether    = "both_ways_together"    // it is known of both ways together, in voice.loop
	CodeRefused     = "responder_refused"     // it was asked for more than it ever grants
	CodeStopped     = "stopped"               // the run ended before
	Online          = "online"                // what connectivity says where nothing is wrong
	CodeOffline     = "offline"               // this computer has no network
	CodeProxyOnly   = "proxy_only"            // only a proxy leads out
	CodeDNSDead     = "dns_dead"              // no name can be resolved
)

// Codes of what makes the figures of a direction unreliable.
const (
	UnreliableResponder = "responder_busy" // the responder's own socket dropped packets
	UnreliableRelay     = "relay_stalled"  // the leg that loses nothing stood still, and the TURN server may have dropped packets
	UnreliablePC        = "pc_busy"        // this computer did: its socket dropped packets, or it sent late
)

// Reasons of a PortRow that failed.
const (
	ReasonRefused     = "refused"             // a TCP reset, or ICMP port or protocol unreachable
	ReasonProhibited  = "prohibited"          // ICMP: administratively prohibited; or this machine's own firewall
	ReasonUnreachable = "unreachable"         // ICMP: no way to the network or host; or no route
	ReasonNoReply     = "no_reply"            // silence, after at least five spaced tries
	ReasonDNS         = "dns"                 // the name could not be resolved
	ReasonTLS         = "tls"                 // the TLS handshake failed
	ReasonIntercepted = "intercepted"         // somebody in between answers TCP or TLS in the service's place
	ReasonHijacked    = "hijacked"            // an answer came, and not from whom it was asked
	ReasonResetAfter  = "reset_after_connect" // accepted, then cut
	ReasonProtocol    = "protocol"            // an answer that does not follow this protocol
	ReasonPartly      = "partly_open"         // some ports of a range, not all
)

// Reasons of a PortRow that was not measured; connectivity's codes too.
const (
	ReasonNoResponder = "no_responder"   // nothing there that could answer
	ReasonNotServed   = "not_served"     // the responder does not serve this port
	ReasonPCBusy      = "busy"           // this machine stood still while the answer was due
	ReasonFarBusy     = "responder_busy" // the responder said itself that it was too full to answer
	ReasonStopped     = "stopped"        // the run was stopped before the verdict
	ReasonUnknown     = "unknown"        // no such protocol, or a malformed check
)

// Who said no, in a PortRow.
const (
	ByThisMachine = "this_machine" // its own firewall or security software
	ByPath        = "in_between"   // a firewall or router on the way
	ByFarEnd      = "far_end"      // the host that was asked
)

// Codes of a DNSAnswer.
const (
	DNSNoSuchName   = "no_such_name"
	DNSNoReply      = "no_reply"
	DNSError        = "error"
	DNSHijacked     = "hijacked"      // what this resolver answers for every name
	DNSBlocked      = "blocked"       // an address that no service can have
	DNSSplitHorizon = "split_horizon" // an address of a private network: as often meant as not
	DNSInvents      = "invents"       // an answer for a name that cannot exist
)

// Mappings of a NAT, by RFC 4787 4.1.
const (
	MappingNone                    = "none"                       // no translation
	MappingEndpointIndependent     = "endpoint_independent"       // one public port for all destinations
	MappingAddressDependent        = "address_dependent"          // another one for each address
	MappingAddressAndPortDependent = "address_and_port_dependent" // another one for each address and port
)

// Roles of a Ping.
const (
	RoleGateway   = "gateway"
	RoleResponder = "responder"
	RoleTURN      = "turn" // the TURN server that calls go through
)

// Kinds of an Interface.
const (
	Wired    = "wired"
	Wifi     = "wifi"
	VPN      = "vpn"
	Loopback = "loopback"
	Unknown  = "unknown"
)

// Peers of a Relay.
const (
	PeerRelayed = "relayed" // from relay to relay
	PeerPublic  = "public"  // to this machine's public address, where the server forbids its own relays as peers
)

// NotAsked begins the reason of what --only or --no-bandwidth left out.
const NotAsked = "not asked for"
