package capture

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

const (
	// minSteps is how often a sequence number must have moved on before
	// packets are taken for a stream: three packets. Chance alone makes two
	// datagrams agree in their SSRC once in 2^32.
	minSteps = 2
	// maxStep is how far a sequence number moves on in a live stream: the
	// MAX_DROPOUT of RFC 3550 A.1, a minute of packets of 20 ms.
	maxStep = 3000
	// maxCandidates bounds what one pair of addresses may hold of packets that
	// are not yet a stream, so that other traffic costs no memory.
	maxCandidates = 16
)

type ends struct{ src, dst netip.AddrPort }

// flow is the traffic from one address to another.
type flow struct {
	confirmed  map[uint32]*track // by SSRC
	candidates []*track
}

// A track is the packets of one SSRC from one address to another, in order of
// arrival.
type track struct {
	ends
	ssrc    uint32
	start   time.Time
	packets []packet
	steps   int // how often the sequence number moved on
	order   int // of the first packet among all tracks
}

type flows struct {
	all       map[ends]*flow
	confirmed []*track
	opened    int // tracks so far
	stray     int // packets of tracks that were given up
}

func newFlows() *flows { return &flows{all: map[ends]*flow{}} }

// add takes one datagram, RTP or not.
func (f *flows) add(d datagram, at time.Time) {
	ssrc, p, ok := parseRTP(d)
	if !ok {
		return
	}
	key := ends{d.src, d.dst}
	fl := f.all[key]
	if fl == nil {
		fl = &flow{}
		f.all[key] = fl
	}
	t := fl.confirmed[ssrc]
	if t == nil {
		t = f.candidate(fl, key, ssrc, at)
	}
	t.add(p, at)
	if t.steps == minSteps && fl.confirmed[ssrc] == nil {
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
	if fl.confirmed == nil {
		fl.confirmed = map[uint32]*track{}
	}
	fl.confirmed[t.ssrc] = t
	fl.candidates = slices.DeleteFunc(fl.candidates, func(c *track) bool { return c == t })
	f.confirmed = append(f.confirmed, t)
}

// maxUnconfirmed bounds the packets of a track that never moves on.
const maxUnconfirmed = 64

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

// notes say what looked like RTP and was left out, where nothing else was found:
// some DNS and the like looks so by chance in every capture.
func (f *flows) notes() []string {
	if len(f.confirmed) > 0 {
		return nil
	}
	n := f.stray
	for _, fl := range f.all {
		for _, t := range fl.candidates {
			n += len(t.packets)
		}
	}
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d UDP packets could be RTP but make no stream: fewer than %d of one source in sequence.", n, minSteps+1)}
}

// streams turns every confirmed track into its stream, or into several where
// the sender began anew.
func (f *flows) streams(o Options) []Stream {
	slices.SortFunc(f.confirmed, func(a, b *track) int { return a.order - b.order })
	var all []Stream
	for _, t := range f.confirmed {
		all = append(all, t.streams(o)...)
	}
	return all
}
