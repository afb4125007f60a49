package facts

import "time"

// SchemaVersion is the number that every result file carries in its field
// "schema". It goes up when a field changes its meaning, not when one is added.
const SchemaVersion = 1

// A Result holds the facts of one assessment, without a verdict.
// A nil pointer means "not measured"; NotMeasured says why.
type Result struct {
	Schema       int       `json:"schema"`       // number of this format, now 1
	RunID        string    `json:"run_id"`       // ULID: unique, and sorts by time
	Tool         Tool      `json:"tool"`         // the program that made the result
	StartedAt    time.Time `json:"started_at"`   // when the run began
	FinishedAt   time.Time `json:"finished_at"`  // when the run ended
	Organization string    `json:"organization"` // as given with `--org`
	Location     string    `json:"location"`     // as given with `--location`
	Machine      Machine   `json:"machine"`      // the workstation
	Region       Region    `json:"region"`       // the far end
	Parts        []string  `json:"parts"`        // what was asked for; empty: everything
	Voice        Voice     `json:"voice"`        // the test call
	Ping         []Ping    `json:"ping"`         // ICMP round trips: to the gateway and to the responder
	// Throughput of the HTTPS connection to the responder, measured after the
	// call.
	Bandwidth Bandwidth `json:"bandwidth"`
	Path      Path      `json:"path"` // the hops to the far end, asked while the call lasted
	// The same call on a full line. Left out: it was not asked for.
	UnderLoad *UnderLoad `json:"under_load,omitempty"`
	// How many calls at once the line carries. Left out: it was not asked for.
	Capacity *Capacity `json:"capacity,omitempty"`
	NAT      NAT       `json:"nat"` // address translation between this machine and the responder
	// How this machine is connected: proxy, captive portal, address families, DNS.
	Environment Environment   `json:"environment"`
	Firewall    []PortRow     `json:"firewall"`           // the firewall column, one element a row
	NotMeasured []NotMeasured `json:"not_measured"`       // what could not be measured, each with its reason
	Signature   Signature     `json:"signature,omitzero"` // the responder's signature of this result
	Complete    bool          `json:"complete"`           // false after Ctrl-C, or where a part ended before its time
}

// Values of `parts`: the parts of an assessment, as --only names them.
const (
	PartVoice     = "voice"     // the test call
	PartFirewall  = "firewall"  // the firewall column, and the environment
	PartNAT       = "nat"       // address translation
	PartPing      = "ping"      // ICMP round trips
	PartBandwidth = "bandwidth" // throughput over HTTPS
)

// AllParts lists every part in the order of a run.
func AllParts() []string {
	return []string{PartVoice, PartFirewall, PartNAT, PartPing, PartBandwidth}
}

// Tool names the program that made the result.
type Tool struct {
	Name    string `json:"name"`    // always `netready`
	Version string `json:"version"` // a release, or `dev`
}

// Machine describes the workstation.
type Machine struct {
	Hostname string `json:"hostname"` // name of the workstation, as its system tells it
	OS       string `json:"os"`       // system, name and version: `linux debian 12.11`, `windows 10.0.19045`
	Arch     string `json:"arch"`     // processor architecture as Go names it: `amd64`, `arm64`
	Cores    int    `json:"cores"`    // number of logical processors
	// Load of all processors, mean over the call. Null: the system did not tell,
	// or there was no call.
	CPUBusyPercent *float64  `json:"cpu_busy_percent"`
	MemoryMB       *float64  `json:"memory_mb"` // installed memory, 1 MB = 10^6 bytes. Null: the system did not tell
	Interface      Interface `json:"interface"` // the network interface that the call used
}

