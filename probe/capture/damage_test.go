package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"netready/internal/seed"
	"netready/probe/stream"
)

// damages are what happens to files.
func damages() map[string]func(r *rand.Rand, b []byte) []byte {
	at := func(r *rand.Rand, b []byte) int { return 400 + r.IntN(len(b)-1200) }
	return map[string]func(r *rand.Rand, b []byte) []byte{
		"zeros": func(r *rand.Rand, b []byte) []byte { k := at(r, b); clear(b[k : k+50+r.IntN(400)]); return b },
		"ones": func(r *rand.Rand, b []byte) []byte {
			k := at(r, b)
			for i := range 50 + r.IntN(400) {
				b[k+i] = 0xff
			}
			return b
		},
		"bytes missing": func(r *rand.Rand, b []byte) []byte { k := at(r, b); return append(b[:k:k], b[k+1+r.IntN(300):]...) },
		"bytes too many": func(r *rand.Rand, b []byte) []byte {
			k := at(r, b)
			return append(append(b[:k:k], make([]byte, 1+r.IntN(300))...), b[k:]...)
		},
		"garbage": func(r *rand.Rand, b []byte) []byte {
			k := at(r, b)
			for i := range 100 {
				b[k+i] = byte(r.Uint32())
			}
			return b
		},
	}
}

// Of a file that is damaged in one place all the rest is read, with one note.
func TestDamageCostsItselfAlone(t *testing.T) {
	seed := seed.Of(t)
	packets, _, _ := network{packets: 200, ssrc: 1}.run(fixed(1))
	for _, f := range files() {
		whole := f.write(t, wrappings()[0], packets)
		for name, damage := range damages() {
			t.Run(f.name+"/"+name, func(t *testing.T) {
				all, more := 0, 0
				for run := range uint64(40) {
					c := read(t, damage(rand.New(rand.NewPCG(seed, run)), bytes.Clone(whole)), Options{})
					received := 0
					for _, s := range c.Streams {
						received += stream.Measure(s.Trace(), 0).Received
					}
					if len(c.Notes) > 1 { // by chance bytes say that a packet is a fragment, once in 30,000 runs
						if more++; more > 1 {
							t.Errorf("run %d: notes %q", run, c.Notes)
						}
					}
					if all += received; received < 190 {
						t.Logf("run %d: %d of 200 received, notes %q", run, received, c.Notes)
					}
				}
				if all < 40*194 { // now and then bytes look like a packet by chance
					t.Errorf("%d of %d received", all, 40*200)
				}
			})
		}
	}
}

// Lengths that cannot be are named, and cost neither memory nor the rest.
func TestHugeLengths(t *testing.T) {
	packets, _, _ := network{packets: 50, ssrc: 1}.run(fixed(1))
	for _, huge := range []uint32{1 << 24, 1<<31 - 4, 1<<32 - 4, 1 << 30, 2} {
		t.Run(fmt.Sprint(huge), func(t *testing.T) {
			classic := classicFile(t, wrappings()[0], packets, false, 0)
			size := recordHeader + int(binary.LittleEndian.Uint32(classic[classicHeader+8:]))
			binary.LittleEndian.PutUint32(classic[classicHeader+20*size+8:], huge)
			ng := ngFile(t, wrappings()[0], packets)
			at := bytes.Index(ng[len(ng)/2:], []byte{blockEnhanced, 0, 0, 0}) + len(ng)/2
			binary.LittleEndian.PutUint32(ng[at+4:], huge)
			for name, b := range map[string][]byte{"pcap": classic, "pcapng": ng} {
				c := read(t, b, Options{})
				if _, m := only(t, c); m.Received < 48 || len(c.Notes) != 1 {
					t.Errorf("%s: %d of 50 received, notes %q", name, m.Received, c.Notes)
				}
			}
		})
	}
}

// Other formats are named, with what to do.
func TestForeignFormats(t *testing.T) {
	for _, f := range foreign {
		_, err := Read(strings.NewReader(f.begins+strings.Repeat("x", 100)), Options{})
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), f.what) {
			t.Errorf("%q: %v", f.begins, err)
		}
	}
}

// A gzip file of a few megabytes that unpacks to gigabytes is given up in time, with a
// note, and what it contained before that is there.
func TestAGzipThatUnpacksToTooMuch(t *testing.T) {
	packets, _, _ := network{packets: 50, ssrc: 1}.run(fixed(1))
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write(classicFile(t, wrappings()[0], packets, false, 0))
	must(t, err)
	blank := make([]byte, maxFrame)
	header := binary.LittleEndian.AppendUint32(nil, uint32(began.Unix()))
	header = binary.LittleEndian.AppendUint32(header, 0)
	header = binary.LittleEndian.AppendUint32(header, maxFrame)
	header = binary.LittleEndian.AppendUint32(header, maxFrame)
	for range 300 {
		_, err := z.Write(append(bytes.Clone(header), blank...))
		must(t, err)
	}
	must(t, z.Close())
	c := read(t, zipped.Bytes(), Options{})
	if _, m := only(t, c); m.Received != 50 {
		t.Errorf("%d received, want 50", m.Received)
	}
	if c.Packets > 200 || len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "200 times its size") {
		t.Errorf("%d packets, notes %q", c.Packets, c.Notes)
	}
}
