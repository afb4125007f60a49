//go:build capacity && linux

package capacity

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"syscall"
	"testing"
	"time"

	"netready/probe/internal/control"
	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/invite"
	"netready/probe/responder"
	"netready/probe/stream"
)

// runResponder serves with limits that nobody here meets.
func runResponder() {
	const most = 1 << 30
	config := responder.Local()
	config.Ports = ""
	config.Carries = most
	config.Limits = responder.Limits{Sessions: 100_000, PerAddress: most / 100, PacketRate: most, SessionsPerSec: 100_000}
	s, err := responder.Start(context.Background(), config)
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Invite().String(), s.MediaAddr())
	if file := os.Getenv(role + "_PROFILE"); file != "" {
		profile(file)
	}
	tidy := make(chan os.Signal, 1)
	signal.Notify(tidy, syscall.SIGUSR1)
	for range tidy {
		for range 3 { // each halves the stacks that are too large
			debug.FreeOSMemory()
		}
		if file := os.Getenv(role + "_HEAP"); file != "" {
			heap(file)
		}
	}
}

// heap writes what the memory is taken by.
func heap(file string) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Fprintf(os.Stderr, "heap %d KiB in use, %d KiB objects, stacks %d KiB, %d goroutines, runtime %d KiB\n",
		m.HeapInuse>>10, m.HeapAlloc>>10, m.StackInuse>>10, runtime.NumGoroutine(), (m.MSpanInuse+m.MCacheInuse+m.GCSys+m.OtherSys+m.BuckHashSys)>>10)
	if f, err := os.Create(file); err == nil {
		_ = pprof.WriteHeapProfile(f)
		_ = f.Close()
	}
}

// profile writes where the time of some seconds under load goes.
func profile(file string) {
	time.AfterFunc(3*time.Second, func() {
		f, err := os.Create(file)
		if err == nil && pprof.StartCPUProfile(f) == nil {
			time.Sleep(4 * time.Second)
			pprof.StopCPUProfile()
			_ = f.Close()
		}
	})
}

const (
	// checkEvery is the agent's own.
	checkEvery = 200 * time.Millisecond
	callLength = time.Minute
)

// placed are calls to a responder, with all that an agent sends except checks of the
// packets that arrive: their tags cost time of the generator, and are not measured here.
type placed struct {
	gen   *generator
	calls []placedCall
	ssrcs map[uint32]int
	users map[string]int
	room  []byte // for a check or answer

	mu    sync.Mutex // guards what the traces tell: of the calls up, left, departed
	hears bool       // the jitter up counts from now on
}

type placedCall struct {
	grant      wire.CallGrant
	sealer     *wire.Sealer
	credential *wire.Credential
	ask        time.Duration // when its next check is due
	check      time.Duration // when it leaves: at a random moment of a packet's time
	down, up   tally
	left       int64         // packets down that left, those after the generator's end included
	zero       time.Duration // when packet 0 left, by the most punctual of all
	late       []time.Duration
}

func (p *placed) packet(call int, i int64, at time.Duration, b []byte) {
	copy(b, p.calls[call].sealer.Seal(i, at))
}

func (p *placed) take(socket int, b []byte, at time.Duration, settled bool) {
	if wire.IsCheck(b) {
		p.check(socket, b, at)
		return
	}
	call, ok := p.ssrcs[binary.BigEndian.Uint32(b[8:])]
	if !ok || !wire.IsRTP(b) {
		return
	}
	c := &p.calls[call]
	seq := int64(binary.BigEndian.Uint16(b[2:]) - c.grant.DownSeq)
	c.sealer.SetChallenge(wire.Challenge(b))
	c.down.add(seq, time.Duration(binary.BigEndian.Uint64(b[wire.HeaderSize+wire.StampOffset:])), at, settled)
}

// check answers the responder's checks.
func (p *placed) check(socket int, b []byte, at time.Duration) {
	c, err := wire.ParseCheck(b)
	if err != nil || c.Answer {
		return
	}
	call, ok := p.users[string(c.Username)]
	if !ok {
		return
	}
	p.room = p.calls[call].credential.Answer(p.room[:0], c.ID, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 9), at, stamp.Now())
	p.gen.sockets[socket].write(p.room)
}

