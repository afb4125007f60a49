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
	inner, outer state
}

// A state is the part of a hash's marshalled state that depends on the key: after one
// whole block the rest is the same for every key. SHA-1 uses the first bytes.
type state [sha256.Size]byte

// magicSize is how many bytes of a marshalled state say which hash it is.
const magicSize = 4

// A hasher is a hash with its buffers.
type hasher struct {
	restorable
	after []byte // the marshalled state after any block; a mac's state goes into it
	sum   [sha256.Size]byte
	head  [headerSTUN]byte
}

// restorable is what a hash of package crypto can do.
type restorable interface {
	hash.Hash
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

var sha256Pool, sha1Pool = poolOf(sha256.New), poolOf(sha1.New)

func poolOf(make func() hash.Hash) *sync.Pool {
	return &sync.Pool{New: func() any {
		h := &hasher{restorable: make().(restorable)} //nolint:forcetypeassert // those of package crypto are
		h.pad(nil, 0)
		h.after, _ = h.AppendBinary(nil) // never fails
		return h
	}}
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
	m.inner, m.outer = h.keyed(key, 0x36), h.keyed(key, 0x5c)
	return m
}

// pad hashes a padded key from the start.
func (h *hasher) pad(key []byte, pad byte) {
	padded := bytes.Repeat([]byte{pad}, h.BlockSize())
	for i, k := range key {
		padded[i] ^= k
	}
	h.Reset()
	h.Write(padded)
}

// keyed is the state after a padded key.
func (h *hasher) keyed(key []byte, pad byte) (s state) {
	h.pad(key, pad)
	b, _ := h.AppendBinary(nil)
	copy(s[:h.Size()], b[magicSize:])
	return s
}

// restore goes back to the state after a padded key.
func (h *hasher) restore(s *state) {
	copy(h.after[magicSize:], s[:h.Size()])
	_ = h.UnmarshalBinary(h.after) // it made it itself
}

func (m *mac) borrow() *hasher { return m.hashes.Get().(*hasher) } //nolint:forcetypeassert // the pool has nothing else

func (m *mac) giveBack(h *hasher) { m.hashes.Put(h) }

// of computes the MAC of a message in two parts, with a hasher that holds the
// result until it is used again.
func (m *mac) of(h *hasher, first, rest []byte) []byte {
	h.restore(&m.inner)
	h.Write(first)
	h.Write(rest)
	inner := h.Sum(h.sum[:0])
	h.restore(&m.outer)
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
