package thresholds

import "netready/probe/facts"

// Those to whom a finding is shown.
const (
	showNetwork  = "the network team"
	showProvider = "the provider of the access line"
	showOwner    = "whoever manages this computer"
	showFarEnd   = "whoever runs the responder"
	// The answers of a gateway do not show what it drops of that which it forwards: its
	// counters do.
	showGateway = "the network team, for the counters of the gateway, and then to the provider of the access line"
)

// Words of several rules.
const (
	whereFirewall = "the firewall or NAT"
	whereDNS      = "name resolution (DNS)"
	whereBeyond   = "the provider or the way to the region"
	unlikeAbove   = "faults of the firewall, the line and the far end that the rules above find"
)

// rules lists every rule, the specific ones before the general ones.
var rules = []rule{
	{
		Code: "self_test", Place: PlacePC, Where: "this PC", Confidence: High, general: true,
		Takes:  "the call stayed on the loopback interface",
		Advice: "The call did not leave this computer: close other programs and run it again.",
		Show:   "", of: figures(), needs: []sign{staysInside},
	},
	{
		Code: "pc_busy", Place: PlacePC, Where: "this PC", Confidence: High, general: true,
		Takes:  "it sent or received late, its processors were busy, or its own socket dropped packets; and this can make the figure bad; or the limit is kept in the seconds in which it was not busy, and its load can bend the figure",
		Unlike: "loss of packets that left in time, or that the kernel would have counted: then the network lost them, however busy this PC was; and a limit that is broken also in the seconds in which it was not busy",
		Advice: "Close other programs and run it again before anything else is changed.",
		Show:   "", of: anyOf(figures(), isHost), needs: []sign{wasBusy},
	},
	{
		Code: "interface_drops", Place: PlacePC, Where: "this PC", Confidence: Medium,
		Takes:  "the system counts as many packets that its own interface or its send buffers dropped as the call up and the pings of the gateway lost, and the gateway's pings were lost too",
		Unlike: "counters that do not change, or count fewer packets: then the packets left this PC",
		Advice: "Look for what fills or limits this computer's own network interface: an upload, a limit of rate (QoS, traffic shaping), security software, a driver, a bad cable.",
		Show:   showOwner, of: figures(Loss, MOS), needs: []sign{interfaceDropped},
	},
	{
		Code: "own_traffic", Place: PlacePC, Where: "other programs of this PC, which fill its own link", Confidence: Medium,
		Takes: "the default gateway shows the same fault as the call, and meanwhile other programs of this PC send, or receive, 80 % of a cable's speed or 40 % of the Wi-Fi's; " +
			"or at least 1 Mbit/s, and twice as much in the bad seconds as in the good ones",
		Unlike: "a full LAN, of which this PC has a small part; and traffic as heavy in the good seconds",
		Advice: "Stop what this computer itself sends and receives (a backup, a synchronisation, an update), and run it again.",
		Show:   showOwner, of: figures(), needs: []sign{pointsTo(inLAN), fillsItsLink},
	},
	{
		Code: "half_duplex", Place: PlaceLAN, Where: "this PC's own link, which runs at half duplex", Confidence: High,
		Takes:  "the interface cannot send and receive at the same time (half duplex), and the default gateway shows the same fault as the call",
		Advice: "Set this PC and its switch port to negotiate by themselves (auto), and change the cable: no modern link is half duplex on purpose.",
		Show:   showNetwork, of: figures(), needs: []sign{isHalfDuplex, pointsTo(inLAN), gatewayIsBad},
	},
	{
		Code: "wifi_roamed", Place: PlaceLAN, Where: "the Wi-Fi, between its access points", Confidence: High,
		Takes:  "at least half of the packets that make the figure bad, lost or too late, were sent while this PC moved to another access point",
		Unlike: "packets that are lost or late at other times than the move",
		Advice: "Run it again by cable. For calls while people walk: access points with fast roaming (802.11r, k, v), and cells that overlap.",
		Show:   showNetwork, of: figures(Loss, Discards, MOS), needs: []sign{badAtRoams},
	},
	{
		Code: "interface_full", Place: PlacePC, Where: "this PC", Confidence: High,
		Takes:  "during the call the system refused to send pings of the gateway because its queue was full, at least half as often as packets up were lost",
		Unlike: "pings that left and were not answered: those are the LAN's",
		Advice: "Look for what fills or limits this computer's own network interface: an upload, a limit of rate (QoS, traffic shaping), security software, a driver.",
		Show:   showOwner, of: figures(Loss, Discards, MOS), needs: []sign{interfaceIsFull},
	},
	{
		Code: "responder_busy", Place: PlaceFarEnd, Where: "the far end", Confidence: High, warns: true,
		Takes:  "the responder's own send stamps are late, it did not run for a time, or its socket dropped packets; this concerns at least half of the packets that make the figure bad, or, of jitter and where no limit is broken, 5 % of all",
		Unlike: "a limit that is broken even without these packets: then the fault has its own place; packets that left in time and arrived late: those were delayed on the path",
		Advice: anotherTime,
		Show:   showFarEnd, of: figures(), needs: []sign{farEndWasBusy},
	},
	{
		Code: "state_dropped", Place: PlaceFirewall, Where: whereFirewall, Confidence: High,
		Takes:  "from one second to the end no packet and no check of the call arrives, while the control connection to the same responder continues",
		Unlike: "a responder that died, or a dead path to it: then the control connection ends too",
		Advice: "Ask the network team why it drops a UDP flow that is in use: a time-out, a limit of the state table, or an inspection that failed.",
		Show:   showNetwork, of: figures(Loss, MOS), needs: []sign{endsForGood, controlGoesOn, isOwnNAT},
	},
	{
		Code: "far_end_ended", Place: PlaceFarEnd, Where: "the far end", Confidence: Medium,
		Takes:  "the responder, or the system that it runs on, closed the control connection in the middle of the call; of lost packets it explains those of the last seconds",
		Unlike: "what was bad before: that has its own finding; a dead path: then nobody closes the connection; a NAT that lost its mappings: then packets from a new port are refused",
		Advice: "Ask whoever runs the responder whether it was stopped or restarted, and run this again.",
		Show:   showFarEnd, of: anyOf(figures(Loss, MOS), isEnd), needs: []sign{farEndClosed},
	},
	{
		Code: "far_end_gone", Place: PlaceUnknown, Confidence: Medium,
		Takes:  "the call and the control connection fell silent together; of lost packets it explains those of the last seconds",
		Unlike: "what was bad before: that has its own finding",
		Advice: "Run it again, and from another network at the same time: if that fails too, the responder does not run any more; if not, the fault is on the path from this network to it.",
		Show:   "", of: anyOf(figures(Loss, MOS), isEnd), needs: []sign{allFellSilent},
	},
	{
		Code: "mapping_lost", Place: PlaceFirewall, Where: whereFirewall, Confidence: Medium, warns: true,
		Takes:  "the responder saw this machine with a new port of the same public address during the call, and no address shows a NAT of the provider, or a second one; where a limit is broken, at least half of the packets that were lost, or too late, lie in those seconds",
		Unlike: "another public address: then the traffic moved to another line",
		Advice: "Ask the network team to keep UDP mappings while packets flow, and for two minutes of silence (RFC 4787 REQ-5).",
		Show:   showNetwork, of: figures(Loss, Discards, MOS), needs: []sign{mappingChanged, badAtChanges(false), isOwnNAT},
	},
	{
		Code: "nat_somewhere", Place: PlaceUnknown, Confidence: Medium, warns: true,
		Takes: "the evidence of `mapping_lost` or of `state_dropped`, and an address of 100.64.0.0/10 (RFC 6598) on the path or of this PC: " +
			"the provider translates addresses too (CGNAT); or a router behind the gateway with an address of another private network, where two may translate",
		Unlike: "a path without such addresses: then it is this network's own firewall or NAT, as far as its routers answer; a far end with a private address, on the way to which all routers have them",
		Advice: "Ask the network team for the gateway's log of these seconds: if its own NAT kept the mapping, ask the provider about its address translation (CGNAT), or for a public address.",
		Show:   showNetwork + " and " + showProvider, of: figures(Loss, Discards, MOS),
		needs: []sign{eitherOf(bothOf(mappingChanged, badAtChanges(false)), bothOf(endsForGood, controlGoesOn)), isCarrierNAT},
	},
	{
		Code: "line_moved", Place: PlaceLine, Where: "the access lines", Confidence: High, warns: true,
		Takes:  "the responder saw this machine with another public address during the call; where a limit is broken, at least half of the packets that were lost, or too late, lie in those seconds",
		Unlike: "a new port of the same address: then a NAT gave up its mapping",
		Advice: "Ask the network team to send one flow over one line, and why the line changed in the middle of it.",
		Show:   showNetwork, of: figures(Loss, Discards, MOS), needs: []sign{addressChanged, badAtChanges(true)},
	},
	{
		Code: "rate_limit", Place: PlaceFirewall, Where: "a limit of rate in the firewall", Confidence: Medium,
		Takes: "single packets are lost, and the delay does not rise before; either nearly the same number gets through in every second and a similar share of the checks is lost, " +
			"or far more checks are lost than by chance (they come between the packets, when such a limit has little left); the gateway loses no pings",
		Unlike: "a bad line: its losses vary at random from second to second, and hit packets and checks equally",
		Advice: "Ask the network team whether a policy limits packets or bits a second of UDP, or of this machine, and to exempt voice from it.",
		Show:   showNetwork, of: figures(Loss, MOS), needs: []sign{oneByOne, eitherOf(bothOf(lossIsEven, checksLostAlike), checksGoFirst), noQueue, gatewayIsFine},
	},
	{
		Code: "line_full", Place: PlaceLine, Where: "the access line, which is full", Confidence: Medium,
		Takes:  "the round trip rises far above its smallest and stays high from packet to packet, as in a queue, while the gateway answers as fast as before, and the first router behind it as late as the call",
		Unlike: "jitter of a bad path, which differs from packet to packet, and a change of route, after which the delay is constant",
		Advice: "Look for uploads, backups or updates at this hour: run it again while the line is quiet. If that is good, give voice (DSCP 46) priority on the router, or limit the other traffic there.",
		Show:   showNetwork, of: figures(Jitter, Discards, Loss, RTT, MOS), needs: []sign{tripRises, queueNotJitter, gatewayStays, hopRises, ownTraffic},
	},
	{
		Code: "queue_somewhere", Place: PlaceLine, Where: "a queue on the access line or behind it", Confidence: Low,
		Takes:  "the same as for a full access line, but no router behind the gateway answered in these seconds",
		Unlike: "a router behind the gateway that answers later as well, or as fast as before: then it is the line, or what lies behind it",
		Advice: "Look for uploads, backups or updates at this hour, and run it again while the line is quiet: if that is good, give voice (DSCP 46) priority on the router; " +
			"if it is as bad then, ask whoever supplies the line.",
		Show: showNetwork, of: figures(Jitter, Discards, Loss, RTT, MOS), needs: []sign{queueSomewhere, ownTraffic},
	},
	{
		Code: "queue_beyond", Place: PlaceBeyond, Where: whereBeyond, Confidence: Medium,
		Takes:  "the same as for a full access line, but the first router behind the gateway, which has a public address, also answers as fast as before",
		Unlike: "a full access line: then that router answers later as well",
		Advice: "Ask the provider about a full link behind the first router, at this hour.",
		Show:   showProvider, of: figures(Jitter, Discards, Loss, RTT, MOS), needs: []sign{tripRises, queueNotJitter, gatewayStays, hopStays},
	},
	{
		Code: "line_bloats", Place: PlaceLine, Where: "the access line once it is full", Confidence: Medium, warns: true,
		Takes:  "with `--under-load` the round trip of the call on a full line is 100 ms or more above that on the idle line",
		Advice: giveVoicePriority,
		Show:   showNetwork, of: nothing, needs: []sign{lineBloats},
	},
	{
		Code: "mark_cleared_lan", Place: PlaceLAN, Where: "the LAN", Confidence: Medium, warns: true,
		Takes:  "the gateway already gets the packets without the mark (DSCP) that this PC set",
		Advice: "Ask the network team to have the switches and access points trust the mark of this PC's packets.",
		Show:   showNetwork, of: nothing, needs: []sign{markClearedAt(false)},
	},
	{
		Code: "mark_cleared_gateway", Place: PlaceFirewall, Where: whereFirewall, Confidence: Medium, warns: true,
		Takes:  "the gateway gets the packets with their mark (DSCP), and the next router without",
		Unlike: "a mark that is cleared farther away: providers do not keep it, and nobody is blamed",
		Advice: "Ask the network team to have the gateway keep the mark of voice (DSCP 46), and use it on the line.",
		Show:   showNetwork, of: nothing, needs: []sign{markClearedAt(true)},
	},
	{
		Code: "mtu_hole", Place: PlaceFirewall, Where: "a firewall that drops ICMP", Confidence: Low, warns: true,
		Takes:  "large packets that no router may fragment are lost on the path to the responder, and no router reports it",
		Advice: "Ask the network team to let ICMP \"fragmentation needed\" (IPv6: packet too big) through, or to lower the MTU of the tunnel in between.",
		Show:   showNetwork, of: nothing, needs: []sign{mtuHole},
	},
	{
		Code: "duplicates_lan", Place: PlaceLAN, Where: "the LAN", Confidence: High, warns: true,
		Takes:  "packets of the call arrive twice, and so do the gateway's answers, at least half as often",
		Unlike: "copies that are made behind the gateway: then its answers arrive once",
		Advice: "Look for a loop, a mirrored port, or two links that are used at once in your own network.",
		Show:   showNetwork, of: nothing, needs: []sign{duplicatesAt(inLAN)},
	},
	{
		Code: "duplicates_beyond", Place: PlaceBeyond, Where: whereBeyond, Confidence: Medium, warns: true,
		Takes:  "packets of the call arrive twice, and the gateway's answers arrive once",
		Advice: "Show the capture of a call (netready analyze) to the provider: something behind the gateway sends packets twice.",
		Show:   showProvider, of: nothing, needs: []sign{duplicatesAt(beyondLAN)},
	},
	{
		Code: "neighbour", Place: PlaceLAN, Where: "the LAN between this PC and the far end, or one of these two computers", Confidence: Medium, general: true,
		Takes:  "the far end is in a network of this PC's own interface, so that nothing of the call passes a gateway",
		Unlike: "a router that answers on the way: then the far end is in another network",
		Advice: "Check cable, switch port and load of both computers, by cable where Wi-Fi is in use.",
		Show:   showNetwork, of: figures(), needs: []sign{isNeighbour},
	},
	{
		Code: "lan", Place: PlaceLAN, Where: "the LAN", Confidence: Medium, general: true,
		Takes:  "the default gateway shows the same fault as the call",
		Unlike: "a gateway that limits its answers, or answers badly at other times than the call, or behind which the next router answers well",
		Advice: "Check this computer's cable and switch port, and whether the network is full at this hour.",
		Show:   showNetwork, of: allOf(figures(), isNotWifi), needs: []sign{pointsTo(inLAN), gatewayIsBad},
	},
	{
		Code: "wifi", Place: PlaceLAN, Where: "the LAN, Wi-Fi first", Confidence: Medium, general: true,
		Takes:  "the same as for the LAN, and this PC is connected by Wi-Fi",
		Unlike: "a fault of the wired network: run it again by cable; if that is good, it is the Wi-Fi",
		Advice: "Run it again by cable: if that is good, improve the Wi-Fi (signal, channel, how many share it).",
		Show:   showNetwork, of: allOf(figures(), isWifi), needs: []sign{pointsTo(inLAN), gatewayIsBad, radioWords},
	},
	{
		Code: "distance", Place: PlaceRegion, Where: "this region is too far away", Confidence: Medium,
		Takes: "even the smallest round trip breaks the limit, nearly all answers take as long, and most of the time is spent behind the gateway and behind the first router that answers there; " +
			"light in fibre takes 1 ms for 100 km there and back, and more than 450 ms are no distance on Earth",
		Unlike: "a queue or a bad path, where the round trip changes; a slow line, such as a satellite's, where the first router behind the gateway takes half of the time. A detour looks the same",
		Advice: "Choose a nearer region: netready regions --measure shows the round trip to each. Only if this is the nearest and other networks reach it much faster, ask the provider about a detour.",
		Show:   "", of: figures(RTT, MOS), needs: []sign{isFarAndSteady},
	},
	{
		Code: "line", Place: PlaceLine, Where: "the access line, or with the gateway that forwards to it", Confidence: Medium, general: true,
		Takes:  "the default gateway does not show the call's fault, and the next router behind it does, in the same seconds; a gateway that answers well may still drop or delay what it forwards",
		Unlike: "a router that limits its answers, or does not answer at other times than the call is bad",
		Advice: "Ask the network team whether the gateway counts dropped packets or is short of processor time; if not, ask the provider to measure the line: the fault is between your gateway's LAN port and the provider's first router.",
		Show:   showGateway, of: figures(), needs: []sign{pointsTo(onLine), gatewayIsGood, hopSuffers},
	},
	{
		Code: "past_line", Place: PlaceBeyond, Where: whereBeyond, Confidence: Medium, general: true,
		Takes:  "neither the default gateway nor the first router behind it shows the call's fault; where that one has a private address, which may be the user's own, the first one with a public address does not show it either",
		Unlike: unlikeAbove,
		Advice: "Ask the provider, with this report: the fault is behind the provider's first router.",
		Show:   showProvider, of: figures(), needs: []sign{pointsTo(pastLine), isNotFar, gatewayIsGood, hopIsGood},
	},
	{
		Code: "beyond", Place: PlaceBeyond, Where: "the access line, the provider or the way to the region", Confidence: Medium, general: true,
		Takes:  "the default gateway does not show the call's fault, and no router behind it tells the line from what follows; a gateway that answers well may still drop or delay what it forwards",
		Unlike: unlikeAbove,
		Advice: "Ask the network team whether the gateway counts dropped packets or is short of processor time; if not, ask the provider, with this report: the fault is behind your gateway's LAN port.",
		Show:   showGateway, of: figures(), needs: []sign{pointsTo(beyondLAN), isNotFar, noQueueSomewhere, gatewayIsGood, noHopShows},
	},
	{
		Code: "own_firewall", Place: PlacePC, Where: "this computer's own firewall or security software", Confidence: Medium,
		Takes:  "this machine itself refused required rows",
		Advice: "Have it allowed in this computer's own firewall or security software.",
		Show:   showOwner, of: rowsOrSilence, needs: []sign{rowsBy(facts.ByThisMachine, "it refuses the connections itself")},
	},
	{
		Code: "names", Place: PlaceDNS, Where: whereDNS, Confidence: Medium,
		Takes:  "names of required rows could not be resolved, or not the responder's name, in several tries",
		Unlike: "a path that loses much, and so the questions too; and a responder's name that does not exist, which may be an error in the invite",
		Advice: "Ask the network team why its DNS does not answer, or does not know these names.",
		Show:   showNetwork, of: anyOf(isRow, isSession), needs: []sign{eitherOf(rowsUnnamed, responderIsUnnamed)},
	},
	{
		Code: "names_slow", Place: PlaceDNS, Where: whereDNS, Confidence: High, warns: true,
		Takes:  "the DNS resolver took more than 2 s to answer, beyond a round trip to the responder, repeated questions included",
		Unlike: "one or two lost answers, which cost a second at most; a path on which everything is slow; and the responder's own name server",
		Advice: "Ask the network team why its DNS resolver is slow or loses questions.",
		Show:   showNetwork, of: nothing, needs: []sign{namesAreSlow},
	},
	{
		Code: "intercepted", Place: PlaceProxy, Where: "something on the path that answers in place of the service", Confidence: Medium,
		Takes:  "somebody else answered required rows, or their TLS connection was cut",
		Advice: "Ask the network team to exempt the service from inspection: a proxy that inspects traffic, a captive portal or a filter is in between.",
		Show:   showNetwork, of: rowsOrSilence, needs: []sign{callTells, rowsFor(facts.ReasonIntercepted, facts.ReasonHijacked, facts.ReasonTLS)},
	},
	{
		Code: "no_route", Place: PlaceRoutes, Where: "the network's routes", Confidence: Medium,
		Takes:  "required rows had no route to their hosts",
		Advice: "Ask the network team for a route to the hosts that failed.",
		Show:   showNetwork, of: rowsOrSilence, needs: []sign{callTells, rowsFor(facts.ReasonUnreachable)},
	},
	{
		Code: "ports_closed", Place: PlaceFirewall, Where: "the firewall", Confidence: Medium,
		Takes: "required rows fail while the call itself is good, or no UDP gets through in one of the directions; of the responder's own rows: " +
			"a router on the way refuses them, or rows of other hosts, optional ones too, fail in the same way",
		Unlike: "rows that fail because the path loses their packets as it loses the call's, a far end that answers, but wrongly, and ports that whoever runs the responder closed",
		Advice: "Ask the network team to allow the connections that failed.",
		Show:   showNetwork, of: rowsOrSilence, needs: []sign{callTells, portsAreClosed},
	},
	{
		Code: "closed_somewhere", Place: PlaceUnknown, Confidence: Medium, plain: true,
		Takes: "ports of the responder alone are closed, or no UDP of the call gets through to it or back, and nothing tells who closes them; " +
			"or the responder is in the same network, where no gateway lies in between",
		Unlike: "rows of other hosts that fail in the same way: then it is this network's firewall",
		Advice: "Run it from another network, for example through a phone: if the same fails there, ask whoever runs the responder to open these ports in the firewalls of its host and its cloud; " +
			"if it passes there, ask the network team to allow them.",
		Show: "", of: rowsOrSilence, needs: []sign{callTells, closedSomewhere},
	},
	{
		Code: "refused_there", Place: PlaceFarEnd, Where: "the host that was asked", Confidence: Medium,
		Takes:  "the host of required rows refused them itself: it can be reached, and nothing listens there",
		Unlike: "a router on the way that refuses them",
		Advice: "Ask whoever runs that host whether the service runs there, and check the port in the list of regions.",
		Show:   "whoever runs that host", of: isRow, needs: []sign{rowsBy(facts.ByFarEnd, "it refuses the connections itself")},
	},
	{
		Code: "responder_lost", Place: PlaceUnknown, Confidence: Medium, plain: true,
		Takes:  "a responder was named and there was no session with it: it does not run, or a firewall blocks it",
		Advice: "Check that the responder runs and that its invite is the latest one, then run this from another network: if that works, a firewall of this network blocks it.",
		Show:   "", of: isSession, needs: []sign{responderIsSilent},
	},
	{
		Code: "untold", Place: PlaceUnknown, Confidence: Low, general: true,
		Takes:  "a limit is broken and no rule above applies: the text says why",
		Advice: "", Show: "", of: figures(), needs: []sign{whyNobody},
	},
}
