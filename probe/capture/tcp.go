package capture

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
)

const (
	maxTCP      = 4096    // directions of connections that are watched
	maxPending  = 32      // segments that wait for an earlier one
	maxHeld     = 1 << 24 // bytes that wait in all, for those or for the rest of a packet
	maxMisses   = 64      // segments without a known beginning: then there is no media in it
	longestRTP  = 9000    // bytes, a jumbo frame
	framingSize = 2       // RFC 4571
)

// tcpStreams finds datagrams in TCP: framed by RFC 4571, between TURN client
// and server, or interleaved with RTSP (RFC 7826 14).
type tcpStreams struct {
	all  map[ends]*tcpStream
	held int // bytes that wait
}

// tcpStream is one direction of a connection.
type tcpStream struct {
	next    uint32 // sequence number that is awaited
	started bool
	held    []byte // the beginning of a packet
	pending []segment
	found   int // packets
	misses  int
}

type segment struct {
	seq  uint32
	data []byte
}

// tcp takes a segment, as far as it was captured.
func (d *decoder) tcp(b []byte) {
	const header, reset = 20, 0x04
	if len(b) < header {
		return
	}
	size := int(b[12]>>4) * 4
	data := after(b, size)
	if size < header || len(data) == 0 || b[13]&reset != 0 {
		return
	}
	u := datagram{
		src:  netip.AddrPortFrom(d.src, binary.BigEndian.Uint16(b)),
		dst:  netip.AddrPortFrom(d.dst, binary.BigEndian.Uint16(b[2:])),
		dscp: d.dscp,
	}
	if s := d.streams.of(ends{u.src, u.dst}); s != nil {
		d.streams.held -= s.size()
		if d.streams.held > maxHeld {
			s.pending = nil
		}
		s.add(binary.BigEndian.Uint32(b[4:]), data, func(payload []byte, way string) {
			d.framed++
			u.payload, u.size, u.via = payload, len(payload), joined(d.via, way)
			d.emit(u)
		})
		d.streams.held += s.size()
	}
}

// size is how many bytes wait.
func (s *tcpStream) size() int {
	n := len(s.held)
	for _, p := range s.pending {
		n += len(p.data)
	}
	return n
}

// of finds or opens a direction; nil if there are too many.
func (t *tcpStreams) of(key ends) *tcpStream {
	if s := t.all[key]; s != nil {
		return s
	}
	if len(t.all) >= maxTCP {
		for k, s := range t.all {
			if s.found == 0 {
				t.held -= s.size()
				delete(t.all, k)
			}
		}
		if len(t.all) >= maxTCP {
			return nil
		}
	}
	if t.all == nil {
		t.all = map[ends]*tcpStream{}
	}
	s := &tcpStream{}
	t.all[key] = s
	return s
}

// add puts a segment in its place and reads the packets that are whole then.
func (s *tcpStream) add(seq uint32, data []byte, out func([]byte, string)) {
	if s.misses > maxMisses {
		return
	}
	if !s.started {
		s.next, s.started = seq, true
	}
	if ahead := int32(seq - s.next); ahead > 0 {
		s.pending = append(s.pending, segment{seq, slices.Clone(data)})
		if len(s.pending) <= maxPending {
			return
		}
		s.held = nil // what is missing was not captured
		s.next = slices.MinFunc(s.pending, func(a, b segment) int { return int(int32(a.seq - b.seq)) }).seq
	} else {
		s.take(seq, data, out)
	}
	for again := true; again; {
		again = false
		for i, p := range s.pending {
			if int32(p.seq-s.next) <= 0 {
				s.pending = slices.Delete(s.pending, i, i+1)
				s.take(p.seq, p.data, out)
				again = true
				break
			}
		}
	}
}

// take reads the next segment, or one that was read in part before.
func (s *tcpStream) take(seq uint32, data []byte, out func([]byte, string)) {
	known := int(int32(s.next - seq))
	if known >= len(data) {
		return // sent again
	}
	data = data[known:]
	s.next += uint32(len(data))
	if len(s.held) > 0 {
		data = append(s.held, data...)
	}
	s.held = nil
	for len(data) > 0 {
		payload, size, way := unframe(data)
		if way == "" {
			s.misses++
			return
		}
		if size > len(data) {
			s.held = slices.Clone(data)
			return
		}
		if payload != nil {
			s.found++
			s.misses = 0
			out(payload, way)
		}
		data = data[size:]
	}
}

// unframe reads the packet at the beginning of data: its content, if that is a datagram,
// its size with all framing, and how it is framed, "" if it is not a packet. A size
// larger than data means that the rest is still to come.
func unframe(data []byte) (payload []byte, size int, way string) {
	const short = 4
	if len(data) < short {
		if data[0] <= channelLast {
			return nil, short, "?"
		}
		return nil, 0, ""
	}
	length := int(binary.BigEndian.Uint16(data[2:]))
	switch {
	case data[0] == '$': // RTSP: a channel, a length
		return framed(data, short, length, length, "rtsp")
	case data[0] >= channelFirst && data[0] <= channelLast && length <= longestRTP:
		return framed(data, channelSize, length, (length+3)&^3, "turn")
	case data[0] == 'R' || data[0] >= 'A' && data[0] <= 'Z' && data[1] >= 'A' && data[1] <= 'Z':
		if end := bytes.Index(data, []byte("\r\n\r\n")); end >= 0 {
			return nil, end + 4, "text" // between what RTSP interleaves
		}
		return nil, 0, ""
	case len(data) < 8 && data[0] <= 1:
		return nil, 8, "?" // may become a STUN message
	case len(data) < stunHeader && isCookie(data[4:]):
		return nil, stunHeader, "?"
	case stunType(data) != 0:
		if size = stunHeader + length; size <= len(data) {
			if inner, whole, ok := unwrapTURN(data[:size], size); ok && len(inner) == whole {
				return inner, size, "turn"
			}
		}
		return nil, size, "turn"
	}
	length = int(binary.BigEndian.Uint16(data))
	known := data[framingSize]>>6 == 2 || isCookie(after(data, framingSize+4))
	if length < 1 || length > longestRTP || !known {
		return nil, 0, ""
	}
	return framed(data, framingSize, length, length, "rfc4571")
}

func isCookie(b []byte) bool { return len(b) >= 4 && binary.BigEndian.Uint32(b) == stunCookie }

// framed is length bytes after a header of some size; padded to.
func framed(data []byte, header, length, padded int, way string) ([]byte, int, string) {
	size := header + padded
	if size > len(data) || data[header]>>6 != 2 {
		return nil, size, way
	}
	return data[header : header+length], size, way
}
