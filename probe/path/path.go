// Package path asks the routers on the path to the far end during a whole call: with
// packets like the call's that end at a router (TTL), at a low rate. With that the access
// line can be distinguished from what lies behind it, and it is known where marks (DSCP)
// are cleared.
package path

import (
	"cmp"
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/stamp"
	"netready/probe/ping"
)

// Settings of a watch.
type Settings struct {
	Target       netip.AddrPort // where the call goes
	Gateway      string         // IP address of the default gateway; "": none known
	Size         int            // bytes of a question above its UDP header, the call's own
	DSCP         int            // of the call
	JitterBuffer time.Duration  // an answer that takes longer than the fastest by more than this is late
}

const (
	// mostHops is how far the path is traced. Nobody at the customer's can do anything
	// about networks that are farther away.
	mostHops = 12
	// sweepEvery is the time between two questions of the sweep: 20 a second.
	sweepEvery = 50 * time.Millisecond
	// sweeps is how often the sweep asks each hop: one lost answer must not hide it, and
	// routers that limit their answers give a few at once.
	sweeps = 3
	// findEvery is how often the hops that have answered are looked up, and findFor for
	// how long: the time of the sweep and of a slow answer to it.
	findEvery = 50 * time.Millisecond
	findFor   = sweeps*mostHops*sweepEvery + settled
	// watched is how many hops behind the gateway are asked during the whole call.
	watched = 3
	// askEvery is the time between questions to a watched hop: 4 a second, and 5 by echo.
	askEvery  = 250 * time.Millisecond
	echoEvery = 200 * time.Millisecond
	// patience is how long an answer is awaited. What is younger than settled
	// and has none yet is not counted.
	patience = 2 * time.Second
	settled  = time.Second
)

// A Watch runs from Start to Stop.
type Watch struct {
	settings Settings
	stop     context.CancelFunc
	over     chan struct{}

	mu     sync.Mutex // guards the rest
	hops   [mostHops + 1]*hop
	method string
	code   string
	reason string
	echo   []ping.Question // to the first hop behind the gateway, by its address
	echoOf string          // that address; of run alone
}

// hop is what is known of one.
type hop struct {
	ttl    int
	asked  []question // in their order
	from   netip.Addr // who answered last
	isEnd  bool       // it was the far end itself
	dscp   *int
	ecn    *int
	quoted bool    // they were read from the quoted packet itself
	limit  float64 // answers a second that it gives at most; 0: no limit was seen
}

// question is one, and its answer.
type question struct {
	sent  time.Duration
	trip  *time.Duration // nil: none yet
	sweep bool           // of the sweep, which the figures of a hop that is watched leave out
}

// An answer is what came back for a question.
type answer struct {
	ttl    int
	number int // of the question to this hop, -1: the quoted packet does not tell
	from   netip.Addr
	at     time.Duration
	isEnd  bool // the far end itself answered
	dscp   *int // that the question had when it arrived there
	ecn    *int
}

// Start begins to watch. A failure is no error: the result says why.
func Start(ctx context.Context, s Settings) *Watch {
	ctx, stop := context.WithCancel(ctx)
	w := &Watch{settings: s, stop: stop, over: make(chan struct{})}
	for ttl := range w.hops {
		w.hops[ttl] = &hop{ttl: ttl}
	}
	go func() {
		defer close(w.over)
		w.run(ctx)
	}()
	return w
}

func (w *Watch) run(ctx context.Context) {
	if w.settings.Target.Addr().IsLoopback() {
		w.fail(facts.PathLoopback, facts.NothingBetween)
		return
	}
	a, code, err := open(w.settings)
	if err != nil {
		w.fail(code, err.Error())
		return
	}
	listening, quit := context.WithCancel(context.WithoutCancel(ctx))
	var listeners sync.WaitGroup
	listeners.Go(func() { a.listen(listening, w.answered) })
	w.mu.Lock()
	w.method = a.method()
	w.mu.Unlock()
	var asking sync.WaitGroup
	asking.Go(func() { w.sweep(ctx, a) })
	w.follows(ctx, a)
	asking.Wait()
	quit()
	a.close()
	listeners.Wait()
}

// follows watches hops until ctx ends, each from when the sweep finds it.
func (w *Watch) follows(ctx context.Context, a *asker) {
	var series sync.WaitGroup
	defer series.Wait()
	tick := time.NewTicker(findEvery)
	defer tick.Stop()
	begun := map[int]bool{}
	for left := int(findFor / findEvery); left > 0; left-- {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for i, ttl := range w.choose() {
			if !begun[ttl] && (i == 0 || len(begun) < watched) {
				begun[ttl] = true
				series.Go(func() { w.follow(ctx, a, ttl) })
			}
		}
		if address, isNext := w.firstBeyond(); w.echoOf == "" && address != "" && (isNext || left == 1) {
			w.echoOf = address
			series.Go(func() { w.echoes(ctx, address) })
		}
	}
	<-ctx.Done()
}

// firstBeyond is the address of the first hop behind the gateway, "" if there is none,
// and whether it is the next hop: then no nearer one can answer later.
func (w *Watch) firstBeyond() (address string, isNext bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.beyond()
	if h == nil {
		return "", false
	}
	return h.from.String(), h.ttl == w.gatewayTTL()+1
}

