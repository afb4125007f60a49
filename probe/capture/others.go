package capture

import "fmt"

// Kind is the code of something in a capture that is not read.
type Kind string

// What is not read.
const (
	Fax           Kind = "t38"
	IPsec         Kind = "ipsec"
	WireGuard     Kind = "wireguard"
	MACsec        Kind = "macsec"
	ProtectedWiFi Kind = "protected_wifi"
	CompressedPPP Kind = "compressed_ppp"
	UnknownLink   Kind = "unknown_link"
)

// kinds are their words and what to do about each.
var kinds = map[Kind][2]string{
	Fax:           {"T.38 fax (UDPTL)", "that is not speech, and has neither jitter nor a MOS"},
	IPsec:         {"IPsec (ESP)", "they are encrypted: capture on the inner side of the tunnel"},
	WireGuard:     {"WireGuard", "they are encrypted: capture on the inner side of the tunnel"},
	MACsec:        {"MACsec", "they are encrypted: capture behind the switch port"},
	ProtectedWiFi: {"encrypted Wi-Fi", "capture on the computer's own interface instead of the air"},
	CompressedPPP: {"compressed or multilink PPP", "capture on an Ethernet, IP or loopback interface"},
	UnknownLink:   {"", "they cannot be read: capture on an Ethernet, IP or loopback interface"},
}

// An Other is something in a capture, other than RTP, that is not read.
type Other struct {
	Kind    Kind   `json:"code"`
	Detail  string `json:"detail"` // for people
	Packets int    `json:"packets"`
}

// String is a sentence for people.
func (o Other) String() string {
	words := kinds[o.Kind]
	what := words[0]
	if o.Detail != "" {
		what = o.Detail
	}
	return fmt.Sprintf("The file holds %d packets of %s, which are not read: %s.", o.Packets, what, words[1])
}
