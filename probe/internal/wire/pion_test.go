package wire

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/stun/v3"

	"netready/internal/seed"
)

// What pion/stun makes and reads: our code is written for these few messages only, and must
// give the same.

func pionStamp(t stun.AttrType, at time.Duration) stun.RawAttribute {
	return stun.RawAttribute{Type: t, Value: binary.BigEndian.AppendUint64(nil, uint64(at))}
}

func pionBuild(t testing.TB, id TransactionID, kind stun.MessageType, password string, attributes ...stun.Setter) []byte {
	t.Helper()
	setters := append([]stun.Setter{stun.NewTransactionIDSetter(id), kind}, attributes...)
	m, err := stun.Build(append(setters, stun.NewShortTermIntegrity(password), stun.Fingerprint)...)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

// pionCheck is what pion reads of a check; ok says that it is one of ours.
func pionCheck(b []byte) (c Check, m *stun.Message, ok bool) {
	m = &stun.Message{}
	if len(b) < 20 || b[0]>>6 != 0 || stun.Decode(b, m) != nil || 20+int(m.Length) != len(b) {
		return c, nil, false
	}
	n := len(m.Attributes)
	for i, a := range m.Attributes {
		if a.Type == stun.AttrMessageIntegrity && (i != n-2 || a.Length != 20) || a.Type == stun.AttrFingerprint && (i != n-1 || a.Length != 4) {
			return c, nil, false
		}
	}
	if n < 2 || m.Attributes[n-2].Type != stun.AttrMessageIntegrity || stun.Fingerprint.Check(m) != nil {
		return c, nil, false
	}
	c.ID, c.Size = m.TransactionID, len(b)
	if m.Type == stun.BindingRequest {
		name, err := m.Get(stun.AttrUsername)
		c.Username = name
		return c, m, err == nil
	}
	received, err1 := m.Get(attrReceived)
	sent, err2 := m.Get(attrSent)
	var mapped stun.XORMappedAddress
	raw, _ := m.Get(stun.AttrXORMappedAddress)
	if m.Type != stun.BindingSuccess || err1 != nil || err2 != nil || len(received) != 8 || len(sent) != 8 || mapped.GetFrom(m) != nil ||
		len(raw) != 4+len(mapped.IP) { // pion fills up an address that is cut short
		return c, nil, false
	}
	addr, _ := netip.AddrFromSlice(mapped.IP)
	c.Answer, c.Mapped = true, netip.AddrPortFrom(addr.Unmap(), uint16(mapped.Port))
	c.Received, c.Sent = time.Duration(binary.BigEndian.Uint64(received)), time.Duration(binary.BigEndian.Uint64(sent))
	return c, m, true
}

func TestChecksAreThoseOfPion(t *testing.T) {
	random := rand.New(rand.NewPCG(seed.Of(t), 0))
	for range 300 {
		user := strings.Repeat("u", random.IntN(maxUsername+1))
		password := strings.Repeat("p", random.IntN(150))
		key := credential(t, user, password)
		id := NewTransactionID()
		addr := netip.AddrFrom4([4]byte{byte(random.Uint32()), 1, 2, 3})
		if random.IntN(2) == 0 {
			addr = netip.AddrFrom16([16]byte{0x20, byte(random.Uint32()), 15: 7})
		}
		from := netip.AddrPortFrom(addr, uint16(random.Uint32()))
		received, sent := time.Duration(random.Int64()), time.Duration(-random.Int64())
		before := []byte("what stands before it stays")
		for name, pair := range map[string][2][]byte{
			"padded": {key.AskPadded(before, id), pionBuild(t, id, stun.BindingRequest, password, stun.NewUsername(user), Padding())},
			"bare":   {key.Ask(before, id), pionBuild(t, id, stun.BindingRequest, password, stun.NewUsername(user))},
			"answer": {key.Answer(before, id, from, received, sent), pionBuild(t, id, stun.BindingSuccess, password,
				&stun.XORMappedAddress{IP: addr.AsSlice(), Port: int(from.Port())}, pionStamp(attrReceived, received), pionStamp(attrSent, sent))},
		} {
			if !bytes.Equal(pair[0], append(before, pair[1]...)) {
				t.Fatalf("%s of %q, %q to %v:\ngot  %x\nwant %x", name, user, password, from, pair[0][len(before):], pair[1])
			}
		}
	}
	if _, err := NewCredential(strings.Repeat("u", maxUsername+1), ""); err == nil {
		t.Error("a name that no message may carry is taken")
	}
}

// One message is checked and made without an allocation: a responder handles thousands a
// second.
func TestChecksAllocateNothing(t *testing.T) {
	key, room := credential(t, testUser, testPassword), make([]byte, 0, 512)
	id, asked := NewTransactionID(), credential(t, testUser, testPassword).AskPadded(nil, NewTransactionID())
	got := testing.AllocsPerRun(100, func() {
		c, err := ParseCheck(asked)
		if err != nil || c.Authentic(key) != nil {
			t.Fatal(err)
		}
		key.Answer(key.Ask(room, id)[:0], c.ID, testAddresses[1], 1, 2)
	})
	if got > 0 && !isRaced {
		t.Errorf("%v allocations", got)
	}
}

func TestMAC(t *testing.T) {
	random := rand.New(rand.NewPCG(seed.Of(t), 0))
	bytesOf := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	for range 300 {
		key, message := bytesOf(random.IntN(200)), bytesOf(random.IntN(300))
		long, short := hmac.New(sha256.New, key), hmac.New(sha1.New, key)
		long.Write(message)
		short.Write(message)
		m, n := newMAC(sha256Pool, key), newMAC(sha1Pool, key)
		got, got1 := make([]byte, 32), make([]byte, 20)
		m.put(got, message)
		n.put(got1, message)
		if !bytes.Equal(got, long.Sum(nil)) || !bytes.Equal(got1, short.Sum(nil)) {
			t.Fatalf("key %x, message %x: got %x and %x", key, message, got, got1)
		}
		if !m.begins(got[:4], message) || m.begins([]byte{got[0], got[1], got[2], got[3] ^ 1}, message) {
			t.Fatal("a tag is not told from another one")
		}
	}
}

func FuzzParseCheck(f *testing.F) {
	key, id := credential(f, testUser, testPassword), NewTransactionID()
	f.Add(key.AskPadded(nil, id))
	f.Add(key.Ask(nil, id))
	for _, from := range testAddresses {
		f.Add(key.Answer(nil, id, from, 1, 2))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		for _, b := range [][]byte{b, resealed(b)} {
			agree(t, key, b)
		}
		if !bytes.Equal(b, before) {
			t.Fatal("the input was changed")
		}
	})
}

