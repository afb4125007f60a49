package wire

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"
)

const testUser, testPassword = "0123456789abcdef", "a password of some length"

var testAddresses = []netip.AddrPort{
	netip.MustParseAddrPort("192.0.2.1:4242"),
	netip.MustParseAddrPort("[2001:db8::1]:65535"),
	netip.MustParseAddrPort("[::ffff:192.0.2.9]:1"),
}

func must(tb testing.TB, b []byte, err error) []byte {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func TestCheckRoundTrip(t *testing.T) {
	id := NewTransactionID()
	padded, err := AskPadded(id, testUser, testPassword)
	bare, err2 := Ask(id, testUser, testPassword)
	for _, b := range [][]byte{must(t, padded, err), must(t, bare, err2)} {
		c, err := ParseCheck(b)
		if err != nil {
			t.Fatal(err)
		}
		if c.Answer || c.Username != testUser || c.ID != id || c.Size != len(b) {
			t.Errorf("got %+v", c)
		}
		if err := c.Authentic(testPassword); err != nil {
			t.Error(err)
		}
		if err := c.Authentic("another"); !errors.Is(err, ErrCheck) {
			t.Errorf("another password: got %v", err)
		}
	}
	for _, from := range testAddresses {
		b, err := Answer(id, from, -5*time.Second, 7*time.Hour, testPassword)
		c, err := ParseCheck(must(t, b, err))
		if err != nil {
			t.Fatal(err)
		}
		want := netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if !c.Answer || c.Mapped != want || c.Received != -5*time.Second || c.Sent != 7*time.Hour || c.Authentic(testPassword) != nil {
			t.Errorf("%v: got %+v", from, c)
		}
	}
}

// Whatever a responder sends for a check is no larger than the check.
func TestCheckSizes(t *testing.T) {
	for _, user := range []string{"u", testUser, "abcdefghijklmnopqrstuvwxyz0123456789-_~"} {
		for _, from := range testAddresses {
			id := NewTransactionID()
			padded, err := AskPadded(id, user, testPassword)
			asked := must(t, padded, err)
			bare, err := Ask(id, user, testPassword)
			triggered := must(t, bare, err)
			reply, err := Answer(id, from, 1, 2, testPassword)
			answer := must(t, reply, err)
			c, err := ParseCheck(asked)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := c.ReplySize(from), max(len(answer), len(triggered)); got != want {
				t.Errorf("%v: ReplySize %d, want %d", from, got, want)
			}
			if c.ReplySize(from) > len(asked) {
				t.Errorf("%v: %d bytes in, %d out", from, len(asked), c.ReplySize(from))
			}
			// A responder's own check, reflected to it, deserves silence.
			if r, _ := ParseCheck(triggered); len(user) <= len(testUser) && r.ReplySize(from) <= r.Size {
				t.Errorf("%v: a reflected check of %d bytes would be answered", from, r.Size)
			}
		}
	}
}

func TestCheckRefused(t *testing.T) {
	id := NewTransactionID()
	b, err := AskPadded(id, testUser, testPassword)
	good := must(t, b, err)
	flipped := bytes.Clone(good)
	flipped[30] ^= 1
	build := func(setters ...stun.Setter) []byte {
		return stun.MustBuild(append([]stun.Setter{stun.TransactionID}, setters...)...).Raw
	}
	key := stun.NewShortTermIntegrity(testPassword)
	for name, b := range map[string][]byte{
		"nothing":              nil,
		"rtp":                  append([]byte{0x80}, make([]byte, 171)...),
		"cut":                  good[:len(good)-1],
		"longer":               append(bytes.Clone(good), 0, 0, 0, 0),
		"changed":              flipped,
		"no integrity":         build(stun.BindingRequest, stun.NewUsername(testUser), stun.Fingerprint),
		"no fingerprint":       build(stun.BindingRequest, stun.NewUsername(testUser), key),
		"no username":          build(stun.BindingRequest, key, stun.Fingerprint),
		"name after integrity": build(stun.BindingRequest, key, stun.NewUsername(testUser), stun.Fingerprint),
		"no stamps":            build(stun.BindingSuccess, &stun.XORMappedAddress{IP: []byte{1, 2, 3, 4}, Port: 1}, key, stun.Fingerprint),
		"no address":           build(stun.BindingSuccess, stamped(AttrReceived, 1), stamped(AttrSent, 1), key, stun.Fingerprint),
		"an error":             build(stun.BindingError, stun.CodeBadRequest, key, stun.Fingerprint),
	} {
		if _, err := ParseCheck(b); !errors.Is(err, ErrCheck) {
			t.Errorf("%s: got %v, want ErrCheck", name, err)
		}
	}
}

func FuzzParseCheck(f *testing.F) {
	id := NewTransactionID()
	padded, err := AskPadded(id, testUser, testPassword)
	f.Add(must(f, padded, err))
	bare, err := Ask(id, testUser, testPassword)
	f.Add(must(f, bare, err))
	for _, from := range testAddresses {
		b, err := Answer(id, from, 1, 2, testPassword)
		f.Add(must(f, b, err))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		c, err := ParseCheck(b)
		if !bytes.Equal(b, before) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			return
		}
		_ = c.Authentic(testPassword)
		c.ReplySize(testAddresses[0])
		if !c.Answer {
			return
		}
		again, err := Answer(c.ID, c.Mapped, c.Received, c.Sent, testPassword)
		d, err := ParseCheck(must(t, again, err))
		if err != nil || d.Mapped != c.Mapped || d.Received != c.Received || d.Sent != c.Sent || d.ID != c.ID {
			t.Fatalf("built anew it differs: %+v and %+v, %v", c, d, err)
		}
	})
}
