// Package capture finds the RTP streams in a packet capture and turns each into
// a trace, which package stream measures as it measures a call.
package capture

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// Options say what cannot be known from a capture. With the zero value it is guessed.
type Options struct {
	Payloads  map[uint8]Payload // by RTP payload type, in place of what is known of it
	Codec     string            // of every payload type that is not known, "" to guess
	ClockRate uint32            // of every payload type that is not known, 0 to guess
}

// Payload is what an RTP payload type means.
type Payload struct {
	Codec     string // pcmu, opus, …; pt-96 where nothing is known
	ClockRate uint32 // timestamp units a second, 0 where it is not known
	Video     bool   // no speech: no MOS
}

// A Capture is what a file holds.
type Capture struct {
	Streams   []Stream // in order of their first packet
	Packets   int      // captured frames
	Datagrams int      // UDP among them
	Framed    int      // datagrams within TCP
	Others    []Other  // what the file holds and is not read, the most packets first
	Notes     []string // what was left out and why, for people
}

// ErrFormat is a file that is not a capture this program can read.
var ErrFormat = errors.New("not a packet capture that can be read: pcap and pcapng are, gzip-compressed or not")

// ErrEmpty is a file without a byte in it.
var ErrEmpty = errors.New("the file is empty")

// Read reads a capture to its end. Memory grows with the number of RTP packets, 16 bytes
// each, not with their size, up to maxPackets and maxStreams. If a file is damaged or cut
// short, the rest of it is read, with a note.
func Read(r io.Reader, o Options) (*Capture, error) {
	frames, err := open(r)
	if err != nil {
		return nil, err
	}
	c := &Capture{}
	flows := newFlows()
	var untimed int
	decode := newDecoder(func(u datagram, at time.Time) {
		if at.IsZero() {
			untimed++
			return
		}
		flows.add(u, at)
	})
	c.frames(frames, decode.decode)
	if untimed > 0 {
		c.note("%d UDP packets have no time stamp (simple packet blocks) and were left out: capture into a format with time stamps.", untimed)
	}
	c.Datagrams, c.Framed, c.Others = decode.datagrams, decode.framed, decode.others()
	c.Notes = append(c.Notes, decode.notes()...)
	for _, o := range c.Others {
		c.Notes = append(c.Notes, o.String())
	}
	flows.thin()
	c.Streams = flows.streams(o)
	c.Notes = append(c.Notes, flows.notes()...)
	return c, nil
}

// mostDamages is in how many places a file may be damaged before reading stops.
const mostDamages = 1000

// frames reads to the end of the file, and skips damaged places.
func (c *Capture) frames(f frames, use func(frame)) {
	damages, skipped, before := 0, 0, 0
	var first error
	for {
		one, err := f.next()
		if err == nil {
			c.Packets++
			use(one)
			continue
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if damages == 0 {
			first, before = err, c.Packets
		}
		damages++
		n, ok := f.resync()
		skipped += n
		if !ok || damages == mostDamages {
			if damages == 1 {
				c.note("The file is cut short or damaged after packet %d (%v): what came before it is here.", c.Packets, err)
				return
			}
			break
		}
	}
	if damages > 0 {
		c.note("The file is damaged in %d places, first after packet %d (%v): %d bytes were left out, and the rest is here.", damages, before, first, skipped)
	}
}

func (c *Capture) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}