// beside sends the agent's own checks. The first ones of all calls are spread, since agents
// begin when they like.
func (p *placed) beside(call int, now time.Duration) {
	c := &p.calls[call]
	if c.ask == 0 {
		c.ask = now + rand.N(checkEvery)
		c.check = c.ask
	}
	if now < c.check {
		return
	}
	c.ask += checkEvery
	c.check = c.ask + rand.N(ptime)
	p.room = c.credential.AskPadded(p.room[:0], wire.NewTransactionID())
	p.gen.sockets[socketOf(call)].write(p.room)
}

// line takes what the responder tells of a call.
func (p *placed) line(call int, e wire.Event) {
	packets := int(callLength / ptime)
	up, err := wire.UnpackArrivals(e.Up, packets, 2*packets)
	if err != nil {
		return
	}
	down, err := wire.UnpackDepartures(e.Down, packets, packets)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &p.calls[call]
	for _, a := range up {
		c.up.add(a.Seq, a.Sent, a.Received, p.hears)
	}
	for _, d := range down {
		zero := d.Sent - time.Duration(d.Seq)*ptime
		if c.left == 0 || zero < c.zero {
			c.zero = zero
		}
		c.left++
		if p.hears {
			c.late = append(c.late, zero)
		}
	}
}

// place asks a responder for so many calls, some a session.
func place(b *testing.B, to string, calls, each int) (p *placed, ended func()) {
	b.Helper()
	invited, err := invite.Parse(to)
	if err != nil {
		b.Fatal(err)
	}
	p = &placed{calls: make([]placedCall, calls), ssrcs: map[uint32]int{}, users: map[string]int{}}
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	var clients []*control.Client
	for first := 0; first < calls; first += each {
		request := wire.Request{
			Version: wire.Version, Codec: "pcmu", Ptime: ptime, Payload: size - wire.HeaderSize, Rate: 8000,
			Duration: callLength, Calls: min(each, calls-first), DSCP: 46,
		}
		client, err := control.Open(ctx, invited, request, nil)
		if err != nil {
			b.Fatalf("session for call %d: %v", first, err)
		}
		clients = append(clients, client)
		for i, grant := range client.Grant().Calls {
			p.add(b, first+i, request, grant)
		}
		wg.Go(func() { _ = client.Events(ctx, func(e wire.Event) { p.line(first+e.Call, e) }) })
	}
	return p, func() {
		for _, c := range clients {
			_ = c.Finish(ctx)
		}
		time.Sleep(200 * time.Millisecond)
		cancel()
		wg.Wait()
		for _, c := range clients {
			_ = c.Close()
		}
	}
}

func (p *placed) add(b *testing.B, i int, r wire.Request, g wire.CallGrant) {
	b.Helper()
	sealer, err := wire.NewSealer(wire.UpFlow(r, g))
	if err != nil {
		b.Fatal(err)
	}
	credential, err := g.Credential()
	if err != nil {
		b.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[i] = placedCall{grant: g, sealer: sealer, credential: credential}
	p.ssrcs[g.DownSSRC], p.users[g.Username] = i, i
}

// respond loads a responder with so many calls, each to a session.
func respond(b *testing.B, calls, each int) figure {
	b.Helper()
	server := serve(b, "responder")
	defer server.end()
	var to, media string
	if _, err := fmt.Sscan(server.line, &to, &media); err != nil {
		b.Fatal(err)
	}
	before := server.resident(b)
	g := newGenerator(b, calls, netip.MustParseAddrPort(media))
	p, ended := place(b, to, calls, each)
	p.gen = g
	return measure(b, server, g, p, func(f *figure) {
		f.memory = (server.resident(b) - before) / float64(calls)
		ended()
		p.sum(f, g.sentAll)
	})
}

// sum sums both ways up.
func (p *placed) sum(f *figure, sent int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var up, down, left int64 // left: up to the last that came
	var jitters []float64
	var late []time.Duration
	for i := range p.calls {
		c := &p.calls[i]
		up, left, down = up+c.up.came, left+c.down.last+1, down+c.down.came
		if !c.down.began {
			left += c.left
		}
		jitters = append(jitters, max(c.up.mean(), c.down.mean()))
		for _, zero := range c.late {
			late = append(late, zero-c.zero)
		}
	}
	lost := max(0, sent-up) + max(0, left-down)
	f.loss, f.jitter = float64(lost)/float64(sent+left), p99(jitters)
	if l := stream.LatenessOf(late); l != nil {
		f.late = float64(l.P99) / 1e6
	}
}