// Interface is the network interface that the call used.
type Interface struct {
	Name    string `json:"name"`    // name in the system: `eth0`, `Ethernet 2`
	Kind    string `json:"kind"`    // kind of interface
	Address string `json:"address"` // IP address that packets to the far end are sent from
	MTU     int    `json:"mtu"`     // largest packet
	Gateway string `json:"gateway"` // IP address of the default gateway; empty where none was found
	// Link speed. Null: the system does not tell it, or such an interface has
	// none.
	Mbps    *float64 `json:"mbps"`
	WifiDBM *float64 `json:"wifi_dbm"` // signal strength. Null: no Wi-Fi, or the system does not tell it
	// How both directions share the link; empty: the system does not tell, or such an
	// interface has no such thing.
	Duplex string    `json:"duplex"`
	Wifi   *WifiLink `json:"wifi,omitempty"` // the radio during the call. Left out: no Wi-Fi, or the system does not tell
	// Which of `mbps` and `wifi_dbm` such an interface does not have; empty if it
	// has both.
	Reason string `json:"reason"`
}

// Region is the far end.
type Region struct {
	ID          string `json:"id"`           // as `--region` takes it
	Name        string `json:"name"`         // name for people
	Responder   string `json:"responder"`    // `host:port` of its control address; empty without a responder
	RegionsFile string `json:"regions_file"` // name of a file that replaced the built-in list, without its folders; empty otherwise
	// The region that the responder names, where it is another than `id`. Left out: it is the
	// same, or it names none.
	ResponderRegion string `json:"responder_region,omitempty"`
	// Why a responder that was named could not be reached, as `firewall[].reason` has
	// it, or `no_such_name`. Left out: it was reached, none was named, or the reason
	// has no code.
	Failed string `json:"failed,omitempty"`
}

// Values of `voice.mode`.
const (
	ModeResponder = "responder" // a call to a responder: both directions are measured
	ModeRelay     = "relay"     // through a TURN server and back: loss of each direction, the other figures of both together
	ModeRoundtrip = "roundtrip" // public endpoints only: the round trip, no directions
	ModeNone      = "none"      // there was nothing that could answer
)

// Voice is the test call.
type Voice struct {
	Mode           string  `json:"mode"`             // how the call was measured
	Codec          string  `json:"codec"`            // codec of the test call: `pcmu`, `pcma`, `g729`, `g722` or `opus`
	PtimeMS        float64 `json:"ptime_ms"`         // packet time: one packet is sent every so often
	JitterBufferMS float64 `json:"jitter_buffer_ms"` // jitter buffer assumed for discards and MOS
	DurationS      float64 `json:"duration_s"`       // how long the call lasted; 0 without a call
	// How long it was meant to last; longer than `duration_s` where the responder
	// granted less or the call ended early.
	DurationAskedS float64 `json:"duration_asked_s"`
	// The call went on until no share was borderline any more (confidence.md), or
	// for 5 minutes: `--duration auto`.
	DurationAuto bool     `json:"duration_auto,omitempty"`
	Calls        int      `json:"calls"`       // calls at once
	Assumptions  []string `json:"assumptions"` // sentences that state what R and MOS assume
	// Figures of the direction to the far end. With several calls: of the worst
	// one, by lowest MOS, then most loss. Null: nothing was sent that way.
	Up *Direction `json:"up"`
	// The same from the far end to this machine. Null: nothing was sent that way.
	Down    *Direction `json:"down"`
	Loop    *Direction `json:"loop,omitempty"`  // in mode relay: both directions together, an upper bound for each
	Relay   *Relay     `json:"relay,omitempty"` // in mode relay: the TURN server and the streams of the reported call
	PerCall []CallPair `json:"per_call"`        // every call, the reported one included
	// Which of `per_call` `up`, `down` and `timeline` are of; the first is 0. Left
	// out: there is one call, or the result was made before this was known.
	Reported       *int      `json:"reported,omitempty"`
	RTT            *RTT      `json:"rtt"`              // round trip during the call. Null: nothing answered
	SendLatenessMS *Lateness `json:"send_lateness_ms"` // how late this machine sent its packets. Null: no packet was sent
	Timeline       []Second  `json:"timeline"`         // the reported call by seconds
	// What changed on the way during the call, as sentences: a new address behind
	// a NAT, ….
	PathChanges []string `json:"path_changes"`
	// The same as data: the new public addresses and ports that the far end saw this
	// machine with, of all calls.
	MappingChanges []MappingChange `json:"mapping_changes,omitempty"`
	PC             *PC             `json:"pc,omitempty"` // what kept this machine from sending and receiving on time. Left out: there was no call
}

