package capture

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"netready/probe/stream"
)

// other is UDP traffic that is not RTP.
type other struct {
	name    string
	payload func(i int, r *rand.Rand) []byte
}

func others() []other {
	random := func(r *rand.Rand, n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	return []other{
		{"random", func(_ int, r *rand.Rand) []byte { return random(r, 20+r.IntN(1000)) }},
		{"random with RTP's version", func(_ int, r *rand.Rand) []byte {
			b := random(r, 172)
			b[0] = 0x80
			return b
		}},
		{"STUN", func(_ int, r *rand.Rand) []byte {
			b := random(r, 28)
			copy(b, []byte{0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42})
			return b
		}},
		{"DNS", func(i int, r *rand.Rand) []byte {
			b := random(r, 40)
			binary.BigEndian.PutUint16(b, uint16(i)|0x8000)
			copy(b[2:], []byte{0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0})
			return b
		}},
		{"QUIC", func(i int, r *rand.Rand) []byte {
			b := random(r, 1200)
			b[0] = 0x40 | b[0]&0x3f
			if i%10 == 0 {
				b[0] = 0xc0 | b[0]&0x3f
			}
			return b
		}},
		{"RTCP", func(i int, r *rand.Rand) []byte {
			b := random(r, 28)
			copy(b, []byte{0x81, byte(200 + i%7), 0, 6, 1, 2, 3, 4, 1, 2, 3, 4})
			return b
		}},
		{"a constant", func(int, *rand.Rand) []byte { return bytes.Repeat([]byte{0x80}, 100) }},
		{"short", func(i int, _ *rand.Rand) []byte { return []byte{0x80, 0, 0, byte(i), 0, 0} }},
	}
}

func TestOtherTrafficIsNoStream(t *testing.T) {
	w := wrappings()[0]
	for _, o := range others() {
		t.Run(o.name, func(t *testing.T) {
			r := fixed(11)
			var out bytes.Buffer
			p := pcapgo.NewWriter(&out)
			must(t, p.WriteFileHeader(65536, layers.LinkTypeEthernet))
			for i := range 2000 {
				frame := w.frame(t, sent{}, o.payload(i, r))
				must(t, p.WritePacket(gopacket.CaptureInfo{
					Timestamp: began.Add(time.Duration(i) * time.Millisecond), CaptureLength: len(frame), Length: len(frame),
				}, frame))
			}
			c := read(t, out.Bytes(), Options{})
			if len(c.Streams) != 0 || c.Datagrams != 2000 {
				t.Errorf("%d streams in %d datagrams", len(c.Streams), c.Datagrams)
			}
		})
	}
}

func TestStreamsApart(t *testing.T) {
	r := fixed(5)
	a, _, _ := network{packets: 100, ssrc: 9, src: "192.0.2.10"}.run(r)
	b, _, _ := network{packets: 200, ssrc: 9, src: "192.0.2.11", kind: 8}.run(r)
	c, _, _ := network{packets: 300, ssrc: 10, src: "192.0.2.10", kind: 18}.run(r)
	all := append(append(a, b...), c...)
	sorted(all)
	got := read(t, ngFile(t, wrappings()[0], all), Options{})
	sizes := map[string]int{}
	for _, s := range got.Streams {
		sizes[s.Codec] = s.Trace().Sent
	}
	if len(got.Streams) != 3 || sizes["pcmu"] != 100 || sizes["pcma"] != 200 || sizes["g729"] != 300 {
		t.Errorf("got %v", sizes)
	}
}

func TestFewPackets(t *testing.T) {
	for n, want := range []int{0, 0, 0, 1, 1} {
		packets, _, _ := network{packets: n, ssrc: 9}.run(fixed(1))
		c := read(t, ngFile(t, wrappings()[0], packets), Options{})
		if len(c.Streams) != want {
			t.Errorf("%d packets make %d streams, want %d", n, len(c.Streams), want)
		}
		if n > 0 && want == 0 && !strings.Contains(strings.Join(c.Notes, ""), "could be RTP") {
			t.Errorf("%d packets: notes %q", n, c.Notes)
		}
	}
}

func TestDynamicPayloadTypes(t *testing.T) {
	tests := []struct {
		name  string
		kind  uint8
		step  uint32
		o     Options
		codec string
		rate  uint32
		video bool
	}{
		{"Opus as browsers send it", 111, 960, Options{}, "opus", 48000, false},
		{"Opus elsewhere", 96, 960, Options{}, "opus", 48000, false},
		{"AMR-WB", 97, 320, Options{}, "pt-97", 16000, false},
		{"iLBC", 102, 160, Options{}, "pt-102", 8000, false},
		{"video", 100, 1800, Options{}, "pt-100", 90000, true},
		{"as told by number", 97, 320, Options{Payloads: map[uint8]Payload{97: {Codec: "amr-wb", ClockRate: 16000}}}, "amr-wb", 16000, false},
		{"as told for all", 97, 960, Options{Codec: "opus", ClockRate: 48000}, "opus", 48000, false},
		{"codec told, rate seen", 97, 320, Options{Codec: "amr-wb"}, "amr-wb", 16000, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			packets, _, _ := network{packets: 500, ssrc: 1, kind: tt.kind, step: tt.step, jitter: 19 * time.Millisecond, loss: 0.1}.run(fixed(2))
			s, m := only(t, read(t, ngFile(t, wrappings()[0], packets), tt.o))
			if s.Codec != tt.codec || s.ClockRate != tt.rate || s.Video != tt.video {
				t.Errorf("got %s at %d Hz, video %t; %q", s.Codec, s.ClockRate, s.Video, s.Notes)
			}
			if *m.JitterMax > 20*time.Millisecond {
				t.Errorf("maximum of jitter %v", *m.JitterMax)
			}
		})
	}
}

