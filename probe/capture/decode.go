package capture

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// A datagram is one UDP datagram, as far as it was captured.
type datagram struct {
	src, dst netip.AddrPort
	payload  []byte
	size     int // of the payload as sent; the capture may hold less
	dscp     int
}

// Link types that gopacket has no name for.
const (
	linkRawBSD     = layers.LinkType(12) // DLT_RAW on most systems
	linkRawOpenBSD = layers.LinkType(14) // DLT_RAW on OpenBSD
	linkLoop       = layers.LinkTypeLoop // OpenBSD loopback
	linkNull       = layers.LinkTypeNull // BSD loopback
	loopbackHeader = 4                   // the address family, in either byte order
)

// decoder finds the innermost UDP datagram of a frame. Its layers are reused
// from frame to frame.
type decoder struct {
	eth      layers.Ethernet
	vlan     layers.Dot1Q
	sll      layers.LinuxSLL
	sll2     layers.LinuxSLL2
	ip4      layers.IPv4
	ip6      layers.IPv6
	skip     layers.IPv6ExtensionSkipper
	fragment layers.IPv6Fragment
	gre      layers.GRE
	vxlan    layers.VXLAN
	udp      layers.UDP

	parsers map[gopacket.LayerType]*gopacket.DecodingLayerParser
	found   []gopacket.LayerType

	fragments int                     // second and further pieces
	unknown   map[layers.LinkType]int // frames of a link type that cannot be read
}

func newDecoder() *decoder {
	d := &decoder{parsers: map[gopacket.LayerType]*gopacket.DecodingLayerParser{}, unknown: map[layers.LinkType]int{}}
	for _, first := range []gopacket.LayerType{
		layers.LayerTypeEthernet, layers.LayerTypeLinuxSLL, layers.LayerTypeLinuxSLL2,
		layers.LayerTypeIPv4, layers.LayerTypeIPv6,
	} {
		// The fragment header comes after the skipper, which would take it
		// for an extension that can be skipped.
		d.parsers[first] = gopacket.NewDecodingLayerParser(first,
			&d.eth, &d.vlan, &d.sll, &d.sll2, &d.ip4, &d.ip6, &d.skip, &d.fragment, &d.gre, &d.vxlan, &d.udp)
	}
	return d
}

// datagram decodes a frame. Most frames of a capture hold none.
func (d *decoder) datagram(f frame) (datagram, bool) {
	data := f.data
	var first gopacket.LayerType
	switch f.link {
	case layers.LinkTypeEthernet:
		first = layers.LayerTypeEthernet
	case layers.LinkTypeLinuxSLL:
		first = layers.LayerTypeLinuxSLL
	case layers.LinkTypeLinuxSLL2:
		first = layers.LayerTypeLinuxSLL2
	case layers.LinkTypeRaw, linkRawBSD, linkRawOpenBSD, layers.LinkTypeIPv4, layers.LinkTypeIPv6:
		first = ipVersion(data)
	case linkNull, linkLoop:
		if len(data) < loopbackHeader {
			return datagram{}, false
		}
		data = data[loopbackHeader:]
		first = ipVersion(data)
	default:
		return d.slow(f)
	}
	parser, ok := d.parsers[first]
	if !ok {
		return datagram{}, false
	}
	d.found = d.found[:0]
	err := parser.DecodeLayers(data, &d.found)
	if unsupported, ok := err.(gopacket.UnsupportedLayerType); ok && wrapped(gopacket.LayerType(unsupported)) { //nolint:errorlint // gopacket returns it bare, and this is the hot path
		return d.slow(f)
	}
	return d.innermost()
}

// ipVersion tells IPv4 from IPv6 by the first four bits.
func ipVersion(data []byte) gopacket.LayerType {
	if len(data) > 0 {
		switch data[0] >> 4 {
		case 4:
			return layers.LayerTypeIPv4
		case 6:
			return layers.LayerTypeIPv6
		}
	}
	return gopacket.LayerTypeZero
}

