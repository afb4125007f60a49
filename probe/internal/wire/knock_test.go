package wire

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

func one(nonce string) NonceOf {
	return func(id KnockID) (string, bool) { return nonce, id == KnockIDOf(nonce) }
}

func TestKnockRoundTrip(t *testing.T) {
	k := NewKnock("secret")
	k.Delay = 30 * time.Second
	question := k.Marshal("secret")
	got, nonce, ok := ParseKnock(question, one("secret"))
	if !ok || nonce != "secret" || got != k {
		t.Fatalf("got %+v %v, want %+v", got, ok, k)
	}
	for _, from := range []string{"192.0.2.1:4000", "[2001:db8::1]:65535"} {
		want := got.Answer(netip.MustParseAddrPort(from), 20000)
		answer, ok := ParseKnockAnswer(want.Marshal("secret"), "secret")
		if !ok || answer != want {
			t.Errorf("got %+v %v, want %+v", answer, ok, want)
		}
	}
	if AnswerSize > KnockSize {
		t.Error("an answer is larger than its question")
	}
}

func TestKnockRefused(t *testing.T) {
	k := NewKnock("secret")
	good := k.Marshal("secret")
	long := k
	long.Delay = maxKnockDelay + time.Millisecond
	flipped := bytes.Clone(good)
	flipped[20] ^= 1
	for name, b := range map[string][]byte{
		"other nonce": k.Marshal("guess"), "cut": good[:KnockSize-1], "flipped": flipped,
		"delay": long.Marshal("secret"), "empty": nil, "own answer": k.Answer(netip.AddrPort{}, 1).Marshal("secret"),
	} {
		if _, _, ok := ParseKnock(b, one("secret")); ok {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, ok := ParseKnockAnswer(good, "secret"); ok {
		t.Error("a question sent back passed for an answer")
	}
	if _, ok := ParseKnockAnswer(k.Answer(netip.AddrPort{}, 1).Marshal("guess"), "secret"); ok {
		t.Error("an answer under another nonce passed")
	}
}

func FuzzKnock(f *testing.F) {
	k := NewKnock("secret")
	f.Add(k.Marshal("secret"))
	f.Add(k.Answer(netip.MustParseAddrPort("192.0.2.1:1"), 2).Marshal("secret"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, nonce, ok := ParseKnock(b, one("secret")); ok && !bytes.Equal(k.Marshal(nonce)[:48], b[:48]) {
			t.Error("decoding and encoding gave another question")
		}
		if a, ok := ParseKnockAnswer(b, "secret"); ok && !bytes.Equal(a.Marshal("secret"), b) {
			t.Error("decoding and encoding gave another answer")
		}
	})
}
