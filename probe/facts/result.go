package facts

import "time"

// SchemaVersion is the number that every result file carries in its field
// "schema". It goes up when a field changes its meaning, not when one is added.
const SchemaVersion = 1

// A Result holds the facts of one assessment and no opinion about them.
// A nil pointer means "not measured"; NotMeasured says why.
type Result struct {
	Schema       int           `json:"schema"`
	RunID        string        `json:"run_id"` // ULID
	Tool         Tool          `json:"tool"`
	StartedAt    time.Time     `json:"started_at"`  // UTC
	FinishedAt   time.Time     `json:"finished_at"` // UTC
	Organization string        `json:"organization"`
	Location     string        `json:"location"`
	Machine      Machine       `json:"machine"`
	Region       Region        `json:"region"`
	Parts        []string      `json:"parts"` // what was asked for: voice, firewall, nat, ping, bandwidth
	Voice        Voice         `json:"voice"`
	Ping         []Ping        `json:"ping"`
	Bandwidth    Bandwidth     `json:"bandwidth"`
	NAT          NAT           `json:"nat"`
	Environment  Environment   `json:"environment"`
	Firewall     []PortRow     `json:"firewall"`
	NotMeasured  []NotMeasured `json:"not_measured"`
	Complete     bool          `json:"complete"` // false after Ctrl-C or a part that broke off
}

// Parts of an assessment, as --only names them.
const (
	PartVoice     = "voice"
	PartFirewall  = "firewall"
	PartNAT       = "nat"
	PartPing      = "ping"
	PartBandwidth = "bandwidth"
)

// AllParts lists every part in the order of a run.
func AllParts() []string {
	return []string{PartVoice, PartFirewall, PartNAT, PartPing, PartBandwidth}
}

// Tool names the program that made the result.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Machine describes the workstation.
type Machine struct {
	Hostname       string    `json:"hostname"`
	OS             string    `json:"os"` // windows 10.0.19045, linux debian 12, …
	Arch           string    `json:"arch"`
	Cores          int       `json:"cores"`
	CPUBusyPercent *float64  `json:"cpu_busy_percent"` // mean over the call, all cores
	MemoryMB       *float64  `json:"memory_mb"`
	Interface      Interface `json:"interface"` // the one that the call used
}

// Interface is the network interface that the call used.
type Interface struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"` // wired, wifi, vpn, loopback, unknown
	Address string   `json:"address"`
	MTU     int      `json:"mtu"`
	Gateway string   `json:"gateway"`  // the default gateway's address, "" where not found
	Mbps    *float64 `json:"mbps"`     // link speed
	WifiDBM *float64 `json:"wifi_dbm"` // signal strength
	Reason  string   `json:"reason"`   // what of these such an interface has not, "" if it has both
}

// Region is the far end.
type Region struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Responder   string `json:"responder"`    // host:port of its control address, "" where there is none
	RegionsFile string `json:"regions_file"` // a file that replaced the embedded list, "" otherwise
}

// Voice modes.
const (
	ModeResponder = "responder" // a call was placed: up and down are measured
	ModeRelay     = "relay"     // through a TURN server and back: loss of each way, the rest of both together
	ModeRoundtrip = "roundtrip" // public endpoints only: round trip, no directions
	ModeNone      = "none"      // nothing that could answer
)

// Voice is the test call.
type Voice struct {
	Mode           string     `json:"mode"`
	Codec          string     `json:"codec"`
	PtimeMS        float64    `json:"ptime_ms"`
	JitterBufferMS float64    `json:"jitter_buffer_ms"`
	DurationS      float64    `json:"duration_s"`       // that the call lasted, 0 without one
	DurationAskedS float64    `json:"duration_asked_s"` // longer where the responder granted less or the call was cut short
	Calls          int        `json:"calls"`
	Assumptions    []string   `json:"assumptions"` // behind R and MOS
	Up             *Direction `json:"up"`          // nil: nothing was sent that way
	Down           *Direction `json:"down"`
	Loop           *Direction `json:"loop,omitempty"`  // of mode relay: both ways together, an upper bound for each
	Relay          *Relay     `json:"relay,omitempty"` // of mode relay
	PerCall        []CallPair `json:"per_call"`
	RTT            *RTT       `json:"rtt"`
	SendLatenessMS *Lateness  `json:"send_lateness_ms"`
	Timeline       []Second   `json:"timeline"` // of the call that Up and Down are of
	PathChanges    []string   `json:"path_changes"`
}