// resealed has the length and the fingerprint right, so that what is between
// them is looked at.
func resealed(b []byte) []byte {
	if len(b) < 20+sizeFingerprint || len(b) > 1<<16 {
		return b
	}
	b = bytes.Clone(b)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-20))
	end := len(b) - sizeFingerprint
	binary.BigEndian.PutUint32(b[end+4:], stun.FingerprintValue(b[:end]))
	return b
}

// agree compares what both read.
func agree(t *testing.T, key *Credential, b []byte) {
	t.Helper()
	c, err := ParseCheck(b)
	want, m, ok := pionCheck(b)
	if (err == nil) != ok {
		t.Fatalf("%x: ours says %v, pion's %v", b, err, ok)
	}
	if err != nil {
		return
	}
	if c.ID != want.ID || c.Answer != want.Answer || !bytes.Equal(c.Username, want.Username) || c.Mapped != want.Mapped ||
		c.Received != want.Received || c.Sent != want.Sent || c.Size != want.Size {
		t.Fatalf("%x: got %+v, want %+v", b, c, want)
	}
	if theirs := stun.NewShortTermIntegrity(testPassword).Check(m) == nil; (c.Authentic(key) == nil) != theirs {
		t.Fatalf("%x: pion says %v of its integrity", b, theirs)
	}
	c.ReplySize(testAddresses[0])
}

// What is opened is what pion/rtp reads as the packet that was sealed.
func TestPacketsAreThoseOfPion(t *testing.T) {
	random := rand.New(rand.NewPCG(seed.Of(t), 0))
	for range 300 {
		flow := testFlow()
		flow.Type, flow.SSRC, flow.Seq, flow.Time = uint8(random.IntN(128)), random.Uint32(), uint16(random.Uint32()), random.Uint32()
		s, o := sealerOpener(t, flow)
		index := random.Int64N(100_000) * random.Int64N(2)
		b := slices.Clone(s.Seal(index, time.Second))
		header := rtp.Header{
			Version: 2, Marker: index == 0, PayloadType: flow.Type, SSRC: flow.SSRC,
			SequenceNumber: flow.Seq + uint16(index), Timestamp: flow.Time + uint32(index)*flow.Step,
		}
		if want, err := header.Marshal(); err != nil || !bytes.Equal(b[:HeaderSize], want) {
			t.Fatalf("got %x, want %x, %v", b[:HeaderSize], want, err)
		}
		if got, _, err := o.Open(b); err != nil || got != index {
			t.Fatalf("packet %d: got %d, %v", index, got, err)
		}
		b[random.IntN(tagged)] ^= 1 << random.IntN(8)
		if _, _, err := o.Open(b); err == nil {
			t.Fatalf("%x: a changed packet was opened", b)
		}
	}
}
