package capture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"netready/probe/capture"
	"netready/probe/stream"
)

// The RTP streams of a capture, and the loss of each. Any io.Reader will do; here
// it is a capture of 200 packets, one of which is missing.
func ExampleRead() {
	c, err := capture.Read(bytes.NewReader(call(200, 77)), capture.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range c.Streams {
		m := stream.Measure(s.Trace(), 60*time.Millisecond)
		fmt.Printf("%v > %v, %s, packets of %v: lost %d of %d\n", s.Src, s.Dst, s.Codec, s.PacketTime, m.Lost, m.Sent)
	}
	// Output:
	// 192.0.2.1:40000 > 192.0.2.2:16384, pcmu, packets of 20ms: lost 1 of 200
}

// call is a pcap file with one stream of G.711, without the lost packet.
func call(packets, lost int) []byte {
	var file bytes.Buffer
	w := pcapgo.NewWriter(&file)
	_ = w.WriteFileHeader(65535, layers.LinkTypeEthernet)
	began := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for i := range packets {
		if i == lost {
			continue
		}
		rtp := make([]byte, 12+160)
		rtp[0] = 0x80
		binary.BigEndian.PutUint16(rtp[2:], uint16(i))
		binary.BigEndian.PutUint32(rtp[4:], uint32(i*160))
		binary.BigEndian.PutUint32(rtp[8:], 0x5eed)
		ip := layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.IPv4(192, 0, 2, 1), DstIP: net.IPv4(192, 0, 2, 2)}
		udp := layers.UDP{SrcPort: 40000, DstPort: 16384}
		_ = udp.SetNetworkLayerForChecksum(&ip)
		frame := gopacket.NewSerializeBuffer()
		_ = gopacket.SerializeLayers(frame, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
			&layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4}, &ip, &udp, gopacket.Payload(rtp))
		at := gopacket.CaptureInfo{Timestamp: began.Add(time.Duration(i) * 20 * time.Millisecond), CaptureLength: len(frame.Bytes()), Length: len(frame.Bytes())}
		_ = w.WritePacket(at, frame.Bytes())
	}
	return file.Bytes()
}