// CallPair is one of several calls placed at once.
type CallPair struct {
	// Figures of the direction to the far end. Null: nothing was sent that way.
	Up *Direction `json:"up"`
	// Figures of the direction to this machine. Null: nothing was sent that way.
	Down *Direction `json:"down"`
	Loop *Direction `json:"loop,omitempty"` // in mode relay: both directions together
}

// Relay is the TURN server that the calls went through, and the streams of the
// reported call.
type Relay struct {
	Server string `json:"server"` // `turn:NAME`, and the transports that were used
	// What the server says it is (STUN attribute SOFTWARE); empty if it does not
	// say.
	Software  string      `json:"software"`
	Peer      string      `json:"peer"`       // where the relay sent the packets
	BytesUp   int64       `json:"bytes_up"`   // RTP sent to the server, without the headers below RTP
	BytesDown int64       `json:"bytes_down"` // the same, received from the server
	Loops     []RelayLoop `json:"loops"`      // each stream through the server and back
	// Transports that the server offers and that do not work, each with the
	// reason.
	Failed []string `json:"failed"`
}

// RelayLoop is one stream through a TURN server and back.
type RelayLoop struct {
	// Transport to the server: `udp`, `dtls`, `tcp` or `tls`. The last two lose
	// nothing.
	UpLeg   string `json:"up_leg"`
	DownLeg string `json:"down_leg"` // transport from the server
	Direction
}

