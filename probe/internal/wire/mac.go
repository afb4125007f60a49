package wire

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the integrity of RFC 8489 14.5 is made of it
	"crypto/sha256"
	"encoding"
	"hash"
	"sync"
)

// A mac is HMAC (RFC 2104) with one key. The state of the hash after each padded key is
// computed once and kept, so that only the blocks of a message have to be hashed; the
// hash itself comes from a pool, so that the data of thousands of calls are small
// enough for the processor's caches.
type mac struct {
	hashes       *sync.Pool // of *hasher
	inner, outer []byte     // states of the hash, as it marshals them
}

// A hasher is a hash with its buffers.
type hasher struct {
	restorable
	sum  [sha256.Size]byte
	head [headerSTUN]byte
}

// restorable is what a hash of package crypto can do.
type restorable interface {
	hash.Hash
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

var sha256Pool, sha1Pool = poolOf(sha256.New), poolOf(sha1.New)

func poolOf(make func() hash.Hash) *sync.Pool {
	return &sync.Pool{New: func() any { return &hasher{restorable: make().(restorable)} }} //nolint:forcetypeassert // those of package crypto are
}

// newMAC prepares a key.
func newMAC(hashes *sync.Pool, key []byte) mac {
	m := mac{hashes: hashes}
	h := m.borrow()
	defer m.giveBack(h)
	if len(key) > h.BlockSize() {
		h.Reset()
		h.Write(key)
		key = h.Sum(nil)
	}
	m.inner = h.after(nil, key, 0x36)
	both := append(make([]byte, 0, 2*len(m.inner)), m.inner...) // side by side
	m.inner, m.outer = both, h.after(both[len(both):], key, 0x5c)
	return m
}

// after appends the state of the hash after a padded key.
func (h *hasher) after(b, key []byte, pad byte) []byte {
	padded := bytes.Repeat([]byte{pad}, h.BlockSize())
	for i, k := range key {
		padded[i] ^= k
	}
	h.Reset()
	h.Write(padded)
	b, _ = h.AppendBinary(b) // never fails
	return b
}

func (m *mac) borrow() *hasher { return m.hashes.Get().(*hasher) } //nolint:forcetypeassert // the pool has nothing else

func (m *mac) giveBack(h *hasher) { m.hashes.Put(h) }

// of computes the MAC of a message in two parts, with a hasher that holds the
// result until it is used again.
func (m *mac) of(h *hasher, first, rest []byte) []byte {
	_ = h.UnmarshalBinary(m.inner) // it made them itself
	h.Write(first)
	h.Write(rest)
	inner := h.Sum(h.sum[:0])
	_ = h.UnmarshalBinary(m.outer)
	h.Write(inner)
	return h.Sum(h.sum[:0])
}

// put writes the first bytes of a message's MAC.
func (m *mac) put(to, message []byte) {
	h := m.borrow()
	copy(to, m.of(h, message, nil))
	m.giveBack(h)
}

// begins tells, in constant time, whether a message's MAC begins with a tag.
func (m *mac) begins(tag, message []byte) bool {
	h := m.borrow()
	ok := hmac.Equal(tag, m.of(h, message, nil)[:len(tag)])
	m.giveBack(h)
	return ok
}
