package capture

import (
	"bytes"
	"encoding/binary"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// be16 is a number of two bytes, as most headers hold them.
func be16(n int) []byte { return []byte{byte(n >> 8), byte(n)} }

// outer wraps bytes into UDP (port) or into another protocol over IPv4 on
// Ethernet.
func outer(tb testing.TB, proto layers.IPProtocol, port int, payload []byte) []byte {
	tb.Helper()
	ip := &layers.IPv4{
		Version: 4, IHL: 5, TTL: 64, Protocol: proto,
		SrcIP: net.ParseIP("198.51.100.1").To4(), DstIP: net.ParseIP("198.51.100.2").To4(),
	}
	all := []gopacket.SerializableLayer{ethernet(layers.EthernetTypeIPv4), ip}
	if proto == layers.IPProtocolUDP {
		udp := &layers.UDP{SrcPort: 50000, DstPort: layers.UDPPort(port)}
		must(tb, udp.SetNetworkLayerForChecksum(ip))
		all = append(all, udp)
	}
	b := gopacket.NewSerializeBuffer()
	must(tb, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, append(all, gopacket.Payload(payload))...))
	return slices.Clone(b.Bytes())
}

// A nesting puts an Ethernet frame, or the IP packet in it, into something.
type nesting struct {
	name   string
	link   layers.LinkType // 0: Ethernet
	wrap   func(tb testing.TB, frame, ip []byte) []byte
	via    string
	theirs bool // tshark finds it too, without being told more
}

func join(parts ...[]byte) []byte { return slices.Concat(parts...) }

func inUDP(port int, head ...byte) func(testing.TB, []byte, []byte) []byte {
	return func(tb testing.TB, frame, _ []byte) []byte {
		tb.Helper()
		return outer(tb, layers.IPProtocolUDP, port, join(head, frame))
	}
}

func ipInUDP(port int, head func(ip []byte) []byte) func(testing.TB, []byte, []byte) []byte {
	return func(tb testing.TB, _, ip []byte) []byte {
		tb.Helper()
		return outer(tb, layers.IPProtocolUDP, port, join(head(ip), ip))
	}
}

func inIP(proto layers.IPProtocol, head ...byte) func(testing.TB, []byte, []byte) []byte {
	return func(tb testing.TB, frame, ip []byte) []byte {
		tb.Helper()
		if len(head) == 0 {
			return outer(tb, proto, 0, ip)
		}
		return outer(tb, proto, 0, join(head, frame))
	}
}

func before(head ...byte) func(testing.TB, []byte, []byte) []byte {
	return func(_ testing.TB, _, ip []byte) []byte { return join(head, ip) }
}

func tagged(tags ...byte) func(testing.TB, []byte, []byte) []byte {
	return func(_ testing.TB, frame, ip []byte) []byte { return join(frame[:12], tags, ip) }
}

