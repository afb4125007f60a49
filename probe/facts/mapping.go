package facts

// MappingChange is a new public address or port of this machine during a call.
type MappingChange struct {
	Call         int     `json:"call"`          // of which call; the first is 0
	AtS          float64 `json:"at_s"`          // when the far end saw it, since the first packet
	From         string  `json:"from"`          // `ip:port` before
	To           string  `json:"to"`            // `ip:port` after
	OtherAddress bool    `json:"other_address"` // the address is another too, not only the port
}
