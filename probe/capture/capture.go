// Package capture finds the RTP streams in a packet capture and turns each into
// a trace, which package stream measures as it measures a call.
package capture

import (
	"errors"
	"fmt"
	"io"
)

// Options say what a capture cannot tell by itself. The zero value guesses.
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
	Notes     []string // what was left out and why, for people
}

// ErrFormat is a file that is not a capture this program can read.
var ErrFormat = errors.New("not a packet capture that can be read: pcap and pcapng are, gzip-compressed or not")

// ErrEmpty is a file without a byte in it.
var ErrEmpty = errors.New("the file is empty")

// Read reads a capture to its end. Memory grows with the number of RTP packets,
// 16 bytes each, not with their size. A file that is cut short or damaged gives
// what came before, with a note.
func Read(r io.Reader, o Options) (*Capture, error) {
	frames, err := open(r)
	if err != nil {
		return nil, err
	}
	c := &Capture{}
	decode := newDecoder()
	flows := newFlows()
	var untimed int
	for {
		f, err := frames.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			c.note("The file is cut short or damaged after packet %d (%v): what came before it is here.", c.Packets, err)
			break
		}
		c.Packets++
		d, ok := decode.datagram(f)
		if !ok {
			continue
		}
		c.Datagrams++
		if f.at.IsZero() {
			untimed++
			continue
		}
		flows.add(d, f.at)
	}
	if untimed > 0 {
		c.note("%d UDP packets have no time stamp (simple packet blocks) and were left out: capture into a format with time stamps.", untimed)
	}
	c.Notes = append(c.Notes, decode.notes()...)
	c.Notes = append(c.Notes, flows.notes()...)
	c.Streams = flows.streams(o)
	return c, nil
}

func (c *Capture) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}
