package wire

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/pion/rtp"
)

func testFlow() Flow {
	return Flow{Key: bytes.Repeat([]byte{7}, 32), SSRC: 0xDEADBEEF, Seq: 65530, Time: 0xFFFFFF00, Type: 0, Payload: 160, Step: 160}
}

func sealerOpener(tb testing.TB, f Flow) (*Sealer, *Opener) {
	tb.Helper()
	s, err := NewSealer(f)
	if err != nil {
		tb.Fatal(err)
	}
	o, err := NewOpener(f)
	if err != nil {
		tb.Fatal(err)
	}
	return s, o
}

func TestPacketRoundTripAcrossTheWraps(t *testing.T) {
	s, o := sealerOpener(t, testFlow())
	for _, want := range []int64{0, 1, 5, 6, 7, 65535, 65536, 65537, 200_000} {
		stamp := time.Duration(want)*20*time.Millisecond - time.Hour
		b := s.Seal(want, stamp)
		if len(b) != 172 {
			t.Fatalf("packet of %d bytes, want a call's 172", len(b))
		}
		got, gotStamp, err := o.Open(b)
		if err != nil || got != want || gotStamp != stamp {
			t.Errorf("index %d: got %d, stamp %v, %v", want, got, gotStamp, err)
		}
	}
}

func TestPacketIsPlainRTP(t *testing.T) {
	s, _ := sealerOpener(t, testFlow())
	b := s.Seal(6, 0)
	var p rtp.Packet
	if err := p.Unmarshal(b); err != nil {
		t.Fatal(err)
	}
	if p.SequenceNumber != 0 || p.Timestamp != 0xFFFFFF00-0xFFFFFFFF-1+6*160 || p.SSRC != 0xDEADBEEF || p.Marker || len(p.Payload) != 160 {
		t.Errorf("got %v, %d bytes of payload", p.Header, len(p.Payload))
	}
}

func TestPacketForeign(t *testing.T) {
	f := testFlow()
	s, o := sealerOpener(t, f)
	good := s.Seal(3, time.Second)
	change := func(at int, by byte) []byte {
		b := bytes.Clone(good)
		b[at] ^= by
		return b
	}
	other := f
	other.Key = bytes.Repeat([]byte{8}, 32)
	otherKey, _ := sealerOpener(t, other)
	alien := otherKey.Seal(3, time.Second)
	for name, b := range map[string][]byte{
		"nothing":        nil,
		"header alone":   good[:12],
		"cut":            good[:171],
		"longer":         append(bytes.Clone(good), 0),
		"another key":    alien,
		"sequence":       change(3, 1),
		"timestamp":      change(7, 1),
		"ssrc":           change(8, 1),
		"payload type":   change(1, 1),
		"marker":         change(1, 0x80),
		"version":        change(0, 0x40),
		"padding bit":    change(0, 0x20),
		"stamp":          change(12, 1),
		"tag":            change(20, 1),
		"last tag byte":  change(23, 1),
		"extension flag": change(0, 0x10),
	} {
		if _, _, err := o.Open(b); !errors.Is(err, errForeign) {
			t.Errorf("%s: got %v, want ErrForeign", name, err)
		}
	}
}

func TestFlowThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*Flow){
		"payload": func(f *Flow) { f.Payload = 11 },
		"step":    func(f *Flow) { f.Step = 0 },
		"key":     func(f *Flow) { f.Key = nil },
		"type":    func(f *Flow) { f.Type = 128 },
	} {
		f := testFlow()
		change(&f)
		if _, err := NewSealer(f); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := NewOpener(f); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestPacketsAllocateNothing(t *testing.T) {
	s, o := sealerOpener(t, testFlow())
	var i int64
	got := testing.AllocsPerRun(100, func() {
		b := s.Seal(i, 0)
		_, _, _ = o.Open(b)
		i++
	})
	if got > 0 && !isRaced {
		t.Errorf("%v allocations a packet, want none", got)
	}
}

func FuzzOpen(f *testing.F) {
	flow := testFlow()
	s, o := sealerOpener(f, flow)
	for i := range int64(9) {
		b := s.Seal(i, time.Duration(i))
		f.Add(bytes.Clone(b))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		index, stamp, err := o.Open(b)
		if err != nil {
			return
		}
		again := s.Seal(index, stamp)
		if !bytes.Equal(again[:HeaderSize+MinPayload], b[:HeaderSize+MinPayload]) {
			t.Fatalf("packet %d sealed anew differs: %x and %x", index, again, b)
		}
	})
}

func BenchmarkSealOpen(b *testing.B) {
	s, o := sealerOpener(b, testFlow())
	for i := int64(0); b.Loop(); i++ {
		p := s.Seal(i, 0)
		if _, _, err := o.Open(p); err != nil {
			b.Fatal(err)
		}
	}
}
