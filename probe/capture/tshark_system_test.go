//go:build system

package capture

import (
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"netready/internal/need"
	"netready/internal/seed"
	"netready/probe/stream"
)

// theirs is one line of tshark's table of RTP streams.
type theirs struct {
	packets, lost             int
	meanJitter, maximumJitter float64
}

// tshark lists a capture's streams by SSRC.
func tshark(t *testing.T, path string) map[uint32]theirs {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), need.Tool(t, "tshark"), "-n", "-r", path, "-q", "-o", "rtp.heuristic_rtp:TRUE", "-z", "rtp,streams")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	all := map[uint32]theirs{}
	for line := range strings.Lines(string(out)) {
		// start end src port dst port ssrc payload packets lost (percent) ...
		f := strings.Fields(line)
		at := -1
		for i, word := range f {
			if strings.HasPrefix(word, "0x") {
				at = i
				break
			}
		}
		if at < 0 {
			continue
		}
		ssrc, err := strconv.ParseUint(f[at], 0, 32)
		must(t, err)
		for !isNumber(f[at+1]) || strings.HasPrefix(f[at+1], "g") {
			at++ // the payload's name may hold spaces
		}
		number := func(i int) float64 {
			x, err := strconv.ParseFloat(f[at+i], 64)
			must(t, err)
			return x
		}
		// packets lost (percent) min mean max delta, min mean max jitter
		all[uint32(ssrc)] = theirs{int(number(1)), int(number(2)), number(8), number(9)}
	}
	if len(all) == 0 {
		t.Fatalf("tshark found nothing:\n%s", out)
	}
	return all
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// Wireshark is the judge: packets, lost and maximum jitter the same, mean jitter within 1
// %, whatever the network does. Wireshark counts a repeated packet as another one, so it
// gets the capture without the repeats.
func TestAgreesWithTshark(t *testing.T) {
	seed := seed.Of(t)
	networks := map[string]network{
		"clean":          {},
		"loss":           {loss: 0.1},
		"jitter":         {jitter: 15 * time.Millisecond},
		"order":          {late: 0.05},
		"skew":           {skewPPM: 200, jitter: time.Millisecond},
		"wraps":          {firstSeq: 65000, firstTS: 1<<32 - 100_000, jitter: 2 * time.Millisecond, loss: 0.02},
		"duplicates":     {duplicate: 0.05, jitter: 5 * time.Millisecond},
		"everything":     {firstSeq: 64800, firstTS: 1<<32 - 9999, loss: 0.03, late: 0.03, jitter: 12 * time.Millisecond, skewPPM: -150, duplicate: 0.02},
		"pcma":           {kind: 8, loss: 0.01, jitter: 30 * time.Millisecond},
		"g722":           {kind: 9, jitter: 10 * time.Millisecond},
		"g729":           {kind: 18, jitter: 10 * time.Millisecond, late: 0.01},
		"packets-of-30":  {ptime: 30 * time.Millisecond, step: 240, jitter: 10 * time.Millisecond},
		"heavy":          {loss: 0.4, jitter: 60 * time.Millisecond},
		"loss-and-order": {loss: 0.05, late: 0.1},
	}
	turn := int(seed % 97)
	for name, n := range networks {
		for range 5 { // every link and format has its turn
			i := turn
			turn++
			w, f := wrappings()[i%len(wrappings())], files()[i%len(files())]
			if w.name == "pppoe" && f.name == "pcap-snaplen" {
				continue
			}
			t.Run(name+"/"+w.name+"/"+f.name, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, uint64(i)))
				n := n
				n.packets, n.ssrc = 900+r.IntN(900), r.Uint32()|1
				packets, _, _ := n.run(r)
				compare(t, w, f, packets)
			})
		}
	}
}

func compare(t *testing.T, w wrapping, f file, packets []sent) {
	t.Helper()
	c := read(t, f.write(t, w, packets), Options{})
	s, m := only(t, c)
	seen := map[uint16]bool{}
	packets = slices.DeleteFunc(packets, func(p sent) bool {
		repeated := seen[p.seq]
		seen[p.seq] = true
		return repeated
	})
	path := filepath.Join(t.TempDir(), "a.pcap")
	must(t, os.WriteFile(path, f.write(t, w, packets), 0o600))
	want, ok := tshark(t, path)[s.SSRC]
	if !ok {
		t.Fatalf("tshark does not see %#x", s.SSRC)
	}
	if m.Received != want.packets || m.Lost != want.lost {
		t.Errorf("packets %d, lost %d; tshark %d, %d", m.Received, m.Lost, want.packets, want.lost)
	}
	agree(t, m, want)
}

// What hosts and probes put around a packet, as tshark removes it: everything that is on
// one kind of link in one file.
func TestTsharkFindsTheSameWithin(t *testing.T) {
	byLink := map[layers.LinkType][]nesting{}
	for _, n := range nestings() {
		if n.theirs { // it would have to be told about the others
			byLink[n.linkType()] = append(byLink[n.linkType()], n)
		}
	}
	for link, all := range byLink {
		t.Run(link.String(), func(t *testing.T) {
			var packets []sent
			var frames [][]byte
			for i, n := range all {
				own, _, _ := network{packets: 150, ssrc: uint32(i + 1), loss: 0.05, jitter: 15 * time.Millisecond}.run(fixed(uint64(i)))
				packets, frames = append(packets, own...), append(frames, n.frames(t, own)...)
			}
			b := framesFile(t, link, packets, frames)
			path := filepath.Join(t.TempDir(), "a.pcap")
			must(t, os.WriteFile(path, b, 0o600))
			theirs := tshark(t, path)
			for _, s := range read(t, b, Options{}).Streams {
				m, want := stream.Measure(s.Trace(), 60*time.Millisecond), theirs[s.SSRC]
				delete(theirs, s.SSRC)
				if m.Received != want.packets || m.Lost != want.lost {
					t.Errorf("%s: packets %d, lost %d; tshark %d, %d", all[s.SSRC-1].name, m.Received, m.Lost, want.packets, want.lost)
				}
				agree(t, m, want)
			}
			if len(theirs) > 0 {
				t.Errorf("tshark sees more: %v", theirs)
			}
		})
	}
}

func agree(t *testing.T, m stream.Metrics, want theirs) {
	t.Helper()
	mean, maximum := float64(*m.Jitter)/1e6, float64(*m.JitterMax)/1e6
	if math.Abs(maximum-want.maximumJitter) > 0.01 {
		t.Errorf("maximum of jitter %.4f ms; tshark %.4f", maximum, want.maximumJitter)
	}
	if math.Abs(mean-want.meanJitter) > 0.01*want.meanJitter+0.001 {
		t.Errorf("mean of jitter %.4f ms; tshark %.4f", mean, want.meanJitter)
	}
}
