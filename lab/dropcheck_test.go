package lab

import (
	"encoding/binary"
	"testing"
	"time"
)

// frameOf is a frame of Ethernet, IPv4 and one of its protocols.
func frameOf(protocol byte, body []byte) []byte {
	b := append(make([]byte, 12), 0x08, 0x00, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(20+len(body)))
	b = append(b, 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
	return append(b, body...)
}

func segmentOf(from, to uint16, seq uint32, flags byte, size int) []byte {
	b := binary.BigEndian.AppendUint16(nil, from)
	b = binary.BigEndian.AppendUint16(b, to)
	b = binary.BigEndian.AppendUint32(b, seq)
	b = append(b, 0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0)
	return frameOf(tcp, append(b, make([]byte, size)...))
}

// The dropper drops the packet that it was told to drop, completely and once. Otherwise a
// test of lost packets would lose none.
func TestDropperDropsOneOfAKind(t *testing.T) {
	const pc, far = 40001, 443
	const again = 10 * time.Millisecond
	seg := func(up bool, seq uint32, flags byte, size int) []byte {
		if up {
			return segmentOf(pc, far, seq, flags, size)
		}
		b := segmentOf(far, pc, seq, flags, size)
		copy(b[14+12:], []byte{10, 0, 0, 2, 10, 0, 0, 1})
		return b
	}
	reply := frameOf(udp, []byte{0, 53, 0x90, 0, 0, 9, 0, 0, 1})
	steps := []struct {
		name  string
		frame []byte
		up    bool
		is    map[string]int // which of a kind it is
	}{
		{"an answer", reply, false, map[string]int{nameAnswer: 1, answer: 1}},
		{"a question", reply, true, map[string]int{question: 1}},
		{"connecting", seg(true, 1, flagSYN, 0), true, map[string]int{syn: 1}},
		{"connecting again", seg(true, 1, flagSYN, 0), true, map[string]int{syn: 2}},
		{"accepting", seg(false, 1, flagSYN|flagACK, 0), false, map[string]int{synAck: 1}},
		{"no data", seg(true, 2, flagACK, 0), true, nil},
		{"hello", seg(true, 2, flagACK, 300), true, map[string]int{flight: 1}},
		{"hello again", seg(true, 2, flagACK, 300), true, nil},
		{"its answer", seg(false, 2, flagACK, 1000), false, map[string]int{flight: 2}},
		{"more of it", seg(false, 1002, flagACK, 500), false, map[string]int{flight: 2}},
		{"finished", seg(true, 302, flagACK, 80), true, map[string]int{flight: 3}},
		{"another answer", reply, false, map[string]int{nameAnswer: 2, answer: 2}},
		{"a question's answer", seg(false, 1502, flagACK, 80), false, map[string]int{flight: 4}},
		{"what follows", seg(true, 382, flagACK, 80), true, nil},
	}
	for _, kind := range []string{nameAnswer, question, answer, syn, synAck, flight} {
		for nth := range 6 {
			var dropper dropper
			dropper.begin(kind, nth)
			for i, s := range steps {
				want := nth > 0 && s.is[kind] == nth
				if got := dropper.takes(s.frame, s.up, time.Duration(i)*again/10); got != want {
					t.Errorf("%s %d: %s: taken %v", kind, nth, s.name, got)
				}
			}
			if want := map[string]int{nameAnswer: 2, question: 1, answer: 2, syn: 2, synAck: 1, flight: 4}[kind]; dropper.counted() != want {
				t.Errorf("%s: %d counted, want %d", kind, dropper.counted(), want)
			}
		}
	}
}
