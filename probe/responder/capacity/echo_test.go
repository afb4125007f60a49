//go:build capacity && linux

package capacity

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/ipv4"

	"netready/probe/internal/stamp"
)

// runEcho is the barest server that could be: what comes goes back, in batches.
func runEcho() {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		panic(err)
	}
	_ = c.SetReadBuffer(4 << 20)
	fmt.Println(c.LocalAddr())
	batch := make([]ipv4.Message, 64)
	for i := range batch {
		batch[i].Buffers = [][]byte{make([]byte, stamp.MaxDatagram)}
	}
	conn := ipv4.NewPacketConn(c)
	for {
		n, err := conn.ReadBatch(batch, 0)
		if err != nil {
			return
		}
		for i := range batch[:n] {
			batch[i].Buffers[0] = batch[i].Buffers[0][:batch[i].N]
		}
		for sent := 0; sent < n; {
			m, err := conn.WriteBatch(batch[sent:n], 0)
			if err != nil {
				break
			}
			sent += m
		}
		for i := range batch[:n] {
			batch[i].Buffers[0] = batch[i].Buffers[0][:stamp.MaxDatagram]
		}
	}
}

// echoed are the calls to the echo: the round trip is all there is to count.
type echoed struct{ calls []tally }

func (e *echoed) packet(call int, i int64, at time.Duration, b []byte) {
	binary.BigEndian.PutUint64(b, uint64(at))
	binary.BigEndian.PutUint32(b[8:], uint32(call))
	binary.BigEndian.PutUint64(b[12:], uint64(i))
}

func (e *echoed) take(_ int, b []byte, at time.Duration, settled bool) {
	if call := int(binary.BigEndian.Uint32(b[8:])); call < len(e.calls) {
		e.calls[call].add(int64(binary.BigEndian.Uint64(b[12:])), time.Duration(binary.BigEndian.Uint64(b)), at, settled)
	}
}

func (*echoed) beside(int, time.Duration) {}

// echo loads the bare echo with so many calls.
func echo(b *testing.B, calls int) figure {
	b.Helper()
	server := serve(b, "echo")
	defer server.end()
	g := newGenerator(b, calls, netip.MustParseAddrPort(server.line))
	e := &echoed{calls: make([]tally, calls)}
	return measure(b, server, g, e, func(f *figure) {
		f.loss, f.jitter = roundTrips(e.calls, g.sentAll)
	})
}

// roundTrips sums up calls that come back whole.
func roundTrips(calls []tally, sent int64) (loss, jitter float64) {
	var came int64
	var jitters []float64
	for i := range calls {
		came += calls[i].came
		jitters = append(jitters, calls[i].mean())
	}
	return 1 - float64(came)/float64(sent), p99(jitters)
}
