package path

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/wire"
)

const (
	// mtuTries is how often a size is tried before it counts as lost, and mtuWait how long
	// each time: longer where answers are slow, up to mtuLongest.
	mtuTries   = 4
	mtuWait    = 600 * time.Millisecond
	mtuLongest = 2500 * time.Millisecond
	mtuTrips   = 3 // of the slowest answer: a larger packet takes longer, behind others of its round
)

// usualMTUs are the sizes that paths usually have, headers included: Ethernet, PPPoE,
// tunnels, the least of IPv6, and at last the least of IPv4.
var usualMTUs = []int{1500, 1492, 1480, 1460, 1440, 1420, 1400, 1380, 1360, 1320, 1280, 1200, 1000, 576}

// Largest finds the largest packet that gets to the responder's media address in one piece:
// with questions of descending size that no router may fragment, which the far end answers
// like those of the firewall checks. interfaceMTU is this machine's.
func Largest(ctx context.Context, media netip.AddrPort, nonce string, interfaceMTU int) facts.MTU {
	unknown := func(reason string) facts.MTU { return facts.MTU{Code: facts.MTUUnknown, Reason: reason} }
	if media.Addr().IsLoopback() {
		return unknown(facts.NothingBetween)
	}
	udp, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(media))
	if err != nil {
		return unknown(err.Error())
	}
	defer udp.Close()
	if err := forbidFragments(udp, media.Addr()); err != nil {
		return unknown("this system does not send packets that no router may fragment: " + err.Error())
	}
	sizes := []int{interfaceMTU}
	for _, size := range usualMTUs {
		if size < interfaceMTU {
			sizes = append(sizes, size)
		}
	}
	t := &mtuTest{udp: udp, nonce: nonce, headers: 28, tooLarge: map[int]bool{}, asked: map[[16]byte]sized{}}
	if !media.Addr().Unmap().Is4() {
		t.headers = 48
	}
	t.run(ctx, sizes)
	told := t.told
	if told == nil {
		told = toldMTU(udp)
	}
	return verdictMTU(t.largest, interfaceMTU, told, len(t.tooLarge) > 0, ctx.Err() != nil)
}

// verdictMTU says what was found. refused: this machine's own system did not send some size,
// because a router had told it that it is too large.
func verdictMTU(largest, interfaceMTU int, told *int, refused, stopped bool) facts.MTU {
	m := facts.MTU{Told: told, Code: facts.MTUUnknown}
	if largest > 0 {
		m.Bytes = &largest
	}
	switch {
	case stopped:
		m.Bytes, m.Reason = nil, "the run was stopped before it was known"
	case largest == 0:
		m.Reason = "no packet that no router may fragment was answered: the responder is too old for this question, or the path is closed"
	case largest >= interfaceMTU, told != nil, refused:
		m.Code = facts.MTUFine
	default:
		m.Code = facts.MTUHole
	}
	return m
}

// mtuTest is the state of Largest.
type mtuTest struct {
	udp      *net.UDPConn
	nonce    string
	headers  int // of IP and UDP
	largest  int // size that was answered
	tooLarge map[int]bool
	told     *int
	asked    map[[16]byte]sized // of all rounds: a slow answer counts, too
	slowest  time.Duration      // of the answers
}

// sized is a question of one size.
type sized struct {
	size int
	at   time.Time
}

// run tries all sizes above the largest that was answered, until none of them is answered any
// more. The two ends are asked first: usually the largest gets through.
func (t *mtuTest) run(ctx context.Context, sizes []int) {
	t.round(ctx, []int{sizes[0], sizes[len(sizes)-1]})
	for range mtuTries {
		if t.largest == sizes[0] || !t.round(ctx, sizes) {
			return
		}
	}
}

// round tries sizes once, and says whether any was left to try.
func (t *mtuTest) round(ctx context.Context, sizes []int) bool {
	most := 0
	for _, size := range slices.Backward(sizes) {
		if size > t.largest && !t.tooLarge[size] && t.ask(size) {
			most = max(most, size)
		}
	}
	if most == 0 || ctx.Err() != nil {
		return false
	}
	t.listen(ctx, most)
	return true
}

// ask sends a question, and says whether the system took it.
func (t *mtuTest) ask(size int) bool {
	k := wire.NewKnock(t.nonce)
	b := k.Marshal(t.nonce)
	if more := size - t.headers - len(b); more > 0 {
		b = append(b, make([]byte, more)...)
	}
	for range 3 { // the error of an earlier packet makes a send fail without sending
		_, err := t.udp.Write(b)
		if err != nil && isTooLarge(err) {
			t.tooLarge[size] = true
			return false
		}
		if err == nil {
			break
		}
	}
	t.asked[k.Random] = sized{size, time.Now()}
	return true
}

// listen takes answers for some time, or until the largest size has been answered.
func (t *mtuTest) listen(ctx context.Context, most int) {
	end := time.Now().Add(min(max(mtuWait, mtuTrips*t.slowest), mtuLongest))
	_ = t.udp.SetReadDeadline(end)
	b := make([]byte, 2*wire.AnswerSize)
	for t.largest < most && ctx.Err() == nil && time.Now().Before(end) {
		n, err := t.udp.Read(b)
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			return
		}
		if err != nil {
			continue // an ICMP error of one size; the deadline bounds how many
		}
		a, ok := wire.ParseKnockAnswer(b[:n], t.nonce)
		if q, known := t.asked[a.Random]; ok && known {
			t.largest, t.slowest = max(t.largest, q.size), max(t.slowest, time.Since(q.at))
		}
	}
}