// stream of 20 ms packets on a perfect path, to be bent by the tests below.
func perfect(n int) []sent {
	packets, _, _ := network{packets: n, ssrc: 77, firstSeq: 100, firstTS: 5000}.run(fixed(1))
	for i := range packets {
		packets[i].at = time.Duration(i) * 20 * time.Millisecond
	}
	return packets
}

// What a sender does by itself is not a fault of the network.
func TestSendersOwnDoing(t *testing.T) {
	tests := []struct {
		name string
		bend func([]sent)
	}{
		{"telephone events keep one timestamp", func(p []sent) {
			for i := 200; i < 212; i++ {
				p[i].kind, p[i].timestamp, p[i].payload = 101, p[200].timestamp, 4
			}
		}},
		{"comfort noise in pauses", func(p []sent) {
			for i := 300; i < len(p); i++ {
				p[i].at += 3 * time.Second
				p[i].timestamp += 24000
			}
			p[299].kind, p[299].payload, p[300].marker = comfortNoise, 1, true
		}},
		{"the timestamp is set anew", func(p []sent) {
			for i := 250; i < len(p); i++ {
				p[i].timestamp += 1 << 30
			}
		}},
		{"the codec changes", func(p []sent) {
			for i := 400; i < len(p); i++ {
				p[i].kind = 8
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			packets := perfect(600)
			tt.bend(packets)
			s, m := only(t, read(t, ngFile(t, wrappings()[0], packets), Options{}))
			if s.Codec != "pcmu" || m.Sent != 600 || m.Lost != 0 || m.Discarded != 0 || *m.JitterMax > time.Microsecond {
				t.Errorf("%s: %+v, maximum of jitter %v", s.Codec, m, *m.JitterMax)
			}
		})
	}
}

func TestSequenceJumps(t *testing.T) {
	t.Run("a new call under the old SSRC", func(t *testing.T) {
		packets := perfect(400)
		for i := 250; i < len(packets); i++ {
			packets[i].seq += 20000
			packets[i].timestamp += 123456789
		}
		c := read(t, ngFile(t, wrappings()[0], packets), Options{})
		if len(c.Streams) != 2 {
			t.Fatalf("%d streams", len(c.Streams))
		}
		for i, want := range []int{250, 150} {
			if m := stream.Measure(c.Streams[i].Trace(), 0); m.Sent != want || m.Lost != 0 {
				t.Errorf("stream %d: %+v", i, m)
			}
		}
	})
	t.Run("the path is down for two minutes", func(t *testing.T) {
		packets := perfect(8000)
		packets = append(packets[:1000], packets[7000:]...)
		_, m := only(t, read(t, ngFile(t, wrappings()[0], packets), Options{}))
		if m.Sent != 8000 || m.Lost != 6000 {
			t.Errorf("got %+v", m)
		}
	})
	t.Run("one stray packet", func(t *testing.T) {
		packets := perfect(400)
		packets[200].seq += 30000
		s, m := only(t, read(t, ngFile(t, wrappings()[0], packets), Options{}))
		if m.Sent != 400 || m.Lost != 1 || len(s.Notes) != 1 {
			t.Errorf("got %+v, %q", m, s.Notes)
		}
	})
	t.Run("the first packets arrive in the wrong order, at the wrap", func(t *testing.T) {
		packets := perfect(100)
		for i := range packets {
			packets[i].seq = uint16(65534 + i)
		}
		packets[2].at = -time.Millisecond
		sorted(packets)
		_, m := only(t, read(t, ngFile(t, wrappings()[0], packets), Options{}))
		if m.Sent != 100 || m.Lost != 0 || m.Reordered == 0 {
			t.Errorf("got %+v", m)
		}
	})
}

func TestFragments(t *testing.T) {
	packets := perfect(50)
	var out bytes.Buffer
	p := pcapgo.NewWriter(&out)
	must(t, p.WriteFileHeader(65536, layers.LinkTypeEthernet))
	for _, s := range packets {
		whole := wrappings()[0].frame(t, s, s.rtp())
		first, second := bytes.Clone(whole[:34+88]), append(bytes.Clone(whole[:34]), whole[34+88:]...)
		binary.BigEndian.PutUint16(first[16:], 20+88)
		binary.BigEndian.PutUint16(first[20:], 0x2000)
		binary.BigEndian.PutUint16(second[16:], uint16(len(second)-14))
		binary.BigEndian.PutUint16(second[20:], 88/8)
		for _, b := range [][]byte{first, second} {
			must(t, p.WritePacket(gopacket.CaptureInfo{Timestamp: began.Add(s.at), CaptureLength: len(b), Length: len(b)}, b))
		}
	}
	c := read(t, out.Bytes(), Options{})
	if _, m := only(t, c); m.Sent != 50 || m.Lost != 0 {
		t.Errorf("got %+v", m)
	}
	if len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "50 further IP fragments") {
		t.Errorf("notes %q", c.Notes)
	}
}