// CallPair is one of several calls placed at once.
type CallPair struct {
	Up   *Direction `json:"up"`
	Down *Direction `json:"down"`
	Loop *Direction `json:"loop,omitempty"` // of mode relay
}

// Relay is the TURN server that the calls went through, and the streams of the
// reported call.
type Relay struct {
	Server    string      `json:"server"`   // turn:NAME and the ways to it that were used
	Software  string      `json:"software"` // how it calls itself, "" if it does not
	Peer      string      `json:"peer"`     // relayed: from relay to relay; public: to this machine's public address, where it forbids that
	BytesUp   int64       `json:"bytes_up"` // of RTP, without the headers below
	BytesDown int64       `json:"bytes_down"`
	Loops     []RelayLoop `json:"loops"`
	Failed    []string    `json:"failed"` // ways to it that were offered and do not work, with the reason
}

// RelayLoop is one stream through a TURN server and back.
type RelayLoop struct {
	UpLeg   string `json:"up_leg"` // udp, dtls, tcp, tls: the last two lose nothing
	DownLeg string `json:"down_leg"`
	Direction
}

// Direction holds the figures of one direction of one call. Up is from the
// agent to the responder. Figures are rounded to three decimals.
type Direction struct {
	Sent          int  `json:"sent"`           // packets the sender sent (in a capture: the span of sequence numbers)
	Received      int  `json:"received"`       // distinct sequence numbers
	Lost          int  `json:"lost"`           // sent - received
	Duplicates    int  `json:"duplicates"`     // further copies
	Discarded     *int `json:"discarded"`      // too late for the jitter buffer
	Reordered     *int `json:"reordered"`      // RFC 4737
	Foreign       int  `json:"foreign"`        // dropped for a wrong tag
	SentLate      int  `json:"sent_late"`      // packets that the sender itself was over 2 s late with and gave up: neither sent nor lost
	SocketDropped int  `json:"socket_dropped"` // by the receiver's own socket for want of room: not the path's fault
	// KernelStamps says that the kernel itself stamped what arrived and counted
	// what its socket dropped: a busy program then spoils neither. Of the
	// responder it is not known.
	KernelStamps   bool     `json:"kernel_stamps,omitempty"`
	LossPercent    *float64 `json:"loss_percent"`
	DiscardPercent *float64 `json:"discard_percent"`
	InOrderPercent *float64 `json:"in_order_percent"`
	JitterMS       *float64 `json:"jitter_ms"`     // RFC 3550 6.4.1, mean
	JitterMaxMS    *float64 `json:"jitter_max_ms"` // its maximum
	PDVp99MS       *float64 `json:"pdv_p99_ms"`    // RFC 5481
	ClockSkewPPM   *float64 `json:"clock_skew_ppm"`
	Burst          Burst    `json:"burst"`
	Shifts         []Shift  `json:"shifts"` // lasting changes of the path's delay
	// Unreliable is what made these figures worse than the path is: who was too
	// busy. Empty: sound. A limit that is kept all the same is kept.
	Unreliable   []Unreliable `json:"unreliable"`
	DSCPAsked    *int         `json:"dscp_asked"`
	DSCPSet      *int         `json:"dscp_set"`      // the mark that the sender's system puts on its packets
	DSCPNotSet   string       `json:"dscp_not_set"`  // why dscp_set is null
	DSCPReceived *int         `json:"dscp_received"` // the mark most packets arrived with
	DSCPReason   string       `json:"dscp_reason"`   // why dscp_received is null
	R            *float64     `json:"r"`
	MOS          *float64     `json:"mos"`
	// MOSAtMost is, of mode relay, the MOS if no packet was discarded on this
	// way: MOS takes it that all were.
	MOSAtMost *float64 `json:"mos_at_most,omitempty"`
	MOSBasis  string   `json:"mos_basis"` // pcmu, …; g107.1:… on the wideband scale
}