func nestings() []nesting {
	gtp := func(flags byte, more ...byte) func([]byte) []byte {
		return func(ip []byte) []byte {
			return join([]byte{0x30 | flags, 0xff}, be16(len(ip)+len(more)), []byte{0, 0, 0, 9}, more)
		}
	}
	sll := append([]byte{0, 0, 0, 32, 0, 20}, make([]byte, 8)...) // InfiniBand's addresses are 20 bytes long
	return []nesting{
		{"cooked, long address", layers.LinkTypeLinuxSLL, before(append(sll, 8, 0)...), "", true},
		{"cooked, VLAN", layers.LinkTypeLinuxSLL, before(append(sll, 0x81, 0, 0, 5, 8, 0)...), "", true},
		{"VLAN 9100 in 8100", 0, tagged(0x91, 0, 0, 7, 0x81, 0, 0, 8, 8, 0), "", true},
		{"VLAN 9200", 0, tagged(0x92, 0, 0, 7, 8, 0), "", false},
		{"VLAN 88a8 in 88a8 in 8100", 0, tagged(0x88, 0xa8, 0, 7, 0x88, 0xa8, 0, 7, 0x81, 0, 0, 8, 8, 0), "", true},
		{"MPLS, three labels", 0, tagged(0x88, 0x47, 0, 1, 0, 64, 0, 2, 0, 64, 0, 3, 1, 64), "", true},
		{"Ethernet over MPLS", 0, func(_ testing.TB, frame, _ []byte) []byte {
			return join(frame[:12], []byte{0x88, 0x47, 0, 3, 1, 64, 0, 0, 0, 0}, frame)
		}, "", false},
		{"LLC with SNAP", 0, func(_ testing.TB, frame, ip []byte) []byte {
			return join(frame[:12], be16(len(ip)+8), []byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}, ip)
		}, "", true},
		{"802.1ah", 0, func(_ testing.TB, frame, _ []byte) []byte {
			return join(frame[:12], []byte{0x88, 0xe7, 0, 0, 0, 1}, frame)
		}, "", true},
		{"PPPoE", 0, func(_ testing.TB, frame, ip []byte) []byte {
			return join(frame[:12], []byte{0x88, 0x64, 0x11, 0, 0, 9}, be16(len(ip)+2), []byte{0, 0x21}, ip)
		}, "", true},
		{"PPP", layers.LinkTypePPP, before(0, 0x21), "", true},
		{"PPP with FF 03", layers.LinkTypePPP, before(0xff, 3, 0, 0x21), "", true},
		{"PPP, one byte of protocol", layers.LinkTypePPP, before(0x21), "", true},
		{"PPP, HDLC", layers.LinkTypePPP_HDLC, before(0xff, 3, 0, 0x21), "", true},
		{"Cisco HDLC", linkCiscoHDLC, before(0x0f, 0, 8, 0), "", true},
		{"NFLOG", linkNFLog, func(_ testing.TB, _, ip []byte) []byte {
			size := binary.LittleEndian.AppendUint16(nil, uint16(len(ip)+4))
			return join([]byte{2, 0, 0, 0, 6, 0, 10, 0, 'x', 0, 0, 0}, size, []byte{9, 0}, ip)
		}, "", true},
		{"PKTAP", linkPktap, func(_ testing.TB, frame, _ []byte) []byte {
			head := make([]byte, 108)
			head[0], head[4], head[8] = 108, 1, 1
			return join(head, frame)
		}, "", false},
		{"raw on BSD", linkRawBSD, before(), "", false},
		{"Wi-Fi", linkRadiotap, wifi([]byte{0, 0, 8, 0, 0, 0, 0, 0}, 0x08, 0x01), "", true},
		{"Wi-Fi, no radio header", linkWiFi, wifi(nil, 0x08, 0x02), "", true},
		{"Wi-Fi, QoS", linkWiFi, wifi(nil, 0x88, 0x01, 5, 0), "", true},
		{"Wi-Fi, QoS and HT Control", linkWiFi, wifi(nil, 0x88, 0x81, 5, 0, 0, 0, 0, 0), "", true},
		{"Wi-Fi between access points", linkWiFi, wifi(nil, 0x08, 0x03, 2, 0, 0, 0, 0, 9), "", true},
		{"Wi-Fi, padded, two bitmaps and a time", linkRadiotap, wifi([]byte{0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x20}, 0x88, 0x01, 5, 0, 0, 0), "", true},
		{"Wi-Fi, Prism", linkPrism, wifi(append([]byte{0x44, 0, 0, 0, 144, 0, 0, 0}, make([]byte, 136)...), 0x08, 0x01), "", true},
		{"Wi-Fi, AVS", linkAVS, wifi(append([]byte{0x80, 0x21, 0x10, 1, 0, 0, 0, 64}, make([]byte, 56)...), 0x08, 0x01), "", false},
		{"Wi-Fi, joined frames", linkWiFi, func(_ testing.TB, frame, ip []byte) []byte {
			other := join(frame[:12], be16(12), llcSNAP, []byte{0x88, 0x8e, 1, 1, 0, 0}) // EAPOL-Start
			return join([]byte{0x88, 1, 0, 0}, frame[:12], frame[:6], []byte{0, 0, 0x85, 0}, other, make([]byte, 2), frame[:12], be16(len(llcSNAP)+2+len(ip)), llcSNAP, []byte{8, 0}, ip)
		}, "", true},
		{"GTP-U", 0, ipInUDP(2152, gtp(0)), "gtp-u", true},
		{"GTP-U with a number", 0, ipInUDP(2152, gtp(2, 0, 1, 0, 0)), "gtp-u", true},
		{"GTP-U of 5G", 0, ipInUDP(2152, gtp(4, 0, 0, 0, 0x85, 1, 0x10, 9, 0)), "gtp-u", true},
		{"VXLAN", 0, inUDP(4789, 8, 0, 0, 0, 0, 0, 1, 0), "vxlan", true},
		{"VXLAN of old", 0, inUDP(8472, 8, 0, 0, 0, 0, 0, 1, 0), "vxlan", false},
		{"Geneve", 0, inUDP(6081, 0, 0, 0x65, 0x58, 0, 0, 1, 0), "geneve", true},
		{"Geneve with options", 0, inUDP(6081, 2, 0, 0x65, 0x58, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0), "geneve", true},
		{"TZSP", 0, inUDP(37008, 1, 0, 0, 1, 0x0a, 1, 3, 0, 1), "tzsp", true},
		{"L2TP", 0, ipInUDP(1701, func(ip []byte) []byte {
			return join([]byte{0x40, 2}, be16(len(ip)+12), []byte{0, 1, 0, 1, 0xff, 3, 0, 0x21})
		}), "l2tp", true},
		{"MPLS in UDP", 0, ipInUDP(6635, func([]byte) []byte { return []byte{0, 3, 1, 64} }), "mpls", false},
		{"IP in IP", 0, inIP(layers.IPProtocolIPv4), "", true},
		{"GRE", 0, func(tb testing.TB, _, ip []byte) []byte {
			tb.Helper()
			return outer(tb, layers.IPProtocolGRE, 0, join([]byte{0x20, 0, 8, 0, 0, 0, 0, 7}, ip))
		}, "gre", true},
		{"GRE, Ethernet", 0, inIP(layers.IPProtocolGRE, 0, 0, 0x65, 0x58), "gre", true},
		{"PPTP", 0, func(tb testing.TB, _, ip []byte) []byte {
			tb.Helper()
			return outer(tb, layers.IPProtocolGRE, 0, join([]byte{0x30, 1, 0x88, 0x0b}, be16(len(ip)+2), []byte{0, 1, 0, 0, 0, 1, 0, 0x21}, ip))
		}, "gre", false},
		{"ERSPAN", 0, inIP(layers.IPProtocolGRE, 0, 0, 0x88, 0xbe), "gre", false},
		{"ERSPAN II", 0, inIP(layers.IPProtocolGRE, 0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 1, 0, 0, 0, 0), "gre", true},
		{"ERSPAN III", 0, inIP(layers.IPProtocolGRE, 0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0), "gre", true},
		{"EtherIP", 0, inIP(layers.IPProtocolEtherIP, 0x30, 0), "", true},
	}
}

