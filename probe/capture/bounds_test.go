package capture

import (
	"encoding/binary"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"netready/probe/stream"
)

// endless makes a capture as it is read: so many streams, which all send so many
// packets at once.
type endless struct {
	streams, packets int
	frame            []byte
	next             int
	buffered         []byte
}

func newEndless(tb testing.TB, streams, packets int) *endless {
	tb.Helper()
	s := sent{payload: 0}
	frame := wrappings()[0].frame(tb, s, s.rtp())
	b := framesFile(tb, layers.LinkTypeEthernet, nil, nil)
	return &endless{streams: streams, packets: packets, frame: frame, buffered: b}
}

func (e *endless) Read(p []byte) (int, error) {
	for len(e.buffered) < len(p) && e.next < e.streams*e.packets {
		k, i := e.next%e.streams, e.next/e.streams
		at := time.Duration(i)*20*time.Millisecond + time.Duration(k)*time.Microsecond
		rtp := e.frame[42:] // Ethernet, IPv4, UDP
		binary.BigEndian.PutUint16(rtp[2:], uint16(i))
		binary.BigEndian.PutUint32(rtp[4:], uint32(160*i))
		binary.BigEndian.PutUint32(rtp[8:], uint32(k+1))
		binary.BigEndian.PutUint16(e.frame[34:], uint16(k)) // the port: another pair of addresses
		for _, n := range []uint32{uint32(began.Unix()) + uint32(at/time.Second), uint32(at % time.Second), uint32(len(e.frame)), uint32(len(e.frame))} {
			e.buffered = binary.LittleEndian.AppendUint32(e.buffered, n)
		}
		e.buffered = append(e.buffered, e.frame...)
		e.next++
	}
	if len(e.buffered) == 0 {
		return 0, io.EOF
	}
	n := copy(p, e.buffered)
	e.buffered = e.buffered[n:]
	return n, nil
}

// heap is how much memory a capture takes once it is read, in bytes.
func heap(tb testing.TB, streams, packets int) (c *Capture, taken int64) {
	tb.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c, err := Read(newEndless(tb, streams, packets), Options{})
	must(tb, err)
	runtime.GC()
	runtime.ReadMemStats(&after)
	return c, int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// Hundreds of thousands of streams take the memory of those that are kept, and
// the rest is counted.
func TestVeryManyStreams(t *testing.T) {
	const streams = 100_000
	c, taken := heap(t, streams, 4)
	if len(c.Streams) != maxStreams || c.Packets != 4*streams {
		t.Errorf("%d streams of %d packets, want %d", len(c.Streams), c.Packets, maxStreams)
	}
	if len(c.Notes) != 2 || !strings.Contains(c.Notes[0], "more streams than are measured at once") || !strings.Contains(c.Notes[1], "More pairs of addresses") {
		t.Errorf("notes %q", c.Notes)
	}
	if taken > 100<<20 {
		t.Errorf("%d MB for %d streams", taken>>20, len(c.Streams))
	}
	runtime.KeepAlive(c)
}

// The streams with the most packets are those that are kept, and a stream that
// is too long keeps its beginning.
func TestBoundsKeepTheBusiest(t *testing.T) {
	f := newFlows()
	f.limits = limits{pairs: 50, streams: 5, length: 400, packets: 2000}
	add := func(ssrc uint32, i int) {
		p := sent{ssrc: ssrc, seq: uint16(i), timestamp: uint32(160 * i), payload: 160}
		f.add(datagram{payload: p.rtp(), size: 172}, began.Add(time.Duration(i)*20*time.Millisecond))
	}
	for i := range 600 {
		for busy := range uint32(4) {
			add(busy, i)
		}
		for small := range uint32(3) {
			if i%4 < 3 {
				add(1000+uint32(i/4)*3+small, i)
			}
		}
	}
	f.thin()
	all := f.streams(Options{})
	if len(all) != 5 || len(f.confirmed) > 5 {
		t.Fatalf("%d streams", len(all))
	}
	for _, s := range all[:4] {
		if m := stream.Measure(s.Trace(), 0); s.SSRC > 3 || m.Received != 400 || m.Lost != 0 {
			t.Errorf("%#x: %d received, %d lost, want 400", s.SSRC, m.Received, m.Lost)
		}
	}
	if f.dropped.streams != 449 || f.dropped.long != 4*200 || len(f.notes()) != 2 {
		t.Errorf("left out: %+v; %q", f.dropped, f.notes())
	}
}

// A sender that begins anew after every few packets makes no more streams than
// are kept.
func TestVeryManyRestarts(t *testing.T) {
	tr := &track{}
	for i := range 200_000 {
		p := packet{seq: uint16(i%4) + uint16(i/4)*7919, timestamp: uint32(i * 160), at: int64(i) * int64(20*time.Millisecond)}
		tr.packets = append(tr.packets, p)
	}
	f := newFlows()
	f.confirmed = append(f.confirmed, tr)
	if n := len(f.streams(Options{})); n > maxStreams {
		t.Errorf("%d streams", n)
	}
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		_, taken := heap(b, 100, 2000)
		b.ReportMetric(float64(taken)/(100*2000), "B/packet")
	}
}