// Unreliable is one cause that is not the path.
type Unreliable struct {
	Code string `json:"code"` // responder_busy, pc_busy
	Text string `json:"text"`
}

// Burst describes how loss clusters.
type Burst struct {
	BurstR             *float64 `json:"burst_r"`              // G.107, over lost and discarded
	LongestRun         int      `json:"longest_run"`          // lost packets in a row
	WorstWindowPercent *float64 `json:"worst_window_percent"` // loss, any 100 packets in a row
}

// Shift is a lasting change of a path's delay.
type Shift struct {
	AtS  float64 `json:"at_s"`  // since the first packet
	ByMS float64 `json:"by_ms"` // longer if positive
}

// RTT sources.
const (
	RTTStun = "stun" // the call's own checks
	RTTTCP  = "tcp"  // the control connection
	RTTICMP = "icmp"
	RTTEcho = "echo" // a region's public beacon
)

// RTT is the round trip.
type RTT struct {
	Source  string   `json:"source"`
	Samples int      `json:"samples"` // answers
	Lost    int      `json:"lost"`    // questions without an answer
	MinMS   *float64 `json:"min_ms"`
	AvgMS   *float64 `json:"avg_ms"`
	P95MS   *float64 `json:"p95_ms"`
	MaxMS   *float64 `json:"max_ms"`
}

// Lateness is by how much packets left after they were due.
type Lateness struct {
	P50 *float64 `json:"p50"`
	P99 *float64 `json:"p99"`
	Max *float64 `json:"max"`
}

// Second is one second of the call, for graphs.
type Second struct {
	Second int         `json:"second"`
	Up     *SecondSide `json:"up"`
	Down   *SecondSide `json:"down"`
	Loop   *SecondSide `json:"loop,omitempty"` // of mode relay: both ways together
	RTTMS  *float64    `json:"rtt_ms"`         // mean of the second's checks
}

// SecondSide is one direction in one second.
type SecondSide struct {
	Sent        int      `json:"sent"`
	LossPercent *float64 `json:"loss_percent"`
	JitterMS    *float64 `json:"jitter_ms"` // RFC 3550 J at the second's last packet
	DelayMS     *float64 `json:"delay_ms"`  // mean transit above the fastest packet's
}

// Ping is the ICMP round trip to one host.
type Ping struct {
	Target  string   `json:"target"`
	Role    string   `json:"role"` // gateway, responder
	Samples int      `json:"samples"`
	Lost    int      `json:"lost"` // those that could not be sent among them
	MinMS   *float64 `json:"min_ms"`
	AvgMS   *float64 `json:"avg_ms"`
	MaxMS   *float64 `json:"max_ms"`
	Reason  string   `json:"reason"` // why it was not measured, or how many questions could not be sent
}

// Bandwidth is the throughput of the HTTPS connection to the responder.
type Bandwidth struct {
	UpMbps    *float64 `json:"up_mbps"`
	DownMbps  *float64 `json:"down_mbps"`
	CallsUp   *int     `json:"calls_up"` // so many calls of this codec would fit
	CallsDown *int     `json:"calls_down"`
	Reason    string   `json:"reason"` // why it was not measured
}

// NAT says what the address translation between this machine and the
// responder does.
type NAT struct {
	PublicAddress string `json:"public_address"` // ip:port as the far end saw it
	LocalAddress  string `json:"local_address"`
	Behind        *bool  `json:"behind"`       // a translation is in between
	Mapping       string `json:"mapping"`      // none, endpoint_independent, address_dependent, address_and_port_dependent, "" not measured
	PortKept      *bool  `json:"port_kept"`    // public port = local port
	Survives30s   *bool  `json:"survives_30s"` // the mapping lives through 30 s of silence
	SIPALG        *bool  `json:"sip_alg"`      // a SIP message was rewritten on its way
	ForUser       string `json:"for_user"`     // one plain sentence
	ForNetwork    string `json:"for_network"`  // one sentence for the network team
	Reason        string `json:"reason"`       // why something is missing
}

