//go:build !windows

package path

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

var (
	far4 = netip.MustParseAddr("192.0.2.7")
	far6 = netip.MustParseAddr("2001:db8::7")
)

// request is an echo request with its IP header, as a router quotes it.
func request(to netip.Addr, tos byte, id, sequence uint16, options int) []byte {
	m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: echoBody(id, sequence, 172)}
	header := make([]byte, 20+options)
	header[0], header[1], header[9] = 0x45+byte(options/4), tos, protocolICMP
	copy(header[16:], to.AsSlice())
	if to.Is6() {
		m.Type, header = ipv6.ICMPTypeEchoRequest, make([]byte, 40)
		header[0], header[1], header[6] = 0x60|tos>>4, tos<<4, protocolICMP6
		copy(header[24:], to.AsSlice())
	}
	b, err := m.Marshal(nil)
	if err != nil {
		panic(err)
	}
	return slices.Concat(header, b)
}

// told is a time exceeded about a packet, of which it quotes so many bytes.
func told(about []byte, quoted int) []byte {
	kind := byte(timeExceeded)
	if about[0]>>4 == 6 {
		kind = timeExceeded6
	}
	return append([]byte{kind, 0, 0, 0, 0, 0, 0, 0}, about[:min(quoted, len(about))]...)
}

// underHeader puts an IPv4 header before a message, as macOS leaves it.
func underHeader(b []byte, options int) []byte {
	header := make([]byte, 20+options)
	header[0], header[9] = 0x45+byte(options/4), protocolICMP
	return slices.Concat(header, b)
}

func TestEchoAnswersAreRead(t *testing.T) {
	quote := echoed{0x1233, 7, false, 0xba, far4}
	for name, c := range map[string]struct {
		b    []byte
		is6  bool
		want echoed
	}{
		"a reply":                       {[]byte{0, 0, 9, 9, 0x12, 0x33, 0, 7}, false, echoed{id: 0x1233, sequence: 7, isReply: true}},
		"a reply under its header":      {underHeader([]byte{0, 0, 9, 9, 0x12, 0x33, 0, 7}, 8), false, echoed{id: 0x1233, sequence: 7, isReply: true}},
		"a reply, IPv6":                 {[]byte{129, 0, 9, 9, 0x12, 0x33, 0, 7}, true, echoed{id: 0x1233, sequence: 7, isReply: true}},
		"8 bytes are quoted (RFC 792)":  {told(request(far4, 0xba, 0x1233, 7, 0), 28), false, quote},
		"all is quoted":                 {told(request(far4, 0xba, 0x1233, 7, 0), 999), false, quote},
		"the quote has options":         {told(request(far4, 0xba, 0x1233, 7, 40), 999), false, quote},
		"a quote under its header":      {underHeader(told(request(far4, 0xba, 0x1233, 7, 0), 28), 0), false, quote},
		"both have options":             {underHeader(told(request(far4, 0xba, 0x1233, 7, 12), 99), 40), false, quote},
		"a quote, IPv6":                 {told(request(far6, 0xba, 0x1233, 7, 0), 999), true, echoed{0x1233, 7, false, 0xba, far6}},
		"a quote of 8 bytes more, IPv6": {told(request(far6, 0xba, 0x1233, 7, 0), 48), true, echoed{0x1233, 7, false, 0xba, far6}},
	} {
		if got, ok := parseEcho(c.b, c.is6); !ok || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, ok, c.want)
		}
	}
}

func TestOtherMessagesAreNoEchoAnswers(t *testing.T) {
	ours := request(far4, 0, 1, 1, 0)
	change := func(at int, to byte) []byte { b := told(ours, 99); b[at] = to; return b }
	for name, c := range map[string]struct {
		b   []byte
		is6 bool
	}{
		"nothing":                        {nil, false},
		"7 bytes":                        {make([]byte, 7), false},
		"a header and nothing":           {underHeader(nil, 0), false},
		"a header that claims too much":  {[]byte{0x4f, 0, 0, 0, 0, 0, 0, 0, 0, 1}, false},
		"a header that claims too few":   {append([]byte{0x41}, make([]byte, 40)...), false},
		"UDP under a header":             {func() []byte { b := underHeader(told(ours, 99), 0); b[9] = protocolUDP; return b }(), false},
		"a request of somebody":          {ours[20:], false},
		"unreachable":                    {change(0, unreachable), false},
		"reassembly time exceeded":       {change(1, 1), false},
		"a quote cut before its numbers": {told(ours, 27), false},
		"a quoted UDP packet":            {change(8+9, protocolUDP), false},
		"a quoted reply":                 {change(8+20, typeReply), false},
		"an IPv6 quote in IPv4":          {append([]byte{timeExceeded, 0, 0, 0, 0, 0, 0, 0}, request(far6, 0, 1, 1, 0)...), false},
		"an IPv4 quote in IPv6":          {append([]byte{timeExceeded6, 0, 0, 0, 0, 0, 0, 0}, ours...), true},
		"IPv6 with a header before":      {underHeader(told(request(far6, 0, 1, 1, 0), 99), 0), true},
	} {
		if got, ok := parseEcho(c.b, c.is6); ok {
			t.Errorf("%s was read as %+v", name, got)
		}
	}
}

