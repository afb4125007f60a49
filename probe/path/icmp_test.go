package path

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

// exceeded is a time exceeded about a UDP packet.
func exceeded(tos byte, port uint16, options int) []byte {
	b := make([]byte, 8+20+options+8)
	b[0] = timeExceeded
	b[8] = 0x40 | byte(5+options/4)
	b[9], b[17] = tos, 17
	binary.BigEndian.PutUint16(b[28+options:], port)
	return b
}

func TestQuotedPacketIsRead(t *testing.T) {
	for _, options := range []int{0, 4, 40} {
		got, ok := parseTimeExceeded(exceeded(0xba, 40123, options))
		if !ok || got != (quote{0xba, 40123}) {
			t.Errorf("with %d bytes of options: %+v, %v", options, got, ok)
		}
	}
	for name, b := range map[string][]byte{
		"empty": nil, "an echo reply": make([]byte, 64), "cut short": exceeded(0, 1, 0)[:30],
		"a TCP packet": func() []byte { b := exceeded(0, 1, 0); b[17] = 6; return b }(),
	} {
		if _, ok := parseTimeExceeded(b); ok {
			t.Errorf("%s was read", name)
		}
	}
}

func TestReflectedMark(t *testing.T) {
	for _, c := range []struct {
		tos, dscp int
		want      bool
	}{
		{0xd8, 46, true},  // Linux, reached with EF
		{0xc0, 46, false}, // Linux, reached without, or another router in any case
		{0xc0, 48, false}, // class 6 anyway
		{0xc0, 0, false},  // no mark was asked for
		{-1, 46, false},   // not told
		{0xb8, 46, false}, // the answer itself was marked so: by whom is not known
		{0xc8, 34, true},  // AF41: 100010
		{0xd0, 34, false}, // other lower bits
		{0xda, 46, true},  // with ECN
	} {
		if got := reflects(c.tos, c.dscp); got != c.want {
			t.Errorf("type of service %#x of an answer to DSCP %d: %v", c.tos, c.dscp, got)
		}
	}
}

func FuzzICMP(f *testing.F) {
	f.Add(exceeded(0xb8, 40000, 0))
	f.Add(exceeded(0, 1, 40))
	f.Add(filling(0))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = parseTimeExceeded(b)
		if n := numberIn(b); n < -1 {
			t.Errorf("number %d", n)
		}
		if from, _, ok := offender(b); ok && from == (netip.Addr{}) {
			t.Error("an answer from nobody")
		}
	})
}