// Direction holds the figures of one direction of one call. Up is from the
// agent to the responder. Figures are rounded to three decimals.
type Direction struct {
	// Packets that the sender sent; in a capture: the span of sequence numbers.
	Sent       int `json:"sent"`
	Received   int `json:"received"`   // different packets that arrived, at most 2 s after the last was due
	Lost       int `json:"lost"`       // `sent` - `received`
	Duplicates int `json:"duplicates"` // further copies of packets that had arrived
	// Received, but later than the fastest packet by more than the jitter buffer.
	// Null: times are not known of this direction alone.
	Discarded *int `json:"discarded"`
	// Packets that arrived after a later one (RFC 4737). Null: not known of this
	// direction alone.
	Reordered *int `json:"reordered"`
	Foreign   int  `json:"foreign"` // packets dropped because their tag was wrong: not of this call
	// Packets that the sender itself was more than 2 s late with and did not send:
	// they count neither as sent nor as lost.
	SentLate int `json:"sent_late"`
	// Packets that the receiver's own socket dropped because its buffer was full:
	// not the fault of the path.
	SocketDropped int `json:"socket_dropped"`
	// The kernel stamped what arrived and counted what its socket dropped, so that
	// a busy program spoils neither; not known of the responder.
	KernelStamps bool     `json:"kernel_stamps,omitempty"`
	LossPercent  *float64 `json:"loss_percent"` // `lost` / `sent`. Null: nothing was sent
	// What `loss_percent` would be of a call without end, with a confidence of 95 %
	// (confidence.md). Left out: nothing was sent, or the result was made before this
	// was known.
	LossInterval *Interval `json:"loss_interval,omitempty"`
	// `discarded` / `sent`. Null: nothing was sent, or not known of this direction
	// alone.
	DiscardPercent *float64 `json:"discard_percent"`
	// The same as `loss_interval` of `discard_percent`. Left out: as there, or
	// `discard_percent` is null.
	DiscardInterval *Interval `json:"discard_interval,omitempty"`
	// 100 (1 - `reordered` / `received`). Null: nothing arrived, or not known of
	// this direction alone.
	InOrderPercent *float64 `json:"in_order_percent"`
	// The same as `loss_interval` of `in_order_percent`. Left out: as there, or
	// `in_order_percent` is null.
	InOrderInterval *Interval `json:"in_order_interval,omitempty"`
	// Interarrival jitter (RFC 3550 6.4.1), mean over the packets. Null: fewer
	// than 10 packets arrived, or not known of this direction alone.
	JitterMS    *float64 `json:"jitter_ms"`
	JitterMaxMS *float64 `json:"jitter_max_ms"` // maximum of the interarrival jitter. Null: as `jitter_ms`
	// Packet delay variation (RFC 5481) against the fastest packet, 99th
	// percentile. Null: nothing arrived, or not known of this direction alone.
	PDVp99MS *float64 `json:"pdv_p99_ms"`
	// Drift of the two machines' clocks against each other, removed before
	// discards and delay variation are computed. Null: fewer than 8 s of packets,
	// or they do not tell.
	ClockSkewPPM *float64 `json:"clock_skew_ppm"`
	Burst        Burst    `json:"burst"`  // how losses cluster
	Shifts       []Shift  `json:"shifts"` // lasting changes of the path's delay, 20 ms or more
	// What made these figures worse than the path is: who was too busy. Empty:
	// they are reliable. A limit that is kept all the same is kept.
	Unreliable []Unreliable `json:"unreliable"`
	// DSCP that was asked for with `--dscp`. Null: in a capture, where nobody
	// asked.
	DSCPAsked *int `json:"dscp_asked"`
	// DSCP that the sender's system set on its packets. Null: `dscp_not_set` says
	// why.
	DSCPSet      *int   `json:"dscp_set"`
	DSCPNotSet   string `json:"dscp_not_set"`  // why `dscp_set` is null
	DSCPReceived *int   `json:"dscp_received"` // DSCP that most packets arrived with. Null: `dscp_reason` says why
	DSCPReason   string `json:"dscp_reason"`   // why `dscp_received` is null
	// Transmission rating (ITU-T G.107), 0 to 100 (129 wideband). Null: nothing
	// was sent.
	R   *float64 `json:"r"`
	MOS *float64 `json:"mos"` // MOS by ITU-T G.107 Annex B, 1 to 4.5. Null: nothing was sent
	// In mode relay: MOS if no packet was discarded on this way; `mos` assumes
	// that all were.
	MOSAtMost *float64 `json:"mos_at_most,omitempty"`
	// Codec whose published values R and MOS use: `pcmu`, …; `g107.1:…` on the
	// wideband scale.
	MOSBasis string `json:"mos_basis"`
}

// Interval holds a share with a confidence of 95 %.
type Interval struct {
	LowPercent  float64 `json:"low_percent"`  // 97.5 % sure: the share is not below
	HighPercent float64 `json:"high_percent"` // 97.5 % sure: the share is not above
}

// Unreliable is one cause that is not the path.
type Unreliable struct {
	Code    string `json:"code"`              // who was too busy
	Text    string `json:"text"`              // the same as a sentence
	Packets int    `json:"packets,omitempty"` // how many packets it concerns
}

// Burst describes how loss clusters.
type Burst struct {
	// BurstR of ITU-T G.107, of lost and discarded packets; 1 is random loss.
	// Null: nothing was sent.
	BurstR     *float64 `json:"burst_r"`
	LongestRun int      `json:"longest_run"` // most packets lost in a row
	// Highest loss in any 100 packets in a row. Null: fewer than 100 packets were
	// sent.
	WorstWindowPercent *float64 `json:"worst_window_percent"`
	// How unevenly losses lie. Left out: nothing or everything was lost, too few packets
	// follow the first loss, or the result was made before this was known.
	Dispersion *Dispersion `json:"dispersion,omitempty"`
}

