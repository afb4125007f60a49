package wire

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// A knock is the question of a firewall check to the responder, over UDP, TCP or TLS:
// "is this port yours?". Both asking and answering need the session's nonce, so that
// neither a transparent proxy nor an impostor can pretend to be the responder. The
// nonce itself is never sent. The answer is shorter than the question.
//
// The first byte, 0x4E, distinguishes a knock from STUN (0x00-0x3F) and RTP
// (0x80-0xBF) on the same socket.
const (
	KnockSize  = 96
	AnswerSize = 80

	knockMagic  = "NRK1"
	answerMagic = "NRA1"
)

// maxKnockDelay bounds the delay that an agent can ask for. It is longer than the
// 30 s of silence that a NAT mapping should survive.
const maxKnockDelay = 40 * time.Second

// KnockID names a session to its responder and reveals nothing to others.
type KnockID [8]byte

// KnockIDOf is the name of the session with this nonce.
func KnockIDOf(nonce string) KnockID {
	sum := sha256.Sum256([]byte("netready knock id " + nonce))
	return KnockID(sum[:8])
}

// String is the ID in hex, as it is used in text protocols and as the STUN username of
// a firewall check, whose password is the nonce.
func (id KnockID) String() string { return hex.EncodeToString(id[:]) }

// ParseKnockID reads what String wrote.
func ParseKnockID(s string) (KnockID, bool) {
	var id KnockID
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(id) {
		return id, false
	}
	return KnockID(b), true
}

// NonceOf looks up the nonce of a running session.
type NonceOf func(KnockID) (nonce string, ok bool)

// Proof is a MAC over some parts under the session's nonce. The label keeps
// proofs of one purpose from serving another.
func Proof(nonce, label string, parts ...[]byte) [16]byte {
	mac := hmac.New(sha256.New, []byte(nonce))
	for _, part := range append([][]byte{[]byte(label)}, parts...) {
		var size [4]byte
		binary.BigEndian.PutUint32(size[:], uint32(len(part)))
		mac.Write(size[:])
		mac.Write(part)
	}
	return [16]byte(mac.Sum(nil)[:16])
}

// Knock is the question.
type Knock struct {
	ID     KnockID
	Random [16]byte
	Delay  time.Duration // how long the responder has to wait before it answers; whole milliseconds
}

// NewKnock makes a new question for the session with this nonce.
func NewKnock(nonce string) Knock {
	k := Knock{ID: KnockIDOf(nonce)}
	_, _ = rand.Read(k.Random[:]) // never fails
	return k
}

// Marshal is the question's KnockSize bytes.
func (k Knock) Marshal(nonce string) []byte {
	b := make([]byte, KnockSize)
	copy(b, knockMagic)
	copy(b[4:], k.ID[:])
	copy(b[12:], k.Random[:])
	binary.BigEndian.PutUint32(b[28:], uint32(k.Delay/time.Millisecond))
	mac := Proof(nonce, "knock", b[:32])
	copy(b[32:], mac[:])
	return b
}

// IsKnock reports whether a datagram may be a knock. It may be longer than KnockSize:
// the rest is padding, to find out how large a packet gets through.
func IsKnock(b []byte) bool { return len(b) >= KnockSize && BeginsKnock(b) }

// BeginsKnock reports whether a stream that starts so holds a knock.
func BeginsKnock(head []byte) bool { return bytes.HasPrefix(head, []byte(knockMagic)) }

// ParseKnock reads a question and checks that it comes from a session that nonceOf
// knows. Everything else must not be answered.
func ParseKnock(b []byte, nonceOf NonceOf) (k Knock, nonce string, ok bool) {
	if !IsKnock(b) {
		return Knock{}, "", false
	}
	k = Knock{ID: KnockID(b[4:12]), Random: [16]byte(b[12:28])}
	k.Delay = time.Duration(binary.BigEndian.Uint32(b[28:])) * time.Millisecond
	if nonce, ok = nonceOf(k.ID); !ok {
		return Knock{}, "", false
	}
	mac := Proof(nonce, "knock", b[:32])
	if !hmac.Equal(mac[:], b[32:48]) || k.Delay > maxKnockDelay {
		return Knock{}, "", false
	}
	return k, nonce, true
}