var llcSNAP = []byte{0xaa, 0xaa, 3, 0, 0, 0}

// wifi puts IP into a frame of IEEE 802.11: after a driver's header, with the first
// two bytes and what follows the three addresses and the number of the frame.
func wifi(head []byte, kind, flags byte, more ...byte) func(testing.TB, []byte, []byte) []byte {
	return func(_ testing.TB, frame, ip []byte) []byte {
		return join(head, []byte{kind, flags, 0, 0}, frame[:12], frame[:6], []byte{0, 0}, more, llcSNAP, []byte{8, 0}, ip)
	}
}

// What is encrypted, empty or a further fragment holds no call, and no damage harms.
func TestWiFiFramesWithoutIP(t *testing.T) {
	packets, _, _ := network{packets: 1, ssrc: 1}.run(fixed(1))
	ethernet := wrappings()[0].frame(t, packets[0], packets[0].rtp())
	for _, test := range []struct {
		name        string
		kind, flags byte
		number      byte
		protected   int
	}{
		{"protected", 0x88, 0x41, 0, 1}, {"empty", 0x48, 0x01, 0, 0}, {"a beacon", 0x80, 0, 0, 0}, {"a further fragment", 0x08, 0x01, 3, 0},
	} {
		b := wifi(nil, test.kind, test.flags)(t, ethernet, ethernet[ethernetHeader:])
		b[22] = test.number
		var found int
		d := newDecoder(func(datagram, time.Time) { found++ })
		for size := range len(b) {
			for _, link := range []uint32{linkWiFi, linkRadiotap, linkPrism} {
				d.decode(frame{data: b[:size], link: link})
			}
		}
		d.notRead = map[Kind]int{}
		d.decode(frame{data: b, link: linkWiFi})
		if found != 0 || d.notRead[ProtectedWiFi] != test.protected {
			t.Errorf("%s: %d datagrams, %d protected", test.name, found, d.notRead[ProtectedWiFi])
		}
	}
}