// FuzzRead requires that no file crashes the reader, nor the arithmetic after it.
func FuzzRead(f *testing.F) {
	packets, _, _ := network{packets: 5, ssrc: 3, firstSeq: 65533}.run(fixed(1))
	packets = append(packets, packets[3])
	for i := range packets {
		packets[i].payload = 4 // short seeds keep the fuzzer quick
	}
	for _, w := range wrappings() {
		for _, kind := range files() {
			b := kind.write(f, w, packets)
			f.Add(b)
			f.Add(b[:len(b)-7])
		}
	}
	for _, n := range nestings() {
		f.Add(n.write(f, packets))
	}
	var frames [][]byte
	for i, p := range packets {
		frames = append(frames, tcpFrame(f, uint32(i*100), channelData(p.rtp())))
	}
	f.Add(framesFile(f, layers.LinkTypeEthernet, packets, frames))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Read(bytes.NewReader(b), Options{})
		if err != nil {
			return
		}
		for _, s := range c.Streams {
			m := stream.Measure(s.Trace(), 60*time.Millisecond)
			if m.Received+m.Lost != m.Sent || m.Received == 0 || m.Received+m.Duplicates > c.Datagrams+c.Framed {
				t.Errorf("%+v of %d datagrams", m, c.Datagrams)
			}
		}
	})
}
