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

func credential(tb testing.TB, username, password string) *Credential {
	tb.Helper()
	k, err := NewCredential(username, password)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func TestCheckRoundTrip(t *testing.T) {
	id := NewTransactionID()
	key, other := credential(t, testUser, testPassword), credential(t, testUser, "another")
	for _, b := range [][]byte{key.AskPadded(nil, id), key.Ask(nil, id)} {
		c, err := ParseCheck(b)
		if err != nil {
			t.Fatal(err)
		}
		if c.Answer || string(c.Username) != testUser || c.ID != id || c.Size != len(b) {
			t.Errorf("got %+v", c)
		}
		if err := c.Authentic(key); err != nil {
			t.Error(err)
		}
		if err := c.Authentic(other); !errors.Is(err, errCheck) {
			t.Errorf("another password: got %v", err)
		}
	}
	for _, from := range testAddresses {
		c, err := ParseCheck(key.Answer(nil, id, from, -5*time.Second, 7*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		want := netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if !c.Answer || c.Mapped != want || c.Received != -5*time.Second || c.Sent != 7*time.Hour || c.Authentic(key) != nil {
			t.Errorf("%v: got %+v", from, c)
		}
	}
}

// Whatever a responder sends in answer to a check is no larger than the check.
func TestCheckSizes(t *testing.T) {
	for _, user := range []string{"u", testUser, "abcdefghijklmnopqrstuvwxyz0123456789-_~"} {
		for _, from := range testAddresses {
			id := NewTransactionID()
			key := credential(t, user, testPassword)
			asked, triggered, answer := key.AskPadded(nil, id), key.Ask(nil, id), key.Answer(nil, id, from, 1, 2)
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
			// A responder's own check that is reflected to it gets no answer.
			if r, _ := ParseCheck(triggered); len(user) <= len(testUser) && r.ReplySize(from) <= r.Size {
				t.Errorf("%v: a reflected check of %d bytes would be answered", from, r.Size)
			}
		}
	}
}

func TestCheckRefused(t *testing.T) {
	id := NewTransactionID()
	good := credential(t, testUser, testPassword).AskPadded(nil, id)
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
		"no address":           build(stun.BindingSuccess, pionStamp(attrReceived, 1), pionStamp(attrSent, 1), key, stun.Fingerprint),
		"an error":             build(stun.BindingError, stun.CodeBadRequest, key, stun.Fingerprint),
	} {
		if _, err := ParseCheck(b); !errors.Is(err, errCheck) {
			t.Errorf("%s: got %v, want ErrCheck", name, err)
		}
	}
}