// A datagram socket of macOS gets the answers for every program: only what quotes our own
// identifier and target counts, and a reply only of the target itself.
func TestEchoAnswersAreMatched(t *testing.T) {
	router := netip.MustParseAddr("10.0.0.1")
	reply := func(id, sequence uint16) []byte {
		return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16([]byte{0, 0, 0, 0}, id), sequence)
	}
	for name, c := range map[string]struct {
		b    []byte
		from netip.Addr
		want answer // ttl 0: none
	}{
		"a router":              {told(request(far4, 0, 0x4443, 9, 0), 28), router, answer{ttl: 3, number: 9}},
		"the far end":           {reply(0x4445, 9), far4, answer{ttl: 5, number: 9, isEnd: true}},
		"after 65,536":          {told(request(far4, 0, 0x4442, 0xfffe, 0), 28), router, answer{ttl: 2, number: 0xfffe}},
		"the next after 65,536": {told(request(far4, 0, 0x4442, 1, 0), 28), router, answer{ttl: 2, number: 0x10001}},
		"another program's":     {told(request(far4, 0, 0x5543, 9, 0), 28), router, answer{}},
		"the first identifier":  {told(request(far4, 0, 0x4440, 0, 0), 28), router, answer{}},
		"beyond the last hop":   {told(request(far4, 0, 0x444d, 0, 0), 28), router, answer{}},
		"another target":        {told(request(netip.MustParseAddr("192.0.2.8"), 0, 0x4443, 9, 0), 28), router, answer{}},
		"somebody else replies": {reply(0x4445, 9), router, answer{}},
		"never asked":           {told(request(far4, 0, 0x4443, 10, 0), 28), router, answer{}},
	} {
		a := &echoAsker{settings: Settings{Target: netip.AddrPortFrom(far4, 5004)}, first: 0x4440}
		a.latest = [mostHops + 1]int{2: 0x10002, 3: 9, 5: 9}
		got, ok := a.understand(c.b, c.from)
		if ok != (c.want.ttl > 0) || ok && (got.ttl != c.want.ttl || got.number != c.want.number || got.isEnd != c.want.isEnd || got.from != c.from) {
			t.Errorf("%s: %+v, %v; want %+v", name, got, ok, c.want)
		}
	}
}

// Routers that share packets out by the checksum of an ICMP packet send all our questions one way.
func TestEchoQuestionsHaveOneChecksum(t *testing.T) {
	var sums []uint16
	for _, q := range [][2]uint16{{0x1231, 0}, {0x123c, 0xffff}, {0xfff0, 0x8000}, {0, 0}} {
		sums = append(sums, binary.BigEndian.Uint16(request(far4, 0, q[0], q[1], 0)[22:]))
	}
	if slices.Sort(sums); sums[0] != sums[len(sums)-1] {
		t.Errorf("checksums %x", sums)
	}
}

// A system that sends echo requests without the mark would make it look as if the LAN had
// cleared it.
func TestMarkCountsOnceItWasSeen(t *testing.T) {
	var k keptMarks
	const marked = 46<<2 | ect0
	for i, c := range []struct {
		tos       int
		dscp, ecn int // -1: proves nothing
	}{{0, -1, -1}, {ect0, -1, ect0}, {0, -1, 0}, {marked, 46, ect0}, {0, 0, 0}} {
		dscp, ecn := k.see(c.tos, 46)
		if !is(dscp, c.dscp) || !is(ecn, c.ecn) {
			t.Errorf("answer %d, type of service %#x: DSCP %s, ECN %s", i, c.tos, number(dscp), number(ecn))
		}
	}
}

func is(got *int, want int) bool { return got == nil && want < 0 || got != nil && *got == want }

func number(n *int) string {
	if n == nil {
		return "-"
	}
	return strconv.Itoa(*n)
}

func FuzzEcho(f *testing.F) {
	f.Add([]byte{0, 0, 9, 9, 0x12, 0x33, 0, 7}, false)
	f.Add(told(request(far4, 0xba, 0x4443, 7, 40), 99), false)
	f.Add(underHeader(told(request(far4, 0, 0x4443, 7, 0), 28), 12), false)
	f.Add(told(request(far6, 0xba, 0x4443, 7, 0), 99), true)
	f.Fuzz(func(t *testing.T, b []byte, is6 bool) {
		a := &echoAsker{settings: Settings{Target: netip.AddrPortFrom(far4, 5004)}, is6: is6, first: 0x4440}
		if is6 {
			a.settings.Target = netip.AddrPortFrom(far6, 5004)
		}
		if got, ok := a.understand(b, far4); ok && (got.ttl < 1 || got.ttl > mostHops || got.number != 0) {
			t.Errorf("%+v, and one question was asked", got)
		}
	})
}
