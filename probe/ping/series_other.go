//go:build !windows

package ping

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"netready/probe/internal/stamp"

	probing "github.com/prometheus-community/pro-bing"
)

// series sends ICMP echo requests: from an unprivileged datagram socket where
// the system allows one, else from a raw one, which takes root.
func series(ctx context.Context, addr netip.Addr, s Settings) (tally, error) {
	if err := forbidden(addr); err != nil {
		return tally{}, err
	}
	t, err := attempt(ctx, addr, s, false)
	if errors.Is(err, os.ErrPermission) {
		t, err = attempt(ctx, addr, s, true)
	}
	if errors.Is(err, os.ErrPermission) {
		err = fmt.Errorf("this system lets only administrators send ICMP echo requests (%w)", err)
	}
	return t, err
}

// forbidden is the error of a route that forbids the address. pro-bing mistakes it for the
// error of a broadcast address and tries without end.
func forbidden(addr netip.Addr) error {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, 9)))
	if errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("this machine's routes forbid %s: %s", addr, systemWords(err))
	}
	if err == nil {
		_ = c.Close()
	}
	return nil
}

// attempt asks until Count questions have been asked or ctx is done. If an error ends the
// series of one socket, such as a question that could not be sent, only that question is
// lost: the rest continues with a new socket. An error means that no socket could be
// opened.
func attempt(ctx context.Context, addr netip.Addr, s Settings, privileged bool) (tally, error) {
	e := &echoes{settings: s, waiting: map[int]time.Duration{}, tally: tally{copies: new(int)}}
	for {
		begun := e.begun()
		// If a socket has asked something, its questions hold what happened.
		if err := e.run(ctx, addr, privileged); err != nil && e.begun() == begun {
			return tally{}, fmt.Errorf("sending ICMP echo requests to %s: %w", addr, err)
		}
		if ctx.Err() != nil || e.full() {
			return e.tally, nil //nolint:nilerr // what ended a socket's series is in the tally
		}
		select {
		case <-ctx.Done():
			return e.tally, nil
		case <-time.After(s.Interval):
		}
	}
}

// echoes are the questions of a series that runs.
type echoes struct {
	settings Settings

	mu      sync.Mutex // guards the rest
	tally   tally
	waiting map[int]time.Duration // when a question was sent, by its number
	ended   bool                  // what is sent from now on does not count
}

// run asks from one socket. When it returns, every question is answered or lost. There is
// one exception: if nothing has ever answered, it does not wait for the last question of a
// series that was ended, which is then neither.
func (e *echoes) run(ctx context.Context, addr netip.Addr, privileged bool) error {
	p := e.pinger(addr, privileged)
	asking, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { e.watch(ctx, asking, stop) })
	err := p.RunWithContext(asking)
	stop()
	wg.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	for number, sent := range e.waiting {
		if ctx.Err() == nil || stamp.Now()-sent >= e.settings.Timeout {
			e.tally.unanswered(sent)
		}
		delete(e.waiting, number)
	}
	return err
}

func (e *echoes) pinger(addr netip.Addr, privileged bool) *probing.Pinger {
	p := probing.New(addr.String())
	p.SetIPAddr(&net.IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()})
	p.SetPrivileged(privileged)
	p.SetLogger(probing.NoopLogger{})
	p.Interval = e.settings.Interval
	if e.settings.Size > p.Size {
		p.Size = e.settings.Size
	}
	p.RecordRtts, p.RecordTTLs = false, false
	p.Timeout = 24 * time.Hour // watch ends it
	p.OnSend = func(q *probing.Packet) { e.sent(q.Seq) }
	p.OnSendError = func(_ *probing.Packet, err error) { e.notSent(err) }
	p.OnRecv = func(q *probing.Packet) { e.answered(q.Seq, q.Rtt) }
	p.OnDuplicateRecv = func(*probing.Packet) { e.repeated() }
	return p
}

func (e *echoes) sent(number int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ended && !e.isFull() {
		e.waiting[number] = stamp.Now()
	}
}

func (e *echoes) notSent(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ended && !e.isFull() {
		e.tally.failed(err)
	}
}

func (e *echoes) answered(number int, trip time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if sent, asked := e.waiting[number]; asked {
		delete(e.waiting, number)
		e.tally.answered(sent, trip)
	}
}

// repeated counts a further copy of an answer.
func (e *echoes) repeated() {
	e.mu.Lock()
	defer e.mu.Unlock()
	*e.tally.copies++
}

// begun is how many questions were asked so far.
func (e *echoes) begun() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tally.count() + len(e.waiting)
}

func (e *echoes) full() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.isFull()
}

// isFull reports whether all questions were asked. The caller holds mu.
func (e *echoes) isFull() bool {
	return e.settings.Count > 0 && e.tally.count()+len(e.waiting) >= e.settings.Count
}

// watchEvery is how often watch looks.
const watchEvery = 10 * time.Millisecond

// watch stops the asking once the series is over and every question has been answered or
// is too old.
func (e *echoes) watch(ctx, asking context.Context, stop func()) {
	look := time.NewTicker(watchEvery)
	defer look.Stop()
	for {
		select {
		case <-asking.Done():
			return
		case <-look.C:
			if e.over(stamp.Now(), ctx.Err() != nil) {
				stop()
				return
			}
		}
	}
}

func (e *echoes) over(now time.Duration, ended bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = e.ended || ended
	if !e.ended && !e.isFull() {
		return false
	}
	if e.ended && len(e.tally.trips) == 0 {
		return true // nothing answers there
	}
	for _, sent := range e.waiting {
		if now-sent < e.settings.Timeout {
			return false
		}
	}
	return true
}
