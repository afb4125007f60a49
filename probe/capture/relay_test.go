package capture

import (
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"netready/internal/seed"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// channelData is ChannelData of TURN, padded as over TCP.
func channelData(payload []byte) []byte {
	b := join([]byte{0x40, 1}, be16(len(payload)), payload)
	return append(b, make([]byte, -len(payload)&3)...)
}

// indication is a Send (0x16) or Data (0x17) indication of TURN.
func indication(kind byte, payload []byte) []byte {
	peer := []byte{0, 0x12, 0, 8, 0, 1, 0x11, 0x22, 1, 2, 3, 4}
	data := join([]byte{0, stunDataAttr}, be16(len(payload)), payload, make([]byte, -len(payload)&3))
	return join([]byte{0, kind}, be16(len(peer)+len(data)), []byte{0x21, 0x12, 0xa4, 0x42}, make([]byte, 12), peer, data)
}

func TestRTPInTURN(t *testing.T) {
	for name, wrap := range map[string]func([]byte) []byte{
		"ChannelData":     channelData,
		"Send indication": func(b []byte) []byte { return indication(0x16, b) },
		"Data indication": func(b []byte) []byte { return indication(0x17, b) },
	} {
		for _, w := range []wrapping{wrappings()[0], wrappings()[1]} {
			t.Run(name+"/"+w.name, func(t *testing.T) {
				packets, lost, _ := network{packets: 300, ssrc: 7, loss: 0.05}.run(fixed(5))
				var frames [][]byte
				for i, p := range packets {
					p.payload = 20 + i%50
					p.dstPort = 3478
					frames = append(frames, w.frame(t, p, wrap(p.rtp())))
				}
				s, m := only(t, read(t, framesFile(t, w.link, packets, frames), Options{}))
				if m.Sent != 300 || m.Lost != lost || s.Via != "turn" {
					t.Errorf("%d sent, %d lost, via %q; want 300, %d, turn", m.Sent, m.Lost, s.Via, lost)
				}
			})
		}
	}
}

// segment is a frame with a TCP segment.
func tcpFrame(tb testing.TB, seq uint32, data []byte) []byte {
	tb.Helper()
	ip := &layers.IPv4{
		Version: 4, IHL: 5, TTL: 64, Protocol: layers.IPProtocolTCP, TOS: 46 << 2,
		SrcIP: net.ParseIP("192.0.2.1").To4(), DstIP: net.ParseIP("192.0.2.2").To4(),
	}
	tcp := &layers.TCP{SrcPort: 40000, DstPort: 3478, Seq: seq, ACK: true, Window: 1000}
	must(tb, tcp.SetNetworkLayerForChecksum(ip))
	b := gopacket.NewSerializeBuffer()
	must(tb, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		ethernet(layers.EthernetTypeIPv4), ip, tcp, gopacket.Payload(data)))
	return slices.Clone(b.Bytes())
}

// RTP in TCP is found however the segments are cut, whatever stands before it,
// and though segments come twice or in another order.
func TestRTPInTCP(t *testing.T) {
	framings := []struct {
		name, via string
		first     []byte
		wrap      func([]byte) []byte
	}{
		{"RFC 4571", "rfc4571", nil, func(b []byte) []byte { return join(be16(len(b)), b) }},
		{"TURN", "turn", indication(3, nil), channelData},
		{"TURN, indications", "turn", nil, func(b []byte) []byte { return indication(0x17, b) }},
		{"RTSP", "rtsp", []byte("RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n"), func(b []byte) []byte { return join([]byte{'$', 0}, be16(len(b)), b) }},
	}
	seed := seed.Of(t)
	for _, f := range framings {
		t.Run(f.name, func(t *testing.T) {
			for run := range uint64(10) {
				r := rand.New(rand.NewPCG(seed, run))
				frames, times := tcpFrames(t, r, f.first, f.wrap)
				c := read(t, framesFile(t, layers.LinkTypeEthernet, times, frames), Options{})
				s, m := only(t, c)
				if m.Sent != 400 || m.Lost != 0 || s.Via != f.via || c.Framed != 400 || c.Datagrams != 0 {
					t.Errorf("run %d: %d sent, %d lost, via %q, %d framed; want 400, 0, %q, 400", run, m.Sent, m.Lost, s.Via, c.Framed, f.via)
				}
				if len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "over TCP") {
					t.Errorf("run %d: notes %q", run, c.Notes)
				}
			}
		})
	}
}

