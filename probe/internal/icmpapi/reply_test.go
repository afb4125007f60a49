package icmpapi

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

// reply is what Windows writes, made after its headers: this system has none.
func reply(from netip.Addr, status uint32) []byte {
	b := make([]byte, 64)
	if from.Is4() {
		copy(b, from.AsSlice())
		binary.LittleEndian.PutUint32(b[4:], status)
		return b
	}
	copy(b[6:], from.AsSlice())
	binary.LittleEndian.PutUint32(b[28:], status)
	return b
}

func TestRepliesAreRead(t *testing.T) {
	for _, text := range []string{"192.0.2.1", "2001:db8::1", "fe80::1"} {
		from := netip.MustParseAddr(text)
		for _, status := range []uint32{Answered, TTLExpired} {
			if got, ok := parseReply(reply(from, status), from.Is6()); !ok || got != (Reply{from, status}) {
				t.Errorf("%s, status %d: %+v, %v", text, status, got, ok)
			}
		}
		if _, ok := parseReply(make([]byte, 64), from.Is6()); ok {
			t.Errorf("%s: nobody answered", text)
		}
		if _, ok := parseReply(reply(from, 0)[:31], from.Is6()); ok {
			t.Errorf("%s: a reply that is cut short", text)
		}
	}
}

func TestLostAndRefused(t *testing.T) {
	for code, want := range map[uint32]bool{121: true, 11001: true, 11010: true, 11050: true, NoResources: false, 5: false, 11051: false, 0: false} {
		if IsLost(code) != want {
			t.Errorf("system error %d: lost %v", code, !want)
		}
	}
}

func TestSocketAddress(t *testing.T) {
	b := socketAddress(netip.MustParseAddr("fe80::1"), 7)
	if b[0] != 23 || b[8] != 0xfe || b[23] != 1 || b[24] != 7 {
		t.Errorf("% x", b)
	}
}

func FuzzReply(f *testing.F) {
	f.Add(reply(netip.MustParseAddr("192.0.2.1"), 0), false)
	f.Add(reply(netip.MustParseAddr("2001:db8::1"), 11013), true)
	f.Fuzz(func(t *testing.T, b []byte, is6 bool) {
		if r, ok := parseReply(b, is6); ok && !r.From.IsValid() {
			t.Errorf("%+v", r)
		}
	})
}
