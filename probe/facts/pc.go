package facts

// PC is what kept this machine from running during the call.
type PC struct {
	// Load of the busiest core in its busiest second. Null: the system did not tell.
	BusiestCorePercent *float64 `json:"busiest_core_percent"`
	// Time that runnable programs waited for a processor, in the worst second
	// (PSI, cpu some). Null: the system does not tell.
	PressurePercent *float64 `json:"pressure_percent"`
	// Share of time that the host of this virtual machine gave to others, in the worst
	// second. Null: the system does not tell.
	StealPercent *float64 `json:"steal_percent"`
	// Time that a quota of CPU time kept this program waiting, over the call. Null:
	// there is no quota, or the system does not tell.
	ThrottledMS *float64 `json:"throttled_ms"`
	// Longest time from the kernel's stamp of a packet to its reading. Null: no
	// kernel stamps.
	ReadLateMaxMS *float64    `json:"read_late_max_ms"`
	ClockSteps    []ClockStep `json:"clock_steps"` // when the wall clock was set
	Sleeps        []Sleep     `json:"sleeps"`      // when this machine or program did not run
	// UDP datagrams that the system dropped because a send buffer was full, of
	// all programs. Null: the system does not tell.
	SendErrors *int64 `json:"send_errors"`
	// The same of receive buffers. Null: as `send_errors`.
	ReceiveErrors *int64 `json:"receive_errors"`
	// Packets that the call's interface refused or damaged, both directions. Null:
	// the system does not tell.
	InterfaceErrors *int64 `json:"interface_errors"`
	// Packets that the interface of the call dropped because its queue was full. Null: as
	// `interface_errors`.
	InterfaceDrops *int64 `json:"interface_drops"`
	// The system saves power: processors and Wi-Fi slow down. Null: the system does
	// not tell.
	PowerSaver *bool  `json:"power_saver"`
	OnBattery  *bool  `json:"on_battery"` // it runs on its battery. Null: the system does not tell
	Reason     string `json:"reason"`     // which of these the system does not tell
}

// ClockStep is a moment at which the wall clock was set.
type ClockStep struct {
	AtS  float64 `json:"at_s"`  // since the first packet
	ByMS float64 `json:"by_ms"` // positive: forward
}

// Values of `voice.pc.sleeps[].code`.
const (
	SleepSuspended = "suspended" // the machine slept (standby)
	SleepStopped   = "stopped"   // this program did not run, though the machine was awake
)

// Sleep is a time in which this program did not run.
type Sleep struct {
	AtS  float64 `json:"at_s"`  // since the first packet
	ForS float64 `json:"for_s"` // how long
	Code string  `json:"code"`  // what slept
}

// PCSecond is how busy this machine was in one second of the call. Which
// figures the system does not tell is said in `voice.pc`.
type PCSecond struct {
	CPUPercent         *float64 `json:"cpu_percent"`          // load of all cores, mean. Null: the system does not tell
	BusiestCorePercent *float64 `json:"busiest_core_percent"` // load of the busiest core. Null: as `cpu_percent`
	PressurePercent    *float64 `json:"pressure_percent"`     // as in `voice.pc`. Null: as there
	StealPercent       *float64 `json:"steal_percent"`        // as in `voice.pc`. Null: as there
	ThrottledMS        *float64 `json:"throttled_ms"`         // as in `voice.pc`. Null: as there
	// Latest departure of a packet of the call, against its due time. Null: no packet
	// was sent in this second.
	SendLateMS *float64 `json:"send_late_ms"`
	// Longest time from the kernel's stamp of a packet of the call to its reading.
	// Null: nothing arrived, or no kernel stamps.
	ReadLateMS    *float64 `json:"read_late_ms"`
	SocketDropped int      `json:"socket_dropped"` // datagrams that the call's own socket dropped because its buffer was full
}

// LineSecond is the traffic of the call's interface in one second of the call,
// of all programs of this machine.
type LineSecond struct {
	UpMbps   float64 `json:"up_mbps"`   // sent
	DownMbps float64 `json:"down_mbps"` // received
	// What of it was not this run's: other programs of this machine.
	OthersUpMbps   float64 `json:"others_up_mbps"`
	OthersDownMbps float64 `json:"others_down_mbps"` // the same, received
}
