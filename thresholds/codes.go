package thresholds

// Values of `findings[].what`, beside those of the measures. Those of one
// direction end in _up or _down.
const (
	WhatPort          = "port"            // a row of the firewall column; its name is in `row`
	WhatIncomplete    = "incomplete"      // the run ended before its time
	WhatCause         = "cause"           // where the fault most likely lies
	WhatRegion        = "other_region"    // the responder is in another region than the run
	WhatConnectivity  = "connectivity"    // how this machine is connected
	WhatPortal        = "captive_portal"  // a captive portal answers in place of web pages
	WhatProxy         = "proxy"           // this machine is set up with a proxy
	WhatDNS           = "dns"             // answers of the resolver that cannot be right
	WhatNAT           = "nat"             // an address translation that harms calls, or NAT was asked for and not measured
	WhatPing          = "ping"            // ping was asked for and not measured
	WhatBandwidth     = "bandwidth"       // bandwidth was asked for and not measured
	WhatWifi          = "wifi"            // a weak Wi-Fi signal
	WhatECN           = "ecn"             // ECN is cleared on the way up
	WhatUnderLoad     = "under_load"      // the call on a full line; with _up or _down: that way of it was filled
	WhatCPU           = "cpu"             // a busy machine
	WhatLateness      = "send_lateness"   // this machine sent packets late
	WhatPathChange    = "path_change"     // the path changed during the call
	WhatJitterMax     = "jitter_max_"     // a high maximum of the jitter under a good mean
	WhatSocketDropped = "socket_dropped_" // packets that the receiver's own socket dropped
	WhatDuplicates    = "duplicates_"     // many packets arrived more than once
	WhatShift         = "shift_"          // a lasting change of the path's delay
	WhatDSCP          = "dscp_"           // packets arrived with another DSCP than was asked for
	WhatCall          = "call_"           // prefix of a measure, or alone with a direction: of another call than the reported one
)