// write makes a capture of packets that are nested so.
func (n nesting) write(tb testing.TB, packets []sent) []byte {
	tb.Helper()
	return framesFile(tb, n.linkType(), packets, n.frames(tb, packets))
}

func (n nesting) linkType() layers.LinkType {
	if n.link == 0 {
		return layers.LinkTypeEthernet
	}
	return n.link
}

func (n nesting) frames(tb testing.TB, packets []sent) [][]byte {
	tb.Helper()
	var frames [][]byte
	for _, p := range packets {
		frame := wrappings()[0].frame(tb, p, p.rtp())
		frames = append(frames, n.wrap(tb, frame, frame[14:]))
	}
	return frames
}

// framesFile is a pcap of frames that arrive when the packets do.
func framesFile(tb testing.TB, link layers.LinkType, packets []sent, frames [][]byte) []byte {
	tb.Helper()
	out := bytes.NewBuffer(binary.LittleEndian.AppendUint32(nil, magicNano))
	put := func(numbers ...uint32) {
		for _, n := range numbers {
			out.Write(binary.LittleEndian.AppendUint32(nil, n))
		}
	}
	put(4<<16|2, 0, 0, 65535, uint32(link))
	for i, f := range frames {
		at := began.Add(packets[i].at)
		put(uint32(at.Unix()), uint32(at.Nanosecond()), uint32(len(f)), uint32(len(f)))
		out.Write(f)
	}
	return out.Bytes()
}

// What hosts and probes of the field put around a packet is removed.
func TestWhatTheFieldPutsAround(t *testing.T) {
	for _, n := range nestings() {
		t.Run(n.name, func(t *testing.T) {
			packets, lost, _ := network{packets: 200, ssrc: 0xabc, loss: 0.1}.run(fixed(4))
			s, m := only(t, read(t, n.write(t, packets), Options{}))
			if m.Sent != 200 || m.Lost != lost || s.Via != n.via {
				t.Errorf("%d sent, %d lost, via %q; want 200, %d, %q", m.Sent, m.Lost, s.Via, lost, n.via)
			}
			if s.Src.String() != "192.0.2.1:40000" || m.DSCP == nil || *m.DSCP != 46 {
				t.Errorf("from %v, DSCP %v", s.Src, m.DSCP)
			}
		})
	}
}

// CentOS 7's tcpdump -i any wrote packets of which more was captured than there
// was.
func TestMoreCapturedThanThereWas(t *testing.T) {
	packets, _, _ := network{packets: 300, ssrc: 1}.run(fixed(1))
	for _, w := range wrappings() {
		b := classicFile(t, w, packets, false, 0)
		for at := classicHeader; at < len(b); {
			size := binary.LittleEndian.Uint32(b[at+8:])
			binary.LittleEndian.PutUint32(b[at+12:], size-16)
			at += recordHeader + int(size)
		}
		if _, m := only(t, read(t, b, Options{})); m.Received != 300 {
			t.Errorf("%s: %d received, want 300", w.name, m.Received)
		}
	}
}

// Wherever a small snap length cuts a frame, nothing breaks.
func TestFramesCutAnywhere(t *testing.T) {
	packets, _, _ := network{packets: 3, ssrc: 1}.run(fixed(1))
	for _, n := range nestings() {
		whole := n.write(t, packets)[classicHeader+recordHeader:]
		d := newDecoder(func(u datagram, _ time.Time) {
			if len(u.payload) > u.size {
				t.Errorf("%s: %d bytes of %d", n.name, len(u.payload), u.size)
			}
		})
		for size := range 300 {
			d.decode(frame{data: whole[:min(size, len(whole))], at: began, link: uint32(n.linkType())})
		}
	}
}
