package capture

import (
	"fmt"
	"net/netip"
	"time"

	"netready/probe/stream"
)

// A Stream is one RTP stream of a capture.
type Stream struct {
	SSRC        uint32
	Src, Dst    netip.AddrPort
	PayloadType uint8 // the one that most packets have, comfort noise aside
	Payload
	PacketTime time.Duration // 0: the time stamps do not tell
	Started    time.Time     // first and last packet
	Ended      time.Time
	Notes      []string // what was guessed or left out, for people

	packets []packet
	rates   map[uint8]uint32 // clock rate of each payload type, 0: not known
	step    uint32           // of the timestamp from packet to packet
}

// streams turns a track into its stream.
func (t *track) streams(o Options) []Stream {
	main := t.mainKind()
	s := Stream{
		SSRC: t.ssrc, Src: t.src, Dst: t.dst, PayloadType: main, Payload: o.payload(main),
		rates: t.rates(o), step: t.usualStep(main),
	}
	s.settleClock(main)
	s.PacketTime = seconds(int64(s.step), s.ClockRate)
	if s.Video {
		s.PacketTime = 0 // one stamp for all packets of a picture
	}
	parts, stray := t.split(s.PacketTime)
	if stray > 0 {
		s.note("%d packets with a sequence number far from all others were left out.", stray)
	}
	if len(parts) > 1 {
		s.note("The sender began %d times with a new sequence number under one SSRC: each is a stream of its own.", len(parts))
	}
	var all []Stream
	for _, part := range parts {
		one := s
		one.packets = part
		one.Started = t.start.Add(time.Duration(part[0].at))
		one.Ended = t.start.Add(time.Duration(part[len(part)-1].at))
		all = append(all, one)
	}
	return all
}

func (s *Stream) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

// settleClock fills in what only the packets tell of a dynamic payload type.
func (s *Stream) settleClock(main uint8) {
	if s.ClockRate != 0 {
		return
	}
	s.ClockRate = s.rates[main]
	unnamed := s.Codec == fmt.Sprintf("pt-%d", main)
	switch {
	case s.ClockRate == 0:
		s.ClockRate = 8000
		s.rates[main] = s.ClockRate
		s.note("The clock rate of payload type %d cannot be told from its packets; 8000 is taken. Give --clock-rate or --map %d=CODEC.", main, main)
	case s.ClockRate == videoClock && unnamed:
		s.Video = true
		s.note("Payload type %d counts time at 90000 Hz, as video does: no MOS.", main)
	case s.ClockRate == opusClock && unnamed:
		s.Codec = "opus"
		s.note("Payload type %d is taken for Opus since it counts time at 48000 Hz; --map %d=CODEC says otherwise.", main, main)
	default:
		s.note("The clock rate of payload type %d, %d, is told from its packets.", main, s.ClockRate)
	}
}

// Trace is the stream as package stream measures it: sent is the span of its
// sequence numbers, since nothing else is known. Loss before the first packet
// and after the last cannot be seen.
func (s *Stream) Trace() stream.Trace {
	first, last := s.span()
	t := stream.Trace{
		Sent:       int(last - first + 1),
		Arrivals:   make([]stream.Arrival, 0, len(s.packets)),
		PacketTime: s.PacketTime,
	}
	var seqs stream.Unwrap16
	clock := mediaClock{rate: s.ClockRate, step: s.step}
	for _, p := range s.packets {
		seq := seqs.Next(p.seq)
		t.Arrivals = append(t.Arrivals, stream.Arrival{
			Seq:      seq - first,
			Sent:     clock.sent(p, seq, s.rates[p.kind] == s.ClockRate),
			Received: time.Duration(p.at),
			DSCP:     int(p.dscp),
		})
	}
	return t
}

// span is the lowest and the highest sequence number, unwrapped.
func (s *Stream) span() (first, last int64) {
	var seqs stream.Unwrap16
	for _, p := range s.packets {
		seq := seqs.Next(p.seq)
		first, last = min(first, seq), max(last, seq)
	}
	return first, last
}

// jump is how far the timestamps of a stream and its sequence numbers may
// disagree, and its transit change at once, before it is the sender that set
// its timestamp anew and not the network.
const jump = time.Second

// mediaClock turns RTP timestamps into the sender's time.
type mediaClock struct {
	rate, step uint32

	stamps  stream.Unwrap32
	started bool
	seq     int64         // the packet before
	media   time.Duration // its timestamp as time
	transit time.Duration // its transit
	shift   time.Duration // of all timestamps since the sender set them anew
}

// sent is a packet's send stamp. A packet whose payload type counts time in
// another way (a telephone event keeps one stamp over several packets) says
// nothing about the path and gets the transit of the packet before it.
func (c *mediaClock) sent(p packet, seq int64, counts bool) time.Duration {
	at := time.Duration(p.at)
	if !counts {
		return at - c.transit
	}
	media := seconds(c.stamps.Next(p.timestamp), c.rate)
	if c.started {
		expected := seconds((seq-c.seq)*int64(c.step), c.rate)
		if far(media-c.media-expected) && far(at-media-c.shift-c.transit) {
			c.shift = at - media - c.transit
		}
	} else {
		c.shift = at - media // the first packet's transit is 0
	}
	c.started, c.seq, c.media = true, seq, media
	c.transit = at - media - c.shift
	return media + c.shift
}

func far(d time.Duration) bool { return d > jump || d < -jump }

// seconds turns timestamp units into time without overflow.
func seconds(units int64, rate uint32) time.Duration {
	if rate == 0 {
		return 0
	}
	r := int64(rate)
	return time.Duration(units/r)*time.Second + time.Duration(units%r*int64(time.Second)/r)
}
