package capture

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// began is when the captures of the tests begin: the wall clock of a capture
// means nothing to its figures.
var began = time.Date(2026, 11, 23, 12, 0, 0, 123456789, time.UTC)

// A sent is one RTP packet on its way through a network that a test makes up.
type sent struct {
	at              time.Duration // of arrival
	src, dst        string        // "" stands for the usual ones
	srcPort         uint16        // 0: 40000
	dstPort         uint16        // 0: 16384
	ssrc, timestamp uint32
	seq             uint16
	kind            uint8
	marker          bool
	tos             uint8
	payload         int // bytes
}

// network is how the packets of one stream fare.
type network struct {
	packets   int
	ssrc      uint32
	firstSeq  uint16
	firstTS   uint32
	kind      uint8
	step      uint32
	ptime     time.Duration
	loss      float64
	jitter    time.Duration // uniform, 0 to this
	late      float64       // share of packets that take 45 ms longer, past others
	duplicate float64
	skewPPM   float64
	src, dst  string
}

// run sends the packets. The first ones arrive on time and the last ones after
// all others, so that the span of sequence numbers is what was sent; none comes
// late across the wrap, where Wireshark 4.0 counts a cycle too many.
func (n network) run(r *rand.Rand) (arrived []sent, lost, duplicates int) {
	if n.step == 0 {
		n.step = 160
	}
	if n.ptime == 0 {
		n.ptime = 20 * time.Millisecond
	}
	var latest time.Duration
	for i := range n.packets {
		wrap := n.firstSeq+uint16(i) < 5 || n.firstSeq+uint16(i) > 65530
		edge := i < 5 || i > n.packets-5 || wrap
		if !edge && r.Float64() < n.loss {
			lost++
			continue
		}
		at := time.Duration(float64(i) * float64(n.ptime) * (1 + n.skewPPM/1e6))
		if n.jitter > 0 && !edge {
			at += time.Duration(r.Int64N(int64(n.jitter)))
		}
		if !edge && r.Float64() < n.late {
			at += 45 * time.Millisecond
		}
		if edge && i > 0 {
			at = max(at, latest+time.Millisecond)
		}
		latest = max(latest, at)
		p := sent{
			at: at, ssrc: n.ssrc, seq: n.firstSeq + uint16(i), timestamp: n.firstTS + uint32(i)*n.step,
			kind: n.kind, marker: i == 0, payload: 160, src: n.src, dst: n.dst, tos: 46 << 2,
		}
		arrived = append(arrived, p)
		if !edge && r.Float64() < n.duplicate {
			p.at += 300 * time.Microsecond
			arrived = append(arrived, p)
			duplicates++
		}
	}
	sorted(arrived)
	return arrived, lost, duplicates
}

func sorted(packets []sent) {
	slices.SortStableFunc(packets, func(a, b sent) int { return int(a.at - b.at) })
}

// rtp is the packet's bytes from the RTP header on.
func (s sent) rtp() []byte {
	b := make([]byte, 12+s.payload)
	b[0], b[1] = 0x80, s.kind
	if s.marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], s.seq)
	binary.BigEndian.PutUint32(b[4:], s.timestamp)
	binary.BigEndian.PutUint32(b[8:], s.ssrc)
	return b
}

// A wrapping puts a datagram into the frame of one kind of link.
type wrapping struct {
	name string
	link layers.LinkType
	v6   bool
	// head is what stands before the IP header.
	head func(etherType layers.EthernetType) []gopacket.SerializableLayer
	raw  func(etherType layers.EthernetType) []byte // the same for links that gopacket cannot write
}

func ethernet(next layers.EthernetType) *layers.Ethernet {
	return &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: next}
}

func onEthernet(next layers.EthernetType) []gopacket.SerializableLayer {
	return []gopacket.SerializableLayer{ethernet(next)}
}

