package lab

import (
	"encoding/binary"
	"sync"
	"time"
)

// The kinds of packets of which a dropper takes one.
const (
	nameAnswer = "DNS answer"
	question   = "datagram up"
	answer     = "datagram down"
	syn        = "SYN"
	synAck     = "SYN-ACK"
	flight     = "flight" // of the first four of a connection over TCP: with TLS its handshake and the first question and answer
)

const (
	flightsOfOne = 4
	// flightLasts bounds a flight of several packets: an answer that goes on is not
	// the handshake any more.
	flightLasts = 20 * time.Millisecond
)

// dropper counts the packets of one kind that a wire carries, and drops the n-th of them
// (from 1). When it is sent again, it passes.
type dropper struct {
	mu    sync.Mutex // guards the rest
	kind  string
	nth   int // 0: none
	count int
	flows map[flow]*conversation
}

// flow is a connection by its ends, the PC's first.
type flow struct{ near, far uint64 }

// conversation is a connection over TCP so far.
type conversation struct {
	flights int
	number  int // of the flight now, among all
	up      bool
	began   time.Duration
	ends    map[bool]uint32 // the highest sequence number that was sent, by direction
}

// begin forgets what was counted. From now on the n-th of a kind is taken.
func (t *dropper) begin(kind string, nth int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kind, t.nth, t.count, t.flows = kind, nth, 0, map[flow]*conversation{}
}

// counted is how many there were since begin.
func (t *dropper) counted() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count
}

// takes reports whether a frame has to be dropped. up is away from the PC.
func (t *dropper) takes(frame []byte, up bool, now time.Duration) bool {
	if t == nil || len(frame) < 14+20 || binary.BigEndian.Uint16(frame[12:]) != ipv4 {
		return false
	}
	ip := frame[14:]
	ip = ip[:min(len(ip), int(binary.BigEndian.Uint16(ip[2:])))] // Ethernet pads short frames
	head := 4 * int(ip[0]&15)
	if len(ip) < head+8 {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch body := ip[head:]; ip[9] {
	case udp:
		isName := !up && binary.BigEndian.Uint16(body) == 53
		return (t.kind == nameAnswer && isName || t.kind == answer && !up || t.kind == question && up) && t.next()
	case tcp:
		return len(body) >= 20 && t.takesSegment(ip, body, up, now)
	}
	return false
}

// Numbers of protocols: of Ethernet (IEEE 802), and of IP (IANA).
const (
	ipv4 = 0x0800
	tcp  = 6
	udp  = 17
)

func (t *dropper) next() bool {
	t.count++
	return t.count == t.nth
}

// Flags of TCP, RFC 9293 3.1.
const (
	flagSYN = 0x02
	flagACK = 0x10
)

func (t *dropper) takesSegment(ip, segment []byte, up bool, now time.Duration) bool {
	const both = flagSYN | flagACK
	switch flags := segment[13] & both; t.kind {
	case syn:
		return flags == flagSYN && up && t.next()
	case synAck:
		return flags == both && !up && t.next()
	case flight:
		if data := segment[min(len(segment), 4*int(segment[12]>>4)):]; flags&flagSYN == 0 && len(data) > 0 {
			return t.takesData(flowOf(ip, segment, up), binary.BigEndian.Uint32(segment[4:])+uint32(len(data)), up, now)
		}
	}
	return false
}

// takesData takes the segments of a flight that are sent for the first time.
func (t *dropper) takesData(f flow, end uint32, up bool, now time.Duration) bool {
	c := t.flows[f]
	if c == nil {
		c = &conversation{ends: map[bool]uint32{}}
		t.flows[f] = c
	}
	if last, some := c.ends[up]; some && int32(end-last) <= 0 {
		return false // sent again
	}
	c.ends[up] = end
	if c.flights == 0 || up != c.up {
		c.flights++
		c.up, c.began, c.number = up, now, 0
		if c.flights <= flightsOfOne {
			t.count++
			c.number = t.count
		}
	}
	return c.number == t.nth && t.nth > 0 && now-c.began < flightLasts
}

func flowOf(ip, segment []byte, up bool) flow {
	end := func(address, port []byte) uint64 {
		return uint64(binary.BigEndian.Uint32(address))<<16 | uint64(binary.BigEndian.Uint16(port))
	}
	from, to := end(ip[12:16], segment[0:2]), end(ip[16:20], segment[2:4])
	if up {
		return flow{from, to}
	}
	return flow{to, from}
}