// innermost picks the datagram out of the layers that were found.
func (d *decoder) innermost() (datagram, bool) {
	var out datagram
	var src, dst netip.Addr
	for _, t := range d.found {
		switch t {
		case layers.LayerTypeIPv4:
			src, _ = netip.AddrFromSlice(d.ip4.SrcIP)
			dst, _ = netip.AddrFromSlice(d.ip4.DstIP)
			out.dscp = int(d.ip4.TOS >> 2)
		case layers.LayerTypeIPv6:
			src, _ = netip.AddrFromSlice(d.ip6.SrcIP)
			dst, _ = netip.AddrFromSlice(d.ip6.DstIP)
			out.dscp = int(d.ip6.TrafficClass >> 2)
		}
	}
	if len(d.found) == 0 || !d.reachesUDP(d.found[len(d.found)-1]) {
		return datagram{}, false
	}
	out.src = netip.AddrPortFrom(src.Unmap(), uint16(d.udp.SrcPort))
	out.dst = netip.AddrPortFrom(dst.Unmap(), uint16(d.udp.DstPort))
	out.payload = d.udp.Payload
	out.size = max(int(d.udp.Length)-8, len(out.payload))
	return out, true
}

// reachesUDP says whether the last layer leaves d.udp filled. The first piece of
// a fragmented datagram holds all of its RTP header, and is enough.
func (d *decoder) reachesUDP(last gopacket.LayerType) bool {
	switch last {
	case layers.LayerTypeUDP:
		return true
	case layers.LayerTypeIPv4:
		return d.ip4.Protocol == layers.IPProtocolUDP && d.firstPiece(d.ip4.FragOffset, d.ip4.Payload)
	case layers.LayerTypeIPv6Fragment:
		return d.fragment.NextHeader == layers.IPProtocolUDP && d.firstPiece(d.fragment.FragmentOffset, d.fragment.Payload)
	}
	return false
}

func (d *decoder) firstPiece(offset uint16, payload []byte) bool {
	if offset != 0 {
		d.fragments++
		return false
	}
	return d.udp.DecodeFromBytes(payload, gopacket.NilDecodeFeedback) == nil
}

// wrapped says whether the datagram may be below a layer that only the general
// decoder knows.
func wrapped(t gopacket.LayerType) bool {
	return slices.Contains([]gopacket.LayerType{
		layers.LayerTypeMPLS, layers.LayerTypePPPoE, layers.LayerTypePPP, layers.LayerTypeLLC, layers.LayerTypeERSPANII,
	}, t)
}

// slow decodes with everything that gopacket knows: PPP, MPLS, Wi-Fi.
func (d *decoder) slow(f frame) (datagram, bool) {
	switch f.link {
	case layers.LinkTypeEthernet, layers.LinkTypeLinuxSLL, layers.LinkTypeLinuxSLL2,
		layers.LinkTypePPP, layers.LinkTypePPP_HDLC, layers.LinkTypePPPEthernet,
		layers.LinkTypeIEEE802_11, layers.LinkTypeIEEE80211Radio, layers.LinkTypePrismHeader:
	default:
		d.unknown[f.link]++
		return datagram{}, false
	}
	packet := gopacket.NewPacket(f.data, f.link, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	layer, ok := packet.Layer(layers.LayerTypeUDP).(*layers.UDP)
	if !ok {
		return datagram{}, false
	}
	d.udp = *layer
	d.found = append(d.found[:0], layers.LayerTypeUDP)
	switch ip := packet.NetworkLayer().(type) {
	case *layers.IPv4:
		d.ip4, d.found = *ip, append([]gopacket.LayerType{layers.LayerTypeIPv4}, d.found...)
	case *layers.IPv6:
		d.ip6, d.found = *ip, append([]gopacket.LayerType{layers.LayerTypeIPv6}, d.found...)
	default:
		return datagram{}, false
	}
	return d.innermost()
}

// notes say what was left out.
func (d *decoder) notes() []string {
	var notes []string
	if d.fragments > 0 {
		notes = append(notes, fmt.Sprintf("%d further IP fragments of UDP datagrams were left out: a fragmented datagram counts by its first piece.", d.fragments))
	}
	if len(d.unknown) > 0 {
		var kinds []string
		total := 0
		for link, n := range d.unknown {
			kinds = append(kinds, fmt.Sprintf("%d (%s)", uint16(link), link))
			total += n
		}
		slices.Sort(kinds)
		notes = append(notes, fmt.Sprintf("%d packets of link type %s cannot be read: capture on an Ethernet, IP or loopback interface.", total, strings.Join(kinds, ", ")))
	}
	return notes
}
