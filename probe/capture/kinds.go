package capture

import "fmt"

// Class is what a stream carries: a code.
type Class string

// What streams carry.
const (
	Speech Class = "speech"
	Video  Class = "video"
	Events Class = "telephone_events" // RFC 4733, and nothing else
	Noise  Class = "comfort_noise"    // RFC 3389, and nothing else
)

// mostEvents is the share of a payload type's packets that must look like
// telephone events for it to be one of them.
const mostEvents = 0.9

// tally counts the packets of each payload type, and those that look like
// telephone events.
func (t *track) tally() (count, events [128]int) {
	for _, p := range t.packets {
		count[p.kind()]++
		if p.event() {
			events[p.kind()]++
		}
	}
	return count, events
}

// classify finds the main payload type of a stream: the most frequent one of speech or
// video, otherwise telephone events, otherwise comfort noise. rates is the clock rate of
// each payload type, 0 if it is not known.
func (t *track) classify(o Options) (main uint8, class Class, rates map[uint8]uint32, notes []string) {
	count, events := t.tally()
	rates = map[uint8]uint32{}
	best := -1
	for kind, n := range count {
		if n == 0 {
			continue
		}
		own, score := o.class(uint8(kind), float64(events[kind]) >= mostEvents*float64(n), t), n
		if own == Noise || own == Events {
			score = 0
		}
		if score > best || score == best && own == Events {
			main, class, best = uint8(kind), own, score
		}
		var note string
		rates[uint8(kind)], note = t.clock(uint8(kind), own, o)
		if note != "" {
			notes = append(notes, note)
		}
	}
	return main, class, rates, notes
}

// class is what a payload type carries. Events are recognised by their payload, and by
// timestamps that do not change during an event.
func (o Options) class(kind uint8, looksLikeEvents bool, t *track) Class {
	p := o.payload(kind)
	switch {
	case p.Video:
		return Video
	case isNoise(kind) || p.Codec == "cn":
		return Noise
	case p.Codec == "telephone-event":
		return Events
	case kind >= firstDynamic && looksLikeEvents && p.ClockRate == 0 && t.standsStill(kind):
		return Events
	}
	return Speech
}

// standsStill says whether at least half of a payload type's packets have the
// timestamp of the one before.
func (t *track) standsStill(kind uint8) bool {
	still, pairs := 0, 0
	for i := 1; i < len(t.packets); i++ {
		if a, b := t.packets[i-1], t.packets[i]; a.kind() == kind && b.kind() == kind {
			pairs++
			if a.timestamp == b.timestamp {
				still++
			}
		}
	}
	return 2*still >= pairs
}

// clock is the clock rate of a payload type: the one that it is known to have,
// unless its packets contradict that, or the usual one that its packets fit.
func (t *track) clock(kind uint8, class Class, o Options) (hz uint32, note string) {
	if class == Events {
		return 0, "" // the timestamp does not change during an event
	}
	known := o.payload(kind).ClockRate
	if class == Video || class == Noise {
		return known, ""
	}
	measured := t.measureRate(kind)
	if known != 0 && !measured.contradicts(known) {
		return known, ""
	}
	hz = measured.usual(t.usualStep(kind))
	switch {
	case known != 0 && hz != 0:
		return hz, fmt.Sprintf("Payload type %d counts time at %d Hz by its packets, and not at the %d Hz that it should.", kind, hz, known)
	case known != 0:
		return 0, fmt.Sprintf("Payload type %d should count time at %d Hz, and its packets do not.", kind, known)
	}
	return hz, ""
}