// Dispersion is the variance of the number of packets lost in each 10 in a row, against that of
// losses by chance.
type Dispersion struct {
	Windows int     `json:"windows"` // of 10 packets, from the first loss on
	Ratio   float64 `json:"ratio"`   // 1 is chance, more are bursts, far less is a limit of rate
}

// Shift is a lasting change of a path's delay.
type Shift struct {
	AtS  float64 `json:"at_s"`  // since the first packet
	ByMS float64 `json:"by_ms"` // positive: the path became longer
}

// Values of `voice.rtt.source`.
const (
	RTTStun = "stun" // STUN checks, of the call or of a region's public STUN server
	RTTTCP  = "tcp"  // the control connection, or connections to a host of the region
	RTTICMP = "icmp" // ICMP echo
	RTTEcho = "echo" // a region's public UDP beacon
)

// RTT is the round trip.
type RTT struct {
	Source  string   `json:"source"`  // how it was measured
	Samples int      `json:"samples"` // answers
	Lost    int      `json:"lost"`    // questions without an answer
	MinMS   *float64 `json:"min_ms"`  // smallest. Null: no answer
	AvgMS   *float64 `json:"avg_ms"`  // mean. Null: no answer
	P95MS   *float64 `json:"p95_ms"`  // 95th percentile. Null: no answer
	MaxMS   *float64 `json:"max_ms"`  // largest. Null: no answer
}

// Lateness is by how much packets left after they were due.
type Lateness struct {
	P50 *float64 `json:"p50"` // median. Null: no packet was sent
	P99 *float64 `json:"p99"` // 99th percentile. Null: no packet was sent
	Max *float64 `json:"max"` // largest. Null: no packet was sent
}

// Second is one second of the call, for graphs.
type Second struct {
	Second int `json:"second"` // number of the second; the first is 0
	// Direction to the far end. Null: nothing was sent that way in this second.
	Up *SecondSide `json:"up"`
	// Direction to this machine. Null: nothing was sent that way in this second.
	Down  *SecondSide `json:"down"`
	Loop  *SecondSide `json:"loop,omitempty"` // in mode relay: both directions together
	RTTMS *float64    `json:"rtt_ms"`         // mean round trip of the second's checks. Null: none was answered
	// All calls together, to the far end. Left out: there is one call, or nothing was
	// sent that way in this second.
	CallsUp   *SecondCount `json:"calls_up,omitempty"`
	CallsDown *SecondCount `json:"calls_down,omitempty"` // the same to this machine
	// The default gateway in this second. Left out: it was not asked.
	Gateway *GatewaySecond `json:"gateway,omitempty"`
	// The first hop behind the gateway in this second. Left out: it was not asked.
	Hop  *HopSecond  `json:"hop,omitempty"`
	PC   *PCSecond   `json:"pc,omitempty"`   // this machine in this second. Left out: not watched
	Line *LineSecond `json:"line,omitempty"` // the call's interface in this second. Left out: the system does not tell
}

// GatewaySecond is how the default gateway answered ICMP echo requests of the
// call's own size in one second of the call: it tells a bad LAN from what lies
// behind it.
type GatewaySecond struct {
	Asked int      `json:"asked"`  // echo requests sent in this second
	Lost  int      `json:"lost"`   // those without an answer
	AvgMS *float64 `json:"avg_ms"` // mean round trip. Null: none was answered
}

// SecondSide is one direction in one second.
type SecondSide struct {
	Sent        int      `json:"sent"`         // packets sent in this second
	LossPercent *float64 `json:"loss_percent"` // of these. Null: nothing was sent
	JitterMS    *float64 `json:"jitter_ms"`    // jitter (RFC 3550) at the second's last packet. Null: nothing arrived
	// Mean time on the way, above that of the fastest packet. Null: nothing
	// arrived.
	DelayMS *float64 `json:"delay_ms"`
	// Packets of these that arrived, but later than the fastest by more than the
	// jitter buffer. Left out: times are not known of this direction alone, nothing
	// was sent, or the result was made before this was known.
	Discarded *int `json:"discarded,omitempty"`
}

