package capture

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

const (
	// minSteps is how often a sequence number must have grown before packets count as
	// a stream: that takes three packets. Two datagrams have the same SSRC by chance
	// once in 2^32.
	minSteps = 2
	// maxStep is how much a sequence number may grow at once: the MAX_DROPOUT of
	// RFC 3550 A.1, a minute of packets of 20 ms.
	maxStep = 3000
	// maxCandidates is how many SSRCs that are not yet a stream one pair of addresses
	// may have, so that other traffic costs no memory.
	maxCandidates = 16
	// maxUnconfirmed bounds the packets of a track whose numbers do not grow.
	maxUnconfirmed = 64
)

// Bounds on the memory that a capture takes: 16 bytes for each packet that is kept, and
// some 250 bytes for each packet of the stream that is being measured. Of too many
// streams those with the most packets are kept, of too long ones the beginning.
const (
	maxPairs   = 20_000    // of addresses without a stream between them
	maxStreams = 10_000    // a telephone system's busy hour
	maxLength  = 1_000_000 // packets of one stream, five hours of 20 ms
	maxPackets = 8_000_000 // of all streams
)

type ends struct{ src, dst netip.AddrPort }

// flow is the traffic from one address to another.
type flow struct {
	confirmed  map[uint32]*track // by SSRC
	candidates []*track
	latest     time.Time
}

// A track is the packets of one SSRC from one address to another, in order of
// arrival.
type track struct {
	ends
	ssrc    uint32
	via     string
	start   time.Time
	packets []packet
	steps   int // how often the sequence number grew
	order   int // of the first packet among all tracks
}

type flows struct {
	all       map[ends]*flow
	confirmed []*track
	opened    int // tracks so far
	stray     int // packets of tracks that were given up
	refused   int // packets of more pairs of addresses than are watched
	kept      int // packets of confirmed tracks

	limits  limits
	dropped dropped
}

// limits are the bounds, smaller in tests.
type limits struct{ pairs, streams, length, packets int }

// dropped is what the bounds left out.
type dropped struct{ streams, ofStreams, long int }

func newFlows() *flows {
	return &flows{all: map[ends]*flow{}, limits: limits{maxPairs, maxStreams, maxLength, maxPackets}}
}

// add takes one datagram, RTP or not.
func (f *flows) add(d datagram, at time.Time) {
	ssrc, p, ok := parseRTP(d)
	if !ok {
		return
	}
	key := ends{d.src, d.dst}
	fl := f.all[key]
	if fl == nil {
		if !f.room(at) {
			f.stray++
			return
		}
		fl = &flow{}
		f.all[key] = fl
	}
	fl.latest = at
	t := fl.confirmed[ssrc]
	if t == nil {
		t = f.candidate(fl, key, ssrc, at)
		t.via = d.via
	} else if len(t.packets) >= f.limits.length || f.kept >= f.limits.packets {
		f.dropped.long++
		return
	}
	had := len(t.packets)
	t.add(p, at)
	switch {
	case fl.confirmed[ssrc] != nil:
		f.kept += len(t.packets) - had
	case t.steps == minSteps:
		f.confirm(fl, t)
	}
}

// candidate finds or opens the track of an SSRC that is not a stream yet.
func (f *flows) candidate(fl *flow, key ends, ssrc uint32, at time.Time) *track {
	for _, t := range fl.candidates {
		if t.ssrc == ssrc {
			return t
		}
	}
	if len(fl.candidates) == maxCandidates {
		f.stray += len(fl.candidates[0].packets)
		fl.candidates = slices.Delete(fl.candidates, 0, 1)
	}
	t := &track{ends: key, ssrc: ssrc, start: at, order: f.opened}
	f.opened++
	fl.candidates = append(fl.candidates, t)
	return t
}

func (f *flows) confirm(fl *flow, t *track) {
	if len(f.confirmed) >= 2*f.limits.streams {
		f.thin()
	}
	if fl.confirmed == nil {
		fl.confirmed = map[uint32]*track{}
	}
	fl.confirmed[t.ssrc] = t
	fl.candidates = slices.DeleteFunc(fl.candidates, func(c *track) bool { return c == t })
	f.confirmed = append(f.confirmed, t)
	f.kept += len(t.packets)
}

