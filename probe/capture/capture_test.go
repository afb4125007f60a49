package capture

import (
	"bytes"
	"compress/gzip"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"netready/probe/stream"
)

func read(t *testing.T, b []byte, o Options) *Capture {
	t.Helper()
	c, err := Read(bytes.NewReader(b), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// only requires exactly one stream and measures it.
func only(t *testing.T, c *Capture) (Stream, stream.Metrics) {
	t.Helper()
	if len(c.Streams) != 1 {
		t.Fatalf("%d streams, want 1; notes %q", len(c.Streams), c.Notes)
	}
	return c.Streams[0], stream.Measure(c.Streams[0].Trace(), 60*time.Millisecond)
}

func fixed(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }

func TestEveryLinkAndFormat(t *testing.T) {
	n := network{
		packets: 400, ssrc: 0xdeadbeef, firstSeq: 65400, firstTS: 1<<32 - 8000,
		loss: 0.05, jitter: 8 * time.Millisecond, late: 0.02, duplicate: 0.02,
	}
	for _, w := range wrappings() {
		for _, f := range files() {
			if w.name == "pppoe" && f.name == "pcap-snaplen" {
				continue // gopacket refuses a PPPoE frame that is not whole
			}
			t.Run(w.name+"/"+f.name, func(t *testing.T) {
				packets, lost, duplicates := n.run(fixed(7))
				c := read(t, f.write(t, w, packets), Options{})
				s, m := only(t, c)
				src, dst := "192.0.2.1:40000", "192.0.2.2:16384"
				if w.v6 {
					src, dst = "[2001:db8::1]:40000", "[2001:db8::2]:16384"
				}
				if s.Src.String() != src || s.Dst.String() != dst || s.SSRC != 0xdeadbeef {
					t.Errorf("got %v -> %v, %#x", s.Src, s.Dst, s.SSRC)
				}
				if s.Codec != "pcmu" || s.ClockRate != 8000 || s.PacketTime != 20*time.Millisecond {
					t.Errorf("got %s at %d Hz in packets of %v", s.Codec, s.ClockRate, s.PacketTime)
				}
				if m.Sent != 400 || m.Lost != lost || m.Duplicates != duplicates || m.Received != 400-lost {
					t.Errorf("got %+v; lost %d, duplicates %d", m, lost, duplicates)
				}
				if m.Reordered == 0 || m.DSCP == nil || *m.DSCP != 46 {
					t.Errorf("reordered %d, DSCP %v", m.Reordered, m.DSCP)
				}
				want := measured(packets)
				if got := *m.JitterMax; (got - want).Abs() > time.Microsecond {
					t.Errorf("maximum of jitter %v, want %v", got, want)
				}
			})
		}
	}
}

// measured is the maximum of the RFC 3550 jitter of packets whose true times the
// test knows.
func measured(packets []sent) time.Duration {
	seen := map[uint16]bool{}
	var j, worst, last float64
	for _, p := range packets {
		if seen[p.seq] {
			continue
		}
		transit := float64(p.at) - float64(int32(p.timestamp-packets[0].timestamp))/8000*1e9
		if len(seen) > 0 {
			d := transit - last
			j += (max(d, -d) - j) / 16
			worst = max(worst, j)
		}
		seen[p.seq], last = true, transit
	}
	return time.Duration(worst)
}

func TestGzip(t *testing.T) {
	packets, _, _ := network{packets: 50, ssrc: 1}.run(fixed(1))
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(ngFile(t, wrappings()[0], packets)); err != nil {
		t.Fatal(err)
	}
	must(t, z.Close())
	if _, m := only(t, read(t, zipped.Bytes(), Options{})); m.Sent != 50 {
		t.Errorf("sent %d, want 50", m.Sent)
	}
}

func TestBadFiles(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want error
	}{
		{"empty", "", ErrEmpty},
		{"short", "ab", ErrFormat},
		{"text", "this is no capture at all", ErrFormat},
		{"half a header", "\xd4\xc3\xb2\xa1\x02\x00", ErrFormat},
		{"half a section", "\x0a\x0d\x0d\x0a\x1c\x00", ErrFormat},
		{"a gzip file of nothing", "\x1f\x8b\x08\x00", ErrFormat},
		{"a foreign version", "\xd4\xc3\xb2\xa1\x09\x00\x04\x00" + strings.Repeat("\x00", 16), ErrFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Read(strings.NewReader(tt.in), Options{}); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// A capture that ends in the middle of a packet keeps what came before, and a note says so.
func TestCutShort(t *testing.T) {
	packets, _, _ := network{packets: 100, ssrc: 1}.run(fixed(1))
	for _, f := range files() {
		t.Run(f.name, func(t *testing.T) {
			whole := f.write(t, wrappings()[0], packets)
			c := read(t, whole[:len(whole)-40], Options{})
			if _, m := only(t, c); m.Sent != 99 {
				t.Errorf("sent %d, want 99", m.Sent)
			}
			if len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "cut short") {
				t.Errorf("notes %q", c.Notes)
			}
		})
	}
}

// Several interfaces of different links and clocks in one pcapng file.
func TestMixedInterfaces(t *testing.T) {
	all := wrappings()
	kinds := []wrapping{all[0], all[6], all[13]} // ethernet, raw, cooked
	var out bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&out, pcapgo.NgInterface{LinkType: kinds[0].link, TimestampResolution: 9}, pcapgo.DefaultNgWriterOptions)
	must(t, err)
	for _, k := range kinds[1:] {
		_, err := w.AddInterface(pcapgo.NgInterface{LinkType: k.link, TimestampResolution: 6})
		must(t, err)
	}
	packets, _, _ := network{packets: 300, ssrc: 5, jitter: 3 * time.Millisecond}.run(fixed(3))
	for i, p := range packets {
		// The phone, the router and the host see a stream each.
		p.ssrc += uint32(i % 3)
		p.seq = uint16(i / 3)
		p.timestamp = uint32(i/3) * 480
		frame := kinds[i%3].frame(t, p, p.rtp())
		must(t, w.WritePacket(gopacket.CaptureInfo{
			Timestamp: began.Add(p.at), CaptureLength: len(frame), Length: len(frame), InterfaceIndex: i % 3,
		}, frame))
	}
	must(t, w.Flush())
	c := read(t, out.Bytes(), Options{})
	if len(c.Streams) != 3 {
		t.Fatalf("%d streams, want 3; %q", len(c.Streams), c.Notes)
	}
	for _, s := range c.Streams {
		m := stream.Measure(s.Trace(), 60*time.Millisecond)
		if m.Sent != 100 || m.Lost != 0 || s.PacketTime != 60*time.Millisecond || *m.JitterMax > 4*time.Millisecond {
			t.Errorf("%#x: %+v", s.SSRC, m)
		}
	}
}

func TestUnknownLink(t *testing.T) {
	packets, _, _ := network{packets: 20, ssrc: 1}.run(fixed(1))
	c := read(t, classicFile(t, wrapping{link: layers.LinkTypeLinuxUSB, head: onEthernet}, packets, false, 0), Options{})
	if len(c.Streams) != 0 || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "link type 220") {
		t.Errorf("%d streams, notes %q", len(c.Streams), c.Notes)
	}
}