// KnockAnswer is the responder's answer.
type KnockAnswer struct {
	ID       KnockID
	Random   [16]byte       // of the question
	Observed netip.AddrPort // where the question came from
	Port     uint16         // where the responder received it
	Binding  [16]byte       // of the TLS connection, see TLSBinding; zero without TLS
}

// Answer makes the answer to a question that came from an address to a port.
func (k Knock) Answer(from netip.AddrPort, port int) KnockAnswer {
	return KnockAnswer{ID: k.ID, Random: k.Random, Observed: from, Port: uint16(port)}
}

// Marshal is the answer's AnswerSize bytes.
func (a KnockAnswer) Marshal(nonce string) []byte {
	b := make([]byte, AnswerSize)
	copy(b, answerMagic)
	copy(b[4:], a.ID[:])
	copy(b[12:], a.Random[:])
	ip := a.Observed.Addr().Unmap().As16()
	copy(b[28:], ip[:])
	binary.BigEndian.PutUint16(b[44:], a.Observed.Port())
	binary.BigEndian.PutUint16(b[46:], a.Port)
	copy(b[48:], a.Binding[:])
	mac := Proof(nonce, "answer", b[:64])
	copy(b[64:], mac[:])
	return b
}

// ParseKnockAnswer reads an answer; ok only if it was made with this nonce.
func ParseKnockAnswer(b []byte, nonce string) (a KnockAnswer, ok bool) {
	if len(b) != AnswerSize || string(b[:4]) != answerMagic {
		return KnockAnswer{}, false
	}
	mac := Proof(nonce, "answer", b[:64])
	if !hmac.Equal(mac[:], b[64:80]) {
		return KnockAnswer{}, false
	}
	a = KnockAnswer{ID: KnockID(b[4:12]), Random: [16]byte(b[12:28]), Binding: [16]byte(b[48:64])}
	ip := netip.AddrFrom16([16]byte(b[28:44])).Unmap()
	a.Observed = netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[44:]))
	a.Port = binary.BigEndian.Uint16(b[46:])
	return a, true
}

// TLSBinding is the label of the keying material (RFC 9266, RFC 5705) that
// ties an answer to its TLS connection: a proxy in the middle has two
// connections with different material.
const TLSBinding = "EXPORTER-Netready-Knock"

// DNSPadding makes a DNS question larger than the answer that it gets.
const DNSPadding = 64

// dnsZone is a name that exists nowhere (RFC 6761 6.4).
const dnsZone = ".netready.invalid."

// DNSName is a question in the shape of a name: who asks, a random number, and
// the proof that a session asks.
func DNSName(nonce string, random [16]byte) string {
	proof := Proof(nonce, "dns question", random[:])
	return KnockIDOf(nonce).String() + "." + hex.EncodeToString(random[:]) + "." + hex.EncodeToString(proof[:]) + dnsZone
}

// DNSProof is the text of the answer.
func DNSProof(nonce string, random [16]byte) string {
	proof := Proof(nonce, "dns answer", random[:])
	return hex.EncodeToString(proof[:])
}

// dnsPayload is the most that either end takes over UDP, in bytes: it fits every path's
// MTU (DNS flag day 2020).
const dnsPayload = 1232

// DNSExtension is the record of EDNS(0) (RFC 6891) that question and answer end with.
func DNSExtension(options ...dnsmessage.Option) dnsmessage.Resource {
	r := dnsmessage.Resource{Body: &dnsmessage.OPTResource{Options: options}}
	_ = r.Header.SetEDNS0(dnsPayload, dnsmessage.RCodeSuccess, false) // never fails
	return r
}

// ParseDNSName reads a name of DNSName's and gives the text of its answer.
func ParseDNSName(name string, nonceOf NonceOf) (answer string, ok bool) {
	name, ok = strings.CutSuffix(strings.ToLower(name), dnsZone)
	if !ok {
		return "", false
	}
	labels := strings.Split(name, ".")
	if len(labels) != 3 {
		return "", false
	}
	id, ok := ParseKnockID(labels[0])
	random, err := hex.DecodeString(labels[1])
	if !ok || err != nil || len(random) != 16 {
		return "", false
	}
	nonce, ok := nonceOf(id)
	if !ok || !hmac.Equal([]byte(name+dnsZone), []byte(DNSName(nonce, [16]byte(random)))) {
		return "", false
	}
	return DNSProof(nonce, [16]byte(random)), true
}