// SecondCount is one direction of all calls in one second.
type SecondCount struct {
	Sent int `json:"sent"` // packets sent in this second
	Lost int `json:"lost"` // of these, the ones that never arrived
}

// Ping is the ICMP round trip to one host.
type Ping struct {
	Target  string   `json:"target"`  // the host that was asked
	Role    string   `json:"role"`    // what the host is
	Samples int      `json:"samples"` // answers
	Lost    int      `json:"lost"`    // questions without an answer, those that could not be sent included
	MinMS   *float64 `json:"min_ms"`  // smallest. Null: no answer; `reason` says why
	AvgMS   *float64 `json:"avg_ms"`  // mean. Null: as `min_ms`
	MaxMS   *float64 `json:"max_ms"`  // largest. Null: as `min_ms`
	// Of these, the questions that this machine itself could not send. Left out: none.
	NotSent int `json:"not_sent,omitempty"`
	// Of those, the ones for which this machine's own queue had no room. Left out: none.
	NoRoom int `json:"no_room,omitempty"`
	// Mean difference between one round trip and the next. Left out: fewer than
	// two answers, or a series that is not judged.
	JitterMS *float64 `json:"jitter_ms,omitempty"`
	Late     int      `json:"late,omitempty"` // answers that took longer than the fastest by more than the jitter buffer
	// Further copies of answers. Left out: nobody counted them.
	Duplicates *int   `json:"duplicates,omitempty"`
	Reason     string `json:"reason"` // why it was not measured, or how many questions could not be sent
}

// Bandwidth is the throughput of the HTTPS connection to the responder. The first
// second of a transfer, in which TCP starts slowly, is left out where the rest is at
// least as long.
type Bandwidth struct {
	UpMbps    *float64 `json:"up_mbps"`    // to the responder. Null: `reason` says why
	DownMbps  *float64 `json:"down_mbps"`  // from the responder. Null: `reason` says why
	CallsUp   *int     `json:"calls_up"`   // how many calls of this codec would fit. Null: as `up_mbps`
	CallsDown *int     `json:"calls_down"` // the same for the other direction. Null: as `down_mbps`
	// A lower bound, `calls_up` too: the round trip is so long that TCP's start, or what it
	// may have in flight, bounded the test. Left out: no.
	UpAtLeast   bool   `json:"up_at_least,omitempty"`
	DownAtLeast bool   `json:"down_at_least,omitempty"` // the same for the other direction
	Note        string `json:"note,omitempty"`          // the same in words
	Reason      string `json:"reason"`                  // why it was not measured
}

// NAT says what the address translation between this machine and the
// responder does.
type NAT struct {
	PublicAddress string `json:"public_address"` // `ip:port` of this machine as the far end sees it
	LocalAddress  string `json:"local_address"`  // `ip:port` of the socket that asked
	// An address translation is in between. Null: no answer said what address the
	// far end sees.
	Behind   *bool  `json:"behind"`
	Mapping  string `json:"mapping"`   // how the NAT maps; empty: not measured
	PortKept *bool  `json:"port_kept"` // the public port is the local port. Null: as `behind`
	// A mapping lives through 30 s of silence. Null: there is no NAT, or it was
	// not measured.
	Survives30s *bool `json:"survives_30s"`
	// A SIP message was changed on its way. Null: the responder serves no SIP over
	// UDP, or did not answer.
	SIPALG     *bool  `json:"sip_alg"`
	ForUser    string `json:"for_user"`    // what it means for calls, one sentence
	ForNetwork string `json:"for_network"` // the same for the network team, one sentence
	Reason     string `json:"reason"`      // why a figure of these is missing
}

