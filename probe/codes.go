package probe

import (
	"netready/probe/environment"
	"netready/probe/port"
)

// Codes of what was not measured, beside the reason in words: what depends on
// a reason depends on its code.
const (
	CodeNotAsked    = "not_asked"             // left out by --only or --no-bandwidth
	CodeNoResponder = port.NoResponder        // the region has none, and none was named
	CodeUnreachable = "responder_unreachable" // one was named and could not be used
	CodeBusy        = port.ResponderBusy      // it is full, by its own word
	CodeRelay       = "turn_server"           // calls go through a TURN server, which cannot answer for it
	CodeNoRelay     = "turn_unusable"         // a TURN server was named and gave no relay
	CodeTogether    = "both_ways_together"    // it is known of both ways together, in voice.loop
	CodeRefused     = "responder_refused"     // it was asked for more than it ever grants
	CodeStopped     = port.Stopped            // the run ended before
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

// Reasons of a PortRow that judgement tells apart.
const (
	ReasonRefused     = port.Refused
	ReasonProhibited  = port.Prohibited
	ReasonUnreachable = port.Unreachable
	ReasonNoReply     = port.NoReply
	ReasonDNS         = port.DNS
	ReasonTLS         = port.TLS
	ReasonIntercepted = port.Intercepted
	ReasonHijacked    = port.Hijacked
	ReasonResetAfter  = port.ResetAfter
	ReasonProtocol    = port.Protocol
	ReasonPartly      = port.Partly
	ReasonNoResponder = port.NoResponder
	ReasonNotServed   = port.NotServed
	ReasonPCBusy      = port.Busy
	ReasonStopped     = port.Stopped
	ReasonFarBusy     = port.ResponderBusy // the responder was full, by its own word
)

// Who said no, in a PortRow.
const (
	ByThisMachine = port.ByThisMachine
	ByPath        = port.ByPath
	ByFarEnd      = port.ByFarEnd
)

// Codes of a DNSAnswer.
const (
	DNSNoSuchName   = environment.NoSuchName
	DNSNoReply      = environment.NoReply
	DNSError        = environment.Failed
	DNSHijacked     = environment.Hijacked
	DNSBlocked      = environment.Blocked
	DNSSplitHorizon = environment.SplitHorizon
	DNSInvents      = environment.Invents
)
