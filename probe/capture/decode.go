package capture

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// A datagram is one UDP datagram, as far as it was captured, or one that was carried in
// TCP.
type datagram struct {
	src, dst netip.AddrPort
	payload  []byte
	size     int // of the payload as sent; the capture may hold less
	dscp     int
	via      string // the tunnels that it came in: gtp-u, turn, …
}

// maxDepth is how many headers a frame may have.
const maxDepth = 24

// decoder finds the innermost datagram of a frame. Its fields hold what it has read in
// the headers so far.
type decoder struct {
	out func(datagram, time.Time)

	at       time.Time
	depth    int
	src, dst netip.Addr
	dscp     int
	via      string

	datagrams int // UDP so far
	framed    int // datagrams that TCP carried
	fragments int // second and further pieces
	unknown   map[uint32]int
	notRead   map[Kind]int
	fax       faxes
	streams   tcpStreams
}

func newDecoder(out func(datagram, time.Time)) *decoder {
	return &decoder{out: out, unknown: map[uint32]int{}, notRead: map[Kind]int{}}
}

// decode reads one frame.
func (d *decoder) decode(f frame) {
	d.at, d.depth, d.via = f.at, 0, ""
	d.link(f.link, f.data)
}

// deeper counts a header, and is false if there are too many.
func (d *decoder) deeper() bool {
	d.depth++
	return d.depth <= maxDepth
}

// within reads the content of a tunnel.
func (d *decoder) within(tunnel string, read func()) {
	was := d.via
	d.via = joined(was, tunnel)
	read()
	d.via = was
}

func (d *decoder) emit(u datagram) {
	if !d.fax.add(u) {
		d.out(u, d.at)
	}
}

// unread counts a packet that holds something that cannot be read.
func (d *decoder) unread(k Kind) { d.notRead[k]++ }

// others lists what the capture holds and is not read, the most packets first.
func (d *decoder) others() []Other {
	var all []Other
	for k, n := range d.notRead {
		all = append(all, Other{Kind: k, Packets: n})
	}
	if n := d.fax.packets(); n > 0 {
		all = append(all, Other{Kind: Fax, Packets: n})
	}
	for link, n := range d.unknown {
		all = append(all, Other{Kind: UnknownLink, Packets: n, Detail: fmt.Sprintf("link type %d", link)})
	}
	slices.SortFunc(all, func(a, b Other) int {
		if a.Packets != b.Packets {
			return b.Packets - a.Packets
		}
		return strings.Compare(string(a.Kind)+a.Detail, string(b.Kind)+b.Detail)
	})
	return all
}

// notes say what was left out.
func (d *decoder) notes() []string {
	var notes []string
	if d.fragments > 0 {
		notes = append(notes, fmt.Sprintf("%d further IP fragments of UDP datagrams were left out: a fragmented datagram counts by its first piece.", d.fragments))
	}
	if d.framed > 0 {
		notes = append(notes, fmt.Sprintf("%d packets came over TCP, which loses and reorders nothing: what the network lost shows there as delay.", d.framed))
	}
	return notes
}