// tcpFrames sends 400 packets, of which some share a segment, some are cut in
// two, some come twice and some overtake others.
func tcpFrames(tb testing.TB, r *rand.Rand, first []byte, wrap func([]byte) []byte) (frames [][]byte, times []sent) {
	tb.Helper()
	seq := r.Uint32()
	send := func(at time.Duration, data []byte) {
		frames, times = append(frames, tcpFrame(tb, seq, data)), append(times, sent{at: at})
		if r.IntN(20) == 0 {
			frames, times = append(frames, frames[len(frames)-1]), append(times, sent{at: at})
		}
		seq += uint32(len(data))
	}
	if len(first) > 0 {
		send(0, first)
	}
	var waits []byte
	for i := range 400 {
		p := sent{ssrc: 9, seq: uint16(65400 + i), timestamp: uint32(i * 160), payload: 100 + r.IntN(61)}
		waits = append(waits, wrap(p.rtp())...)
		at := time.Duration(i) * 20 * time.Millisecond
		switch {
		case i < 399 && r.IntN(4) == 0: // together with the next
		case r.IntN(4) == 0:
			cut := 1 + r.IntN(len(waits)-1)
			send(at, waits[:cut])
			send(at+time.Millisecond, waits[cut:])
			waits = nil
		default:
			send(at, waits)
			waits = nil
		}
		if n := len(frames); n > 3 && r.IntN(10) == 0 {
			frames[n-1], frames[n-2] = frames[n-2], frames[n-1]
		}
	}
	return frames, times
}

// Other traffic over TCP is no media, and is not kept.
func TestOtherTCPIsNoStream(t *testing.T) {
	r := fixed(3)
	d := newDecoder(func(u datagram, _ time.Time) {
		if _, _, ok := parseRTP(u); ok && u.payload[1] == 0 {
			t.Errorf("found %v", u)
		}
	})
	for i := range 20_000 {
		data := make([]byte, 1+r.IntN(1400))
		for k := range data {
			data[k] = byte(r.Uint32()) | 1
		}
		d.decode(frame{data: tcpFrame(t, r.Uint32(), data), at: began, link: linkEthernet})
		if d.streams.held > 1<<20 {
			t.Fatalf("after %d segments %d bytes are held", i, d.streams.held)
		}
	}
}

// udptl is a packet of T.38: its primary packet, and the former ones again.
func udptl(seq int, primary []byte, former ...[]byte) []byte {
	b := join(be16(seq), []byte{byte(len(primary))}, primary, []byte{0, byte(len(former))})
	for _, f := range former {
		b = join(b, []byte{byte(len(f))}, f)
	}
	return b
}

func TestWhatIsThereAndIsNotRead(t *testing.T) {
	w := wrappings()[0]
	tests := []struct {
		name  string
		frame func(i int) []byte
		kind  Kind
		count int
	}{
		{"fax", func(i int) []byte {
			return w.frame(t, sent{}, udptl(0x7ff0+i, []byte{6}, []byte{6}, []byte{0xc0, 1, 0x80, 0, 0}))
		}, Fax, 50},
		{"fax with parity", func(i int) []byte {
			return w.frame(t, sent{}, join(be16(i), []byte{2, 0xc0, 1, 0x80, 1, 3, 2, 1, 0xaa, 1, 0xbb}))
		}, Fax, 50},
		{"IPsec", func(int) []byte { return outer(t, layers.IPProtocolESP, 0, make([]byte, 100)) }, IPsec, 50},
		{"IPsec behind a NAT", func(int) []byte {
			return outer(t, layers.IPProtocolUDP, 4500, append([]byte{0, 1, 2, 3}, make([]byte, 100)...))
		}, IPsec, 50},
		{"WireGuard", func(int) []byte {
			return outer(t, layers.IPProtocolUDP, 51820, append([]byte{4, 0, 0, 0}, make([]byte, 92)...))
		}, WireGuard, 50},
		{"MACsec", func(int) []byte { return join(make([]byte, 12), []byte{0x88, 0xe5}, make([]byte, 80)) }, MACsec, 50},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			packets := perfect(50)
			var frames [][]byte
			for i := range packets {
				frames = append(frames, tt.frame(i))
			}
			c := read(t, framesFile(t, layers.LinkTypeEthernet, packets, frames), Options{})
			if len(c.Streams) != 0 || len(c.Others) != 1 || c.Others[0].Kind != tt.kind || c.Others[0].Packets != tt.count {
				t.Errorf("%d streams, others %+v, notes %q", len(c.Streams), c.Others, c.Notes)
			}
			if !strings.Contains(strings.Join(c.Notes, "\n"), "The file holds 50 packets of") {
				t.Errorf("notes %q", c.Notes)
			}
		})
	}
}

// Traffic that is no fax is not called one.
func TestOtherTrafficIsNoFax(t *testing.T) {
	for _, o := range others() {
		r := fixed(12)
		var f faxes
		for i := range 5000 {
			payload := o.payload(i, r)
			f.add(datagram{payload: payload, size: len(payload)})
		}
		if n := f.packets(); n > 0 {
			t.Errorf("%s: %d packets of a fax", o.name, n)
		}
	}
}
