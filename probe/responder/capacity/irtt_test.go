//go:build capacity && linux

package capacity

import (
	"encoding/binary"
	"net/netip"
	"os/exec"
	"testing"
	"time"

	"netready/internal/need"
)

// What irtt's packets look like (its doc.go; little endian).
const (
	irttOpen    = "\x14\xa7\x5b\x01"
	irttRequest = "\x14\xa7\x5b\x00"
	irttToken   = 4
	irttSeq     = 12
	irttArrived = 36 // monotonic, ns
	irttLeft    = 52
	irttAddress = "127.0.0.1:21121"
)

// irttCalls are sessions with irtt's server, which stamps what it answers.
type irttCalls struct {
	calls  []irttCall
	tokens map[uint64]int
}

type irttCall struct {
	token    uint64
	sent     map[uint32]time.Duration
	up, down tally
}

func (s *irttCalls) packet(call int, i int64, at time.Duration, b []byte) {
	clear(b[irttSeq:])
	copy(b, irttRequest)
	binary.LittleEndian.PutUint64(b[irttToken:], s.calls[call].token)
	binary.LittleEndian.PutUint32(b[irttSeq:], uint32(i))
	s.calls[call].sent[uint32(i)] = at
}

func (s *irttCalls) take(_ int, b []byte, at time.Duration, settled bool) {
	if len(b) < irttLeft+8 {
		return
	}
	call, ok := s.tokens[binary.LittleEndian.Uint64(b[irttToken:])]
	if !ok {
		return
	}
	c, seq := &s.calls[call], binary.LittleEndian.Uint32(b[irttSeq:])
	sent, ok := c.sent[seq]
	if !ok {
		return
	}
	delete(c.sent, seq)
	c.up.add(int64(seq), sent, time.Duration(binary.LittleEndian.Uint64(b[irttArrived:])), settled)
	c.down.add(int64(seq), time.Duration(binary.LittleEndian.Uint64(b[irttLeft:])), at, settled)
}

func (*irttCalls) beside(int, time.Duration) {}

// irttParams ask for a session as long as the measurement, with all stamps.
func irttParams() []byte {
	b := []byte(irttOpen)
	for i, v := range []int64{1, int64(time.Minute), int64(ptime), size, 3, 3, 3} {
		b = binary.AppendVarint(binary.AppendUvarint(b, uint64(i+1)), v)
	}
	return b
}

// irtt loads irtt's server with so many calls.
func irtt(b *testing.B, calls int) figure {
	b.Helper()
	server := launch(b, exec.CommandContext(b.Context(), need.Tool(b, "irtt"), "server", "-b", irttAddress))
	defer server.end()
	time.Sleep(500 * time.Millisecond)
	g := newGenerator(b, calls, netip.MustParseAddrPort(irttAddress))
	s := &irttCalls{calls: make([]irttCall, calls), tokens: map[uint64]int{}}
	answer := make([]byte, 512)
	for i := range s.calls {
		conn := g.sockets[socketOf(i)]
		conn.write(irttParams())
		if len(conn.wait(answer)) < irttToken+8 {
			b.Fatalf("irtt's server grants no session %d", i)
		}
		s.calls[i].token, s.calls[i].sent = binary.LittleEndian.Uint64(answer[irttToken:]), map[uint32]time.Duration{}
		s.tokens[s.calls[i].token] = i
	}
	return measure(b, server, g, s, func(f *figure) {
		var up, down []tally
		for i := range s.calls {
			up, down = append(up, s.calls[i].up), append(down, s.calls[i].down)
		}
		loss, jitterUp := roundTrips(up, g.sentAll)
		_, jitterDown := roundTrips(down, g.sentAll)
		f.loss, f.jitter = loss, max(jitterUp, jitterDown)
	})
}