// Environment is what lies between this machine and the Internet.
type Environment struct {
	Proxy string `json:"proxy"` // the web proxy, without its password; empty: none
	// Where it is set: `environment`, `windows`, `macos`, `gnome`; empty: none.
	ProxySource string `json:"proxy_source"`
	// A captive portal answers in place of web pages. Null: not asked for, no host
	// of the service to ask, or the answer does not tell.
	CaptivePortal *bool `json:"captive_portal"`
	// There is an address of global or private scope with a route. Null: not asked
	// for.
	IPv4         *bool        `json:"ipv4"`
	IPv6         *bool        `json:"ipv6"`         // the same of IPv6. Null: not asked for
	DNS          []DNSAnswer  `json:"dns"`          // what the configured resolver says of the service's names
	Connectivity Connectivity `json:"connectivity"` // whether this machine reaches anything at all
	Reason       string       `json:"reason"`       // why there is no captive portal to look for
}

// DNSAnswer is what the configured resolver said of a name.
type DNSAnswer struct {
	Name      string   `json:"name"`           // the name that was asked
	Addresses []string `json:"addresses"`      // the addresses of the answer
	ElapsedMS float64  `json:"elapsed_ms"`     // how long the answer took
	Reason    string   `json:"reason"`         // an error, or what is unusual about the answer; empty: nothing
	Code      string   `json:"code,omitempty"` // the same as a code
}

// Values of `firewall[].status`.
const (
	StatusPass        = "pass"         // the far end answered as it should
	StatusFail        = "fail"         // it did not; the reason says how
	StatusNotMeasured = "not_measured" // this cannot be told; the reason says why
)

// PortRow is one line of the firewall column.
type PortRow struct {
	Name     string `json:"name"`             // unique in the column, and the same on every machine
	Protocol string `json:"protocol"`         // as in docs/regions.md
	Host     string `json:"host"`             // host that was asked: a name or an address
	Port     int    `json:"port,omitempty"`   // its port
	Ports    string `json:"ports,omitempty"`  // a range of ports in place of one: `16384-65535`
	Family   string `json:"family,omitempty"` // `ipv4` or `ipv6`, where both were tried
	Required bool   `json:"required"`         // a failure makes the verdict `not_ready`
	Status   string `json:"status"`           // the answer to: does the network let this through?
	Reason   string `json:"reason"`           // why it failed or was not measured; empty where it passed
	By       string `json:"by,omitempty"`     // who refused, where that is known
	Proxy    string `json:"proxy,omitempty"`  // the proxy that the check went through, as a browser would
	Detail   string `json:"detail"`           // what was seen, in the system's own words; advice is in the findings
	Note     string `json:"note,omitempty"`   // as in the regions file
	// Time until the verdict. Null: the result was read from a TXT, which does not
	// have it.
	ElapsedMS   *float64 `json:"elapsed_ms"`
	Tested      []int    `json:"tested_ports,omitempty"` // of a range: the ports that were tried
	FailedPorts []int    `json:"failed_ports"`           // of a range: those that failed
}

// NotMeasured names something that could not be measured, and why.
type NotMeasured struct {
	// Path of the field, or of the part that holds it: `voice.up.jitter_ms`,
	// `bandwidth`. `voice.per_call[].…` means: of all calls that lack it. Not a
	// field: `run`, `voice.complete`, `firewall.responder`, see not-measured.md.
	What   string `json:"what"`
	Reason string `json:"reason"`         // why, as a sentence
	Code   string `json:"code,omitempty"` // why, as a code, where something depends on it
}

// Connectivity says whether this computer reaches anything at all, and how.
// Everything else that was not measured may follow from it.
type Connectivity struct {
	Code  string `json:"code"`            // how this machine is connected; empty: not known
	Cause string `json:"cause,omitempty"` // of `offline`: what is missing
	Text  string `json:"text"`            // the same as a sentence
}

// Values of `environment.connectivity.cause`.
const (
	NoAddress  = "no_address"  // no interface has an address
	NoRoute    = "no_route"    // there is no route out of the local network
	NoResolver = "no_resolver" // no DNS resolver answers, and nothing was asked for by its address
	NoAnswer   = "no_answer"   // neither a resolver nor anything else answers
)