func (w *Watch) fail(code, reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.code, w.reason = code, reason
}

// sweep asks every hop a few times, to find the path.
func (w *Watch) sweep(ctx context.Context, a *asker) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for range sweeps {
		for ttl := 1; ttl <= mostHops; ttl++ {
			if end := w.end(); end > 0 && ttl > end {
				break
			}
			w.ask(a, ttl, true)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}
}

// end is the TTL with which questions reach the far end, 0 where it does not
// answer them.
func (w *Watch) end() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, h := range w.hops {
		if h.isEnd {
			return h.ttl
		}
	}
	return 0
}

// ask sends one question and notes it.
func (w *Watch) ask(a *asker, ttl int, sweep bool) {
	w.mu.Lock()
	h := w.hops[ttl]
	number := len(h.asked)
	h.asked = append(h.asked, question{sent: stamp.Now(), sweep: sweep})
	w.mu.Unlock()
	if err := a.ask(ttl, number); err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		h.asked[number].sent = notSent
	}
}

// notSent marks a question that the system refused: neither asked nor lost.
const notSent = -1

// answered notes an answer. If a router quotes too little to tell which question it
// answers, it is taken to be the last one.
func (w *Watch) answered(got answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if got.ttl < 1 || got.ttl > mostHops {
		return
	}
	h := w.hops[got.ttl]
	if isQuote := got.number == marksOnly; got.dscp != nil && (isQuote || !h.quoted) {
		h.dscp, h.ecn, h.quoted = got.dscp, got.ecn, isQuote
	}
	if got.number == marksOnly {
		return
	}
	if got.number < 0 {
		got.number = len(h.asked) - 1
	}
	if got.number < 0 || got.number >= len(h.asked) {
		return
	}
	q := &h.asked[got.number]
	if trip := got.at - q.sent; q.sent != notSent && q.trip == nil && trip >= 0 && trip < patience {
		q.trip = &trip
	}
	h.from, h.isEnd = got.from.Unmap().WithZone(""), h.isEnd || got.isEnd
}

// choose picks the hops to watch: the first behind the gateway that answered.
func (w *Watch) choose() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var chosen []int
	for _, h := range w.hops[w.gatewayTTL()+1:] {
		if h.from.IsValid() && !h.isEnd && len(chosen) < watched {
			chosen = append(chosen, h.ttl)
		}
	}
	return chosen
}

// gatewayTTL is the TTL of the gateway: 1, unless it answers at another one. The caller
// holds mu.
func (w *Watch) gatewayTTL() int {
	for _, h := range w.hops[1:] {
		if h.from.IsValid() && h.from.String() == w.settings.Gateway {
			return h.ttl
		}
	}
	return 1
}

// beyond is the first hop behind the gateway that answered, nil if there is none. The
// caller holds mu.
func (w *Watch) beyond() *hop {
	for _, h := range w.hops[w.gatewayTTL()+1:] {
		if h.from.IsValid() && !h.isEnd {
			return h
		}
	}
	return nil
}

// follow asks one hop until ctx ends; one that limits its answers is not asked more often
// than that. The questions leave at random moments (RFC 2330 11.1): a limit of rate drops
// what comes at some moments between two packets of the call, and no other.
func (w *Watch) follow(ctx context.Context, a *asker, ttl int) {
	every := askEvery
	timer := time.NewTimer(time.Duration(ttl) * askEvery / (mostHops + 1)) // not all at once
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		w.ask(a, ttl, false)
		if every == askEvery {
			w.mu.Lock()
			h := w.hops[ttl]
			if h.limit = limiter(h.counted(), stamp.Now()-settled); h.limit > 0 {
				every = time.Duration(1.2 * float64(time.Second) / h.limit)
			}
			w.mu.Unlock()
		}
		timer.Reset(every*9/10 + rand.N(every/5))
	}
}

// counted are the questions except the sweep's. The caller holds mu.
func (h *hop) counted() []question {
	var all []question
	for _, q := range h.asked {
		if !q.sweep {
			all = append(all, q)
		}
	}
	return all
}

// echoes also asks the first hop behind the gateway by its own address: many routers that
// rarely send a time exceeded answer every echo request.
func (w *Watch) echoes(ctx context.Context, address string) {
	_, all := ping.Series(ctx, address, ping.Settings{Interval: echoEvery, Timeout: patience, Size: w.settings.Size})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.echo = all
}

// Stop ends the watch and returns what it found, with the questions to the first
// hop behind the gateway in their order.
func (w *Watch) Stop() (facts.Path, []ping.Question) {
	w.stop()
	<-w.over
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.result()
}

// series are the questions to a hop that count: those that were sent early enough to be
// answered by now.
func (h *hop) series(now time.Duration) []ping.Question {
	var all []ping.Question
	for _, q := range h.counted() {
		if q.sent != notSent && (q.trip != nil || now-q.sent >= settled) {
			all = append(all, ping.Question{Sent: q.sent, Trip: q.trip})
		}
	}
	slices.SortStableFunc(all, func(a, b ping.Question) int { return cmp.Compare(a.Sent, b.Sent) })
	return all
}