// wrappings are all links that the reader promises.
func wrappings() []wrapping {
	nothing := func(layers.EthernetType) []byte { return nil }
	family := func(v4, v6 byte, order binary.ByteOrder) func(layers.EthernetType) []byte {
		return func(e layers.EthernetType) []byte {
			f := v4
			if e == layers.EthernetTypeIPv6 {
				f = v6
			}
			b := make([]byte, 4)
			order.PutUint32(b, uint32(f))
			return b
		}
	}
	return []wrapping{
		{name: "ethernet", link: layers.LinkTypeEthernet, head: onEthernet},
		{name: "ethernet-ipv6", link: layers.LinkTypeEthernet, v6: true, head: onEthernet},
		{name: "vlan", link: layers.LinkTypeEthernet, head: func(e layers.EthernetType) []gopacket.SerializableLayer {
			return []gopacket.SerializableLayer{ethernet(layers.EthernetTypeDot1Q), &layers.Dot1Q{VLANIdentifier: 100, Priority: 5, Type: e}}
		}},
		{name: "qinq-ipv6", link: layers.LinkTypeEthernet, v6: true, head: func(e layers.EthernetType) []gopacket.SerializableLayer {
			return []gopacket.SerializableLayer{
				ethernet(layers.EthernetTypeQinQ),
				&layers.Dot1Q{VLANIdentifier: 7, Type: layers.EthernetTypeDot1Q},
				&layers.Dot1Q{VLANIdentifier: 100, Type: e},
			}
		}},
		{name: "mpls", link: layers.LinkTypeEthernet, head: func(layers.EthernetType) []gopacket.SerializableLayer {
			return []gopacket.SerializableLayer{ethernet(layers.EthernetTypeMPLSUnicast), &layers.MPLS{Label: 17, StackBottom: true, TTL: 64}}
		}},
		{name: "pppoe", link: layers.LinkTypeEthernet, head: func(layers.EthernetType) []gopacket.SerializableLayer {
			return []gopacket.SerializableLayer{
				ethernet(layers.EthernetTypePPPoESession),
				&layers.PPPoE{Version: 1, Type: 1, SessionId: 9}, &layers.PPP{PPPType: layers.PPPTypeIPv4},
			}
		}},
		{name: "raw", link: layers.LinkTypeRaw, raw: nothing},
		{name: "raw-ipv6", link: layers.LinkTypeRaw, v6: true, raw: nothing},
		{name: "dlt-ipv4", link: layers.LinkTypeIPv4, raw: nothing},
		{name: "dlt-ipv6", link: layers.LinkTypeIPv6, v6: true, raw: nothing},
		{name: "null-little", link: layers.LinkTypeNull, raw: family(2, 30, binary.LittleEndian)},
		{name: "null-ipv6", link: layers.LinkTypeNull, v6: true, raw: family(2, 30, binary.LittleEndian)},
		{name: "loop", link: layers.LinkTypeLoop, raw: family(2, 24, binary.BigEndian)},
		{name: "cooked", link: layers.LinkTypeLinuxSLL, raw: func(e layers.EthernetType) []byte {
			return append([]byte{0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}, byte(e>>8), byte(e))
		}},
		{name: "cooked-2", link: layers.LinkTypeLinuxSLL2, raw: func(e layers.EthernetType) []byte {
			return []byte{byte(e >> 8), byte(e), 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}
		}},
		{name: "cooked-2-ipv6", link: layers.LinkTypeLinuxSLL2, v6: true, raw: func(e layers.EthernetType) []byte {
			return []byte{byte(e >> 8), byte(e), 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}
		}},
	}
}

