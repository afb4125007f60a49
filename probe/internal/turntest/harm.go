package turntest

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"sync"

	"github.com/pion/stun/v3"
)

// Harm is what happens to RTP between clients and the server, by UDP.
type Harm struct {
	Up, Down func(packet int, random *rand.Rand) bool // whether this packet of a stream, from 0, is lost; nil: none is
	Seed     uint64
}

// Dropped is what was lost of a stream.
type Dropped struct{ Up, Down int }

// harmed is the server's UDP socket.
type harmed struct {
	net.PacketConn
	options Options

	mu      sync.Mutex // guards the rest
	random  *rand.Rand
	streams map[uint32]*stream
	asked   map[string]int // requests with a nonce, by client
}

type stream struct {
	Dropped

	up, down int // packets seen
}

func newHarmed(conn net.PacketConn, o Options) *harmed {
	return &harmed{PacketConn: conn, options: o, random: rand.New(rand.NewPCG(o.Harm.Seed, 1)), streams: map[uint32]*stream{}, asked: map[string]int{}}
}

// ReadFrom reads what clients send, as far as it is not lost.
func (h *harmed) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := h.PacketConn.ReadFrom(b)
		if err != nil || !h.losesUp(b[:n]) && !h.calledStale(b[:n], from) {
			return n, from, err
		}
	}
}

// WriteTo sends to a client, unless it is lost.
func (h *harmed) WriteTo(b []byte, to net.Addr) (int, error) {
	if h.losesDown(b) {
		return len(b), nil
	}
	return h.PacketConn.WriteTo(b, to)
}

// rtp is the stream of an RTP packet in ChannelData, or nil. The lock is held.
func (h *harmed) rtp(b []byte) *stream {
	if len(b) < 16 || b[0]>>6 != 1 || b[4]>>6 != 2 {
		return nil
	}
	ssrc := binary.BigEndian.Uint32(b[12:])
	if h.streams[ssrc] == nil {
		h.streams[ssrc] = &stream{}
	}
	return h.streams[ssrc]
}

func (h *harmed) losesUp(b []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.rtp(b)
	if s == nil || h.options.Harm.Up == nil {
		return false
	}
	s.up++
	if !h.options.Harm.Up(s.up-1, h.random) {
		return false
	}
	s.Up++
	return true
}

func (h *harmed) losesDown(b []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.rtp(b)
	if s == nil || h.options.Harm.Down == nil {
		return false
	}
	s.down++
	if !h.options.Harm.Down(s.down-1, h.random) {
		return false
	}
	s.Down++
	return true
}

func (h *harmed) dropped(ssrc uint32) Dropped {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.streams[ssrc]; s != nil {
		return s.Dropped
	}
	return Dropped{}
}

// calledStale answers every other request that carries a nonce with 438, as a
// server does whose nonces live for a minute.
func (h *harmed) calledStale(b []byte, from net.Addr) bool {
	if !h.options.Stale || !stun.IsMessage(b) {
		return false
	}
	m := &stun.Message{Raw: append([]byte(nil), b...)}
	var nonce stun.Nonce
	if m.Decode() != nil || m.Type.Class != stun.ClassRequest || nonce.GetFrom(m) != nil {
		return false
	}
	h.mu.Lock()
	h.asked[from.String()]++
	stale := h.asked[from.String()]%2 == 1
	h.mu.Unlock()
	if stale {
		reply, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.NewType(m.Type.Method, stun.ClassErrorResponse),
			stun.CodeStaleNonce, stun.NewRealm(Realm), nonce)
		if err == nil {
			_, _ = h.PacketConn.WriteTo(reply.Raw, from)
		}
	}
	return stale
}

// Elsewhere starts a server that sends everybody to another one (300), or in
// a circle where to is its own address.
func (s *Server) Elsewhere(tb interface {
	Fatal(args ...any)
	Cleanup(f func())
},
) net.Addr {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // for tests
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			m := &stun.Message{Raw: append([]byte(nil), b[:n]...)}
			if m.Decode() != nil {
				continue
			}
			other := &stun.AlternateServer{IP: s.UDP.Addr().AsSlice(), Port: int(s.UDP.Port())}
			reply, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.NewType(m.Type.Method, stun.ClassErrorResponse), stun.CodeTryAlternate, other)
			if err == nil {
				_, _ = conn.WriteTo(reply.Raw, from)
			}
		}
	}()
	return conn.LocalAddr()
}
