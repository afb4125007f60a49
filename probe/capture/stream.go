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
	Via         string // the tunnels that it came in, "" for none
	PayloadType uint8  // the one that most packets have, noise and events aside
	Payload            // ClockRate 0: not known
	Class       Class
	PacketTime  time.Duration // 0: not known from the timestamps
	Started     time.Time     // first and last packet
	Ended       time.Time
	Notes       []string // what was guessed or left out, for people

	packets []packet
	rates   map[uint8]uint32 // clock rate of each payload type, 0: not known
	step    uint32           // of the timestamp from packet to packet
}

// streams turns a track into its stream, or into several where the sender began again.
func (t *track) streams(o Options) []Stream {
	main, class, rates, notes := t.classify(o)
	s := Stream{
		SSRC: t.ssrc, Src: t.src, Dst: t.dst, Via: t.via, PayloadType: main, Payload: o.payload(main),
		Class: class, rates: rates, step: t.usualStep(main), Notes: notes,
	}
	s.settleClock(main)
	s.PacketTime = seconds(int64(s.step), s.ClockRate)
	if s.Class != Speech {
		s.PacketTime, s.step = 0, 0 // one stamp for all packets of a picture or an event
	}
	parts, stray := t.split(s.PacketTime, s.step)
	if stray > 0 {
		s.note("%d packets were left out: their sequence number is far from all others, or came before with another timestamp or seconds ago.", stray)
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

// settleClock sets, and notes, what only the packets show of a dynamic payload type.
func (s *Stream) settleClock(main uint8) {
	known := s.ClockRate
	s.ClockRate = s.rates[main]
	unnamed := s.Codec == fmt.Sprintf("pt-%d", main)
	switch {
	case s.Class == Events:
		s.Codec = "telephone-event"
		s.note("These are telephone events (RFC 4733), keys that somebody pressed, and no speech.")
	case s.Class == Noise:
		s.note("This is comfort noise (RFC 3389) alone, and no speech.")
	case known != 0:
	case s.ClockRate == 0:
		s.note("The clock rate of payload type %d is not known and does not follow from its packets, so figures that need it are not measured. Give --clock-rate or --map %d=CODEC.", main, main)
	case s.ClockRate == videoClock && unnamed:
		s.Video, s.Class = true, Video
		s.note("Payload type %d counts time at 90000 Hz, as video does: no MOS.", main)
	case s.ClockRate == opusClock && unnamed:
		s.Codec = "opus"
		s.note("Payload type %d is taken for Opus since it counts time at 48000 Hz; --map %d=CODEC says otherwise.", main, main)
	default:
		s.note("The clock rate of payload type %d, %d, was found from its packets.", main, s.ClockRate)
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
		Untimed:    s.ClockRate == 0,
	}
	var seqs stream.Unwrap16
	clock := mediaClock{rate: s.ClockRate, step: s.step, packets: s.packets, markers: s.rareMarkers()}
	for i, p := range s.packets {
		seq := seqs.Next(p.seq)
		a := stream.Arrival{Seq: seq - first, Received: time.Duration(p.at), DSCP: p.dscp()}
		if !t.Untimed {
			a.Sent, a.Action = clock.place(i, seq, s.rates[p.kind()] == s.ClockRate)
		}
		t.Arrivals = append(t.Arrivals, a)
	}
	return t
}

// rareMarkers says whether markers mean the beginning of a talk spurt: some
// senders set them on every packet, others at the end of every picture.
func (s *Stream) rareMarkers() bool {
	n := 0
	for _, p := range s.packets {
		if p.marker() {
			n++
		}
	}
	return 5*n < len(s.packets)
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