// Environment is what stands between this machine and the Internet.
type Environment struct {
	Proxy         string      `json:"proxy"` // without its password, "" none
	ProxySource   string      `json:"proxy_source"`
	CaptivePortal *bool       `json:"captive_portal"`
	IPv4          *bool       `json:"ipv4"` // an address of global or private scope with a route
	IPv6          *bool       `json:"ipv6"`
	DNS           []DNSAnswer `json:"dns"`
	// Connectivity is whether this computer reaches anything at all.
	Connectivity Connectivity `json:"connectivity"`
	Reason       string       `json:"reason"` // why there is no captive portal to look for: no host of the service
}

// DNSAnswer is what the configured resolver said of a name.
type DNSAnswer struct {
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
	ElapsedMS float64  `json:"elapsed_ms"`
	Reason    string   `json:"reason"`         // an error, or what is odd about the answer
	Code      string   `json:"code,omitempty"` // the same for programs: hijacked, split_horizon, …
}

// Status values of a PortRow.
const (
	StatusPass        = "pass"
	StatusFail        = "fail"
	StatusNotMeasured = "not_measured"
)

// PortRow is one line of the firewall column.
type PortRow struct {
	Name        string   `json:"name"` // stable: the same row of two machines lines up
	Protocol    string   `json:"protocol"`
	Host        string   `json:"host"`
	Port        int      `json:"port,omitempty"`
	Ports       string   `json:"ports,omitempty"`  // 16384-65535
	Family      string   `json:"family,omitempty"` // ipv4, ipv6 where both were tried
	Required    bool     `json:"required"`
	Status      string   `json:"status"`
	Reason      string   `json:"reason"`          // refused, no_reply, unreachable, prohibited, dns, tls, intercepted, hijacked, reset_after_connect, …
	By          string   `json:"by,omitempty"`    // who said no, where that is known: this_machine, in_between, far_end
	Proxy       string   `json:"proxy,omitempty"` // that the check went through, as a browser would
	Detail      string   `json:"detail"`          // what was seen, in the system's own words; what to do about it is a finding
	Note        string   `json:"note,omitempty"`
	ElapsedMS   *float64 `json:"elapsed_ms"`
	Tested      []int    `json:"tested_ports,omitempty"`
	FailedPorts []int    `json:"failed_ports"` // of Tested; of a single port: empty, its status says it
}

// NotMeasured names something that could not be measured, and why.
type NotMeasured struct {
	// What is the path of the field, or of the part that holds it: voice.up,
	// voice.up.jitter_ms, bandwidth, nat.mapping, … Beside that: run and
	// voice.complete, what is missing of an incomplete run; firewall.responder,
	// the rows that ask the responder; voice.per_call[], such calls as lack it.
	What   string `json:"what"`
	Reason string `json:"reason"`
	Code   string `json:"code,omitempty"` // no_responder, not_asked, …: where something depends on it
}

// Connectivity says whether this computer reaches anything at all, and how.
// Everything else that was not measured may follow from it.
type Connectivity struct {
	Code  string `json:"code"`            // online, offline, proxy_only, dns_dead; "": not known
	Cause string `json:"cause,omitempty"` // of offline: no_address, no_route, no_resolver, no_answer
	Text  string `json:"text"`            // one sentence
}

// Causes of CodeOffline.
const (
	NoAddress  = "no_address"  // no interface has an address
	NoRoute    = "no_route"    // there is no way out of the own network
	NoResolver = "no_resolver" // no DNS resolver answers, and nothing was asked for by its address
	NoAnswer   = "no_answer"   // neither a resolver nor anything else answers
)