// frame builds the frame around any UDP payload.
func (w wrapping) frame(tb testing.TB, s sent, payload []byte) []byte {
	tb.Helper()
	udp := &layers.UDP{SrcPort: layers.UDPPort(or(s.srcPort, 40000)), DstPort: layers.UDPPort(or(s.dstPort, 16384))}
	var ip gopacket.SerializableLayer
	etherType := layers.EthernetTypeIPv4
	if w.v6 {
		etherType = layers.EthernetTypeIPv6
		v6 := &layers.IPv6{
			Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, TrafficClass: s.tos,
			SrcIP: net.ParseIP(or(s.src, "2001:db8::1")), DstIP: net.ParseIP(or(s.dst, "2001:db8::2")),
		}
		must(tb, udp.SetNetworkLayerForChecksum(v6))
		ip = v6
	} else {
		v4 := &layers.IPv4{
			Version: 4, IHL: 5, TTL: 64, Protocol: layers.IPProtocolUDP, TOS: s.tos, Flags: layers.IPv4DontFragment,
			SrcIP: net.ParseIP(or(s.src, "192.0.2.1")).To4(), DstIP: net.ParseIP(or(s.dst, "192.0.2.2")).To4(),
		}
		must(tb, udp.SetNetworkLayerForChecksum(v4))
		ip = v4
	}
	var all []gopacket.SerializableLayer
	if w.head != nil {
		all = w.head(etherType)
	}
	all = append(all, ip, udp, gopacket.Payload(payload))
	b := gopacket.NewSerializeBuffer()
	must(tb, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...))
	frame := slices.Clone(b.Bytes())
	if w.raw != nil {
		frame = append(w.raw(etherType), frame...)
	}
	return frame
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// A file is a capture that is being written.
type file struct {
	name  string
	write func(tb testing.TB, w wrapping, packets []sent) []byte
}

// files are all formats that the reader promises.
func files() []file {
	return []file{
		{"pcap-nano", func(tb testing.TB, w wrapping, packets []sent) []byte {
			tb.Helper()
			return classicFile(tb, w, packets, true, 0)
		}},
		{"pcap-micro", func(tb testing.TB, w wrapping, packets []sent) []byte {
			tb.Helper()
			return classicFile(tb, w, packets, false, 0)
		}},
		{"pcap-snaplen", func(tb testing.TB, w wrapping, packets []sent) []byte {
			tb.Helper()
			return classicFile(tb, w, packets, true, 90)
		}},
		{"pcap-big-endian", func(tb testing.TB, w wrapping, packets []sent) []byte {
			tb.Helper()
			return bigEndian(classicFile(tb, w, packets, false, 0))
		}},
		{"pcapng", ngFile},
	}
}

func classicFile(tb testing.TB, w wrapping, packets []sent, nano bool, snap int) []byte {
	tb.Helper()
	var out bytes.Buffer
	p := pcapgo.NewWriter(&out)
	if nano {
		p = pcapgo.NewWriterNanos(&out)
	}
	must(tb, p.WriteFileHeader(65536, w.link))
	for _, s := range packets {
		frame := w.frame(tb, s, s.rtp())
		kept := frame
		if snap > 0 && len(kept) > snap {
			kept = kept[:snap]
		}
		must(tb, p.WritePacket(gopacket.CaptureInfo{Timestamp: began.Add(s.at), CaptureLength: len(kept), Length: len(frame)}, kept))
	}
	return out.Bytes()
}

func ngFile(tb testing.TB, w wrapping, packets []sent) []byte {
	tb.Helper()
	var out bytes.Buffer
	p, err := pcapgo.NewNgWriter(&out, w.link)
	must(tb, err)
	for _, s := range packets {
		frame := w.frame(tb, s, s.rtp())
		must(tb, p.WritePacket(gopacket.CaptureInfo{Timestamp: began.Add(s.at), CaptureLength: len(frame), Length: len(frame)}, frame))
	}
	must(tb, p.Flush())
	return out.Bytes()
}

// bigEndian turns the headers of a little-endian pcap file around.
func bigEndian(little []byte) []byte {
	b := slices.Clone(little)
	turn := func(at, size int) { slices.Reverse(b[at : at+size]) }
	for _, f := range [][2]int{{0, 4}, {4, 2}, {6, 2}, {8, 4}, {12, 4}, {16, 4}, {20, 4}} {
		turn(f[0], f[1])
	}
	for at := 24; at < len(b); {
		size := int(binary.LittleEndian.Uint32(b[at+8:]))
		for i := range 4 {
			turn(at+4*i, 4)
		}
		at += 16 + size
	}
	return b
}