// thin keeps only the streams with the most packets.
func (f *flows) thin() {
	if len(f.confirmed) <= f.limits.streams {
		return
	}
	slices.SortFunc(f.confirmed, func(a, b *track) int {
		return cmp.Or(len(b.packets)-len(a.packets), a.order-b.order)
	})
	for _, t := range f.confirmed[f.limits.streams:] {
		if fl := f.all[t.ends]; fl != nil {
			delete(fl.confirmed, t.ssrc)
			if len(fl.confirmed)+len(fl.candidates) == 0 {
				delete(f.all, t.ends)
			}
		}
		f.dropped.streams++
		f.dropped.ofStreams += len(t.packets)
		f.kept -= len(t.packets)
	}
	clear(f.confirmed[f.limits.streams:])
	f.confirmed = f.confirmed[:f.limits.streams]
}

// room says whether one more pair of addresses can be watched. If there are too many,
// pairs without a stream that were silent for a while are forgotten; this is tried once
// for many refused packets, since it takes time.
func (f *flows) room(at time.Time) bool {
	if len(f.all) < f.limits.pairs+2*f.limits.streams {
		return true
	}
	f.refused++
	if f.refused%f.limits.pairs != 1 {
		return false
	}
	f.forget(at)
	return len(f.all) < f.limits.pairs+2*f.limits.streams
}

// idle is for how long a pair of addresses must be silent to be forgotten.
const idle = 2 * time.Second

// forget gives up the pairs of addresses between which there is no stream.
func (f *flows) forget(at time.Time) {
	for key, fl := range f.all {
		if len(fl.confirmed) > 0 || at.Sub(fl.latest) < idle {
			continue
		}
		for _, t := range fl.candidates {
			f.stray += len(t.packets)
		}
		delete(f.all, key)
	}
}

func (t *track) add(p packet, at time.Time) {
	p.at = int64(at.Sub(t.start))
	if n := len(t.packets); n > 0 {
		if d := int16(p.seq - t.packets[n-1].seq); d != 0 && d >= -maxStep && d <= maxStep {
			t.steps++
		}
		if t.steps < minSteps && n == maxUnconfirmed {
			return
		}
	}
	t.packets = append(t.packets, p)
}

// notes say what the bounds left out, and, where no stream was found, what looked like
// RTP. Some DNS and other traffic looks like RTP by chance in every capture.
func (f *flows) notes() []string {
	var notes []string
	if f.dropped.streams > 0 {
		notes = append(notes, fmt.Sprintf("The file holds more streams than are measured at once: the %d with the most packets are here, and about %d others with %d packets in all were left out. Give a file of fewer calls, for example cut by editcap -A and -B.", f.limits.streams, f.dropped.streams, f.dropped.ofStreams))
	}
	if f.dropped.long > 0 {
		notes = append(notes, fmt.Sprintf("The file holds more RTP packets than are measured at once (%d in all, %d of one stream): %d later ones were left out. Give a shorter file, for example cut by editcap -A and -B.", f.limits.packets, f.limits.length, f.dropped.long))
	}
	if f.refused > 0 {
		notes = append(notes, fmt.Sprintf("More pairs of addresses send at once than are watched: %d packets of such that came later were left out. Give a file of fewer calls.", f.refused))
	}
	if len(f.confirmed) > 0 {
		return notes
	}
	n := f.stray
	for _, fl := range f.all {
		for _, t := range fl.candidates {
			n += len(t.packets)
		}
	}
	if n == 0 {
		return notes
	}
	return append(notes, fmt.Sprintf("%d UDP packets could be RTP but make no stream: fewer than %d of one source in sequence.", n, minSteps+1))
}

// streams turns every confirmed track into its stream, or into several where the sender
// began again.
func (f *flows) streams(o Options) []Stream {
	slices.SortFunc(f.confirmed, func(a, b *track) int { return a.order - b.order })
	var all []Stream
	for _, t := range f.confirmed {
		all = append(all, t.streams(o)...)
	}
	if most := f.limits.streams; len(all) > most { // senders that began again many times
		slices.SortStableFunc(all, func(a, b Stream) int { return len(b.packets) - len(a.packets) })
		for _, s := range all[most:] {
			f.dropped.streams++
			f.dropped.ofStreams += len(s.packets)
		}
		all = all[:most]
		slices.SortStableFunc(all, func(a, b Stream) int { return a.Started.Compare(b.Started) })
	}
	return all
}
