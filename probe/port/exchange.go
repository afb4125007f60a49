package port

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"netready/probe/facts"
)

// An exchange is a question and its answer over UDP.
type exchange struct {
	// ask makes the next try's datagram.
	ask func() ([]byte, error)
	// judge says what a datagram is: an answer (pass or fail), or nil, noise.
	judge func(b []byte) *outcome
}

// exchange asks until an answer passes. A bad answer, by ICMP or by an impostor, counts
// only if the next try brings nothing better.
func (t target) exchange(ctx context.Context, x exchange) outcome {
	tap := newTap()
	defer tap.close()
	d := net.Dialer{Control: tap.control}
	conn, err := d.DialContext(ctx, "udp", t.addr.String())
	if err != nil {
		return t.blamed(err, tap.read())
	}
	defer conn.Close()
	if u, ok := conn.(*net.UDPConn); ok {
		hearRefusals(u)
	}
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	e := exchanging{t: t, x: x, conn: conn, tap: tap}
	for range tries {
		if o := e.try(ctx); o != nil {
			return *o
		}
		if ctx.Err() != nil {
			break
		}
	}
	if o := e.overdue(ctx); o != nil {
		return *o
	}
	if e.bad != nil {
		return *e.bad
	}
	return t.silent(e.sent)
}

// exchanging is the state of an exchange.
type exchanging struct {
	t     target
	x     exchange
	conn  net.Conn
	tap   *tap
	asked time.Time // the last try
	sent  int
	bad   *outcome // a bad answer that waits for the next try
}

// try sends one question and waits for its answer until the next one is due.
func (e *exchanging) try(ctx context.Context) *outcome {
	question, err := e.x.ask()
	if err != nil {
		return new(notMeasured(facts.ReasonUnknown, "the question could not be made: "+err.Error()))
	}
	secondChance := e.bad != nil
	e.asked = time.Now()
	wait := e.t.wait(e.sent)
	if err := e.conn.SetReadDeadline(e.asked.Add(wait)); err != nil || ctx.Err() != nil {
		return e.bad
	}
	// A write may fail with what ICMP said of the datagram before it, and the
	// second one then goes out.
	if _, err := e.conn.Write(question); err != nil {
		e.heard(err)
		if _, err := e.conn.Write(question); err != nil {
			e.heard(err)
		}
	}
	e.sent++
	if o := e.await(secondChance); o != nil {
		return o
	}
	if secondChance {
		return e.bad
	}
	return nil
}

// overdue reads what came in time but was not read yet, as happens on a busy machine.
func (e *exchanging) overdue(ctx context.Context) *outcome {
	if e.sent == 0 || ctx.Err() != nil || e.conn.SetReadDeadline(time.Now().Add(overdueRead)) != nil {
		return nil
	}
	return e.await(false)
}

const overdueRead = 20 * time.Millisecond

// await reads until the deadline, or until the verdict is certain.
func (e *exchanging) await(secondChance bool) *outcome {
	b := make([]byte, 64<<10)
	for {
		n, err := e.conn.Read(b)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		case err != nil:
			e.heard(err)
			if secondChance {
				return e.bad
			}
			continue
		}
		o := e.x.judge(b[:n])
		if o == nil {
			continue
		}
		if o.status == facts.StatusPass {
			return e.timed(o)
		}
		e.bad = o
	}
}

func (e *exchanging) timed(o *outcome) *outcome {
	if e.sent == 1 {
		e.t.opts.Paths.Heard(e.t.addr.Addr(), time.Since(e.asked))
	} else {
		o.detail += fmt.Sprintf(" (at try %d)", e.sent)
	}
	return o
}

// heard notes an error of the system.
func (e *exchanging) heard(err error) {
	if errors.Is(err, net.ErrClosed) {
		return
	}
	e.bad = new(e.t.blamed(err, e.tap.read()))
}

// wait is how long to wait after a try, counted from 0. A name server has to ask others
// before it answers, so how fast its address answers on other ports says nothing.
func (t target) wait(i int) time.Duration {
	if t.session != nil || t.check.Protocol != "dns" {
		return t.opts.Paths.wait(t.addr.Addr(), i)
	}
	if i == tries-1 {
		return slowResolver
	}
	return patient.after(i)
}

// slowResolver is the last wait for a name server, 6.4 s after the first question.
const slowResolver = 3200 * time.Millisecond
