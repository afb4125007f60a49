package facts

// WifiLink is the wireless part of the way, as this machine's own adapter sees
// it.
type WifiLink struct {
	SSID    string   `json:"ssid"`    // name of the network; empty: the system does not tell
	BSSID   string   `json:"bssid"`   // address of the access point; empty: the system does not tell
	Band    string   `json:"band"`    // `2.4 GHz`, `5 GHz`, `6 GHz`; empty: the system does not tell
	Channel *int     `json:"channel"` // number of the channel. Null: the system does not tell
	MHz     *float64 `json:"mhz"`     // middle of the channel's first 20 MHz. Null: as `channel`
	// Signal strength: mean over the call. Null: the system does not tell.
	SignalDBM    *float64 `json:"signal_dbm"`
	SignalMinDBM *float64 `json:"signal_min_dbm"` // weakest in the call. Null: as `signal_dbm`
	TxMbps       *float64 `json:"tx_mbps"`        // rate of the radio, to the access point. Null: the system does not tell
	RxMbps       *float64 `json:"rx_mbps"`        // rate of the radio, from the access point. Null: as `tx_mbps`
	// Frames that had to be sent again during the call, in percent of all that were
	// sent. Null: the system does not tell.
	RetryPercent *float64 `json:"retry_percent"`
	Failed       *int64   `json:"failed"`       // frames given up during the call. Null: as `retry_percent`
	BeaconsLost  *int64   `json:"beacons_lost"` // beacons of the access point that were missed. Null: as `retry_percent`
	Roams        []Roam   `json:"roams"`        // moves to another access point during the call; empty, too, where `reason` says that the radio was not watched
	Reason       string   `json:"reason"`       // why a figure of these is missing
}

// Roam is a move to another access point, or the loss of one.
type Roam struct {
	AtS  float64 `json:"at_s"` // since the first packet
	From string  `json:"from"` // address of the access point; empty: there was none
	To   string  `json:"to"`   // the same; empty: there is none
}

// Values of `machine.interface.duplex`.
const (
	DuplexFull = "full" // both directions at once
	DuplexHalf = "half" // one direction at a time: collisions, and a fault on any cable of today
)
