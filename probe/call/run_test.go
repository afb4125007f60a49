package call

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/netsim"
	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

const (
	ms       = time.Millisecond
	duration = 30 * time.Second
	packets  = 1500
	buffer   = 60 * ms
)

// want compares the counts of a direction.
func want(t *testing.T, name string, d Direction, sent, received int) {
	t.Helper()
	m := stream.Measure(d.Trace, buffer)
	if m.Sent != sent || m.Received != received {
		t.Errorf("%s: sent %d, received %d; want %d, %d (%s)", name, m.Sent, m.Received, sent, received, d.Reason)
	}
}

func TestCallIsMeasured(t *testing.T) {
	t.Run("clean", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			w.up(netsim.Path{Delay: 30 * ms})
			w.down(netsim.Path{Delay: 50 * ms})
			var live []Live
			w.calls.live = func(l Live) { live = append(live, l) }
			begun := stamp.Now()
			o := w.run(t, t.Context(), nil)
			if !o.Complete || o.Reason != "" {
				t.Errorf("incomplete: %s", o.Reason)
			}
			if took := stamp.Now() - begun; took > duration+5*time.Second {
				t.Errorf("a 30 s call took %v", took)
			}
			c := o.Calls[0]
			want(t, "up", c.Up, packets, packets)
			want(t, "down", c.Down, packets, packets)
			if o.Source != facts.RTTStun || c.ChecksLost != 0 || len(c.RoundTrips) < 145 {
				t.Errorf("source %q, %d round trips, %d lost", o.Source, len(c.RoundTrips), c.ChecksLost)
			}
			for _, r := range c.RoundTrips {
				if r.RTT != 80*ms {
					t.Fatalf("round trip %v, want 80 ms whatever the responder's own time", r.RTT)
				}
			}
			for _, d := range []Direction{c.Up, c.Down} {
				for i, a := range d.Arrivals {
					if a.Received-a.Sent != d.Arrivals[0].Received-d.Arrivals[0].Sent {
						t.Fatalf("packet %d: transit moved on a steady path", i)
					}
				}
			}
			if c.Local != agentAt || c.Mapped != agentAt || len(c.PathChanges) != 0 || *c.Up.Mark.Set != 46 {
				t.Errorf("got %v, %v, %v, %+v", c.Local, c.Mapped, c.PathChanges, c.Up.Mark)
			}
			if len(live) != 30 || live[0].Second != 0 || live[29].Second != 29 || live[5].Up.Sent != 50 || live[5].Up.Lost != 0 || live[5].Down.Lost != 0 || *live[5].RTT != 80*ms {
				t.Errorf("%d seconds told live, the sixth %+v", len(live), live[min(5, len(live)-1)])
			}
		})
	})
}

func TestLossIsOfItsDirection(t *testing.T) {
	every := func(n int) func([]byte) bool {
		seen := 0
		return func(b []byte) bool {
			if !wire.IsRTP(b) {
				return false
			}
			seen++
			return seen%n == 0
		}
	}
	t.Run("up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			w.up(netsim.Path{Delay: 30 * ms, Drop: every(10), Duplicate: 0.1})
			c := w.run(t, t.Context(), nil).Calls[0]
			want(t, "up", c.Up, packets, packets-150)
			want(t, "down", c.Down, packets, packets)
		})
	})
	t.Run("down", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			w.down(netsim.Path{Delay: 30 * ms, Drop: every(10)})
			c := w.run(t, t.Context(), nil).Calls[0]
			want(t, "up", c.Up, packets, packets)
			want(t, "down", c.Down, packets, packets-150)
		})
	})
}

// A call that is told to end because it has measured enough is complete: nothing of it is
// lost, and nothing is reported as missing.
func TestEnoughEndsTheCall(t *testing.T) {
	for _, after := range []int{250, 1000, packets + 1} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			w.both(netsim.Path{Delay: 30 * ms})
			asked := 0
			w.calls.enough = func(o *Outcome) bool {
				asked++
				return o.Calls[0].Up.Sent >= after
			}
			o := w.run(t, t.Context(), nil)
			c := o.Calls[0]
			ended := after <= packets
			if !o.Complete || o.Reason != "" || o.Enough != ended || asked == 0 {
				t.Errorf("after %d: complete %v (%s), enough %v, asked %d times", after, o.Complete, o.Reason, o.Enough, asked)
			}
			for _, d := range []Direction{c.Up, c.Down} {
				m := stream.Measure(d.Trace, buffer)
				if m.Lost != 0 || ended && (m.Sent < after || m.Sent >= packets) || !ended && m.Sent != packets {
					t.Errorf("after %d: sent %d, lost %d", after, m.Sent, m.Lost)
				}
			}
		})
	}
}

// Live seconds were numbered from 1, and their jitter and round trip were of everything
// until then: a bad second moved when the result came.
func TestLiveBadSecondIsTheResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 10*time.Second)
		good, bad := netsim.Path{Delay: 20 * ms}, netsim.Path{Delay: 20 * ms, Jitter: 80 * ms, Loss: 0.3}
		w.both(good)
		var live []Live
		w.calls.live = func(l Live) { live = append(live, l) }
		c := w.run(t, t.Context(), func() {
			time.Sleep(4 * time.Second)
			w.both(bad)
			time.Sleep(time.Second)
			w.both(good)
		}).Calls[0]
		up, down := stream.Seconds(c.Up.Trace, buffer), stream.Seconds(c.Down.Trace, buffer)
		if len(live) != 10 || len(up) != 10 || up[4].Lost < 5 || *up[4].Jitter < 5*ms {
			t.Fatalf("%d live, %d saved, the fifth %+v", len(live), len(up), up[min(4, len(up)-1)])
		}
		for i, l := range live {
			if l.Second != i || l.Up.Lost != up[i].Lost || *l.Up.Jitter != *up[i].Jitter || l.Down.Lost != down[i].Lost || *l.Down.Jitter != *down[i].Jitter {
				t.Errorf("second %d: live %+v, saved %+v, %+v", i, l, up[i], down[i])
			}
			from := c.Started + time.Duration(i)*time.Second
			if want := stream.MeanRTT(c.RoundTrips, from, from+time.Second); (want == nil) != (l.RTT == nil) || want != nil && *want != *l.RTT {
				t.Errorf("second %d: live round trip %v, saved %v", i, l.RTT, want)
			}
		}
	})
}

// The last packet may come up to two seconds late, and no later.
func TestLatePackets(t *testing.T) {
	for _, c := range []struct {
		name string
		by   time.Duration
		want int
	}{{"in time", 1900 * ms, packets}, {"too late", 2100 * ms, packets - 1}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, duration)
				seen := 0
				w.up(netsim.Path{Delay: 20 * ms, Drop: func(b []byte) bool {
					if wire.IsRTP(b) {
						seen++
					}
					if wire.IsRTP(b) && seen == packets {
						late := append([]byte(nil), b...)
						time.AfterFunc(c.by, func() {
							w.up(netsim.Path{Delay: 20 * ms})
							_ = w.calls.legs[0].conn.Write(late, netip.AddrPort{})
						})
						return true
					}
					return false
				}})
				o := w.run(t, t.Context(), nil)
				want(t, "up", o.Calls[0].Up, packets, c.want)
			})
		})
	}
}

func TestDeadPaths(t *testing.T) {
	t.Run("up from the start", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			w.up(netsim.Path{Dead: true})
			o := w.run(t, t.Context(), nil)
			c := o.Calls[0]
			want(t, "up", c.Up, int(unwanted/stream.PacketTime), 0) // nobody showed that they are wanted
			want(t, "down", c.Down, 0, 0)
			if !strings.Contains(c.Down.Reason, "nothing arrived to answer to") || !o.Complete {
				t.Errorf("complete %v, reason %q", o.Complete, c.Down.Reason)
			}
			if o.Source != facts.RTTTCP || len(o.TCP) != clockSamples || o.TCP[0].RTT != 42*ms {
				t.Errorf("source %q, %d samples", o.Source, len(o.TCP))
			}
		})
	})
	t.Run("down from the start", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			w.down(netsim.Path{Dead: true})
			o := w.run(t, t.Context(), nil)
			c := o.Calls[0]
			want(t, "up", c.Up, packets, packets)
			want(t, "down", c.Down, 0, 0)
			if c.Down.Reason == "" || strings.Contains(c.Down.Reason, "nothing arrived") || o.Source != facts.RTTTCP || !o.Complete {
				t.Errorf("complete %v, source %q, reason %q", o.Complete, o.Source, c.Down.Reason)
			}
		})
	})
	half := func(w *world, dead func(netsim.Path)) func() {
		return func() { time.Sleep(15 * time.Second); dead(netsim.Path{Dead: true}) }
	}
	t.Run("up at half time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			o := w.run(t, t.Context(), half(w, w.up))
			c := o.Calls[0]
			m := stream.Measure(c.Up.Trace, buffer)
			if m.Sent != packets || m.Received < 745 || m.Received > 751 {
				t.Errorf("up: %d of %d", m.Received, m.Sent)
			}
			// The last proof came at 15 s at the latest; consent lasts 5 s.
			d := stream.Measure(c.Down.Trace, buffer)
			if d.Sent < 985 || d.Sent > 1001 || d.Lost != 0 {
				t.Errorf("down: %d of %d", d.Received, d.Sent)
			}
			if !o.Complete || o.Source != facts.RTTStun || c.ChecksLost < 60 {
				t.Errorf("complete %v %s, source %q, %d checks lost", o.Complete, o.Reason, o.Source, c.ChecksLost)
			}
		})
	})
	t.Run("down at half time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			o := w.run(t, t.Context(), half(w, w.down))
			c := o.Calls[0]
			want(t, "up", c.Up, packets, packets)
			d := stream.Measure(c.Down.Trace, buffer)
			if d.Sent < 985 || d.Sent > 1001 || d.Received < 745 || d.Received > 751 {
				t.Errorf("down: %d of %d", d.Received, d.Sent)
			}
			if !o.Complete {
				t.Error(o.Reason)
			}
		})
	})
	t.Run("both at half time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			o := w.run(t, t.Context(), half(w, w.both))
			c := o.Calls[0]
			up, down := stream.Measure(c.Up.Trace, buffer), stream.Measure(c.Down.Trace, buffer)
			if up.Sent != packets || up.Received < 745 || up.Received > 751 || down.Sent < 985 || down.Sent > 1001 || down.Received < 745 || down.Received > 751 {
				t.Errorf("up %d of %d, down %d of %d", up.Received, up.Sent, down.Received, down.Sent)
			}
			if !o.Complete {
				t.Error(o.Reason)
			}
		})
	})
}

// A way down that opens late does not make a call longer than it may be, and what is under
// way then is not lost.
func TestDownOpensLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, duration)
		w.down(netsim.Path{Dead: true})
		begun := stamp.Now()
		o := w.run(t, t.Context(), func() { time.Sleep(20 * time.Second); w.down(netsim.Path{Delay: 70 * ms}) })
		if took := stamp.Now() - begun; took > 45*time.Second {
			t.Errorf("took %v", took)
		}
		want(t, "up", o.Calls[0].Up, packets, packets)
		if m := stream.Measure(o.Calls[0].Down.Trace, buffer); m.Sent < 900 || m.Lost != 0 || o.Source != facts.RTTStun {
			t.Errorf("down: %d of %d, source %q", m.Received, m.Sent, o.Source)
		}
	})
}

func TestRebinding(t *testing.T) {
	t.Run("nat", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			first, second := netip.MustParseAddrPort("203.0.113.1:5000"), netip.MustParseAddrPort("203.0.113.1:6000")
			w.network.Translate(agentAt, first)
			o := w.run(t, t.Context(), func() { time.Sleep(10 * time.Second); w.network.Translate(agentAt, second) })
			c := o.Calls[0]
			want(t, "up", c.Up, packets, packets)
			if m := stream.Measure(c.Down.Trace, buffer); m.Sent != packets || m.Lost > 15 {
				t.Errorf("down: %d of %d: the stream did not follow", m.Received, m.Sent)
			}
			if len(c.PathChanges) != 1 || c.PathChanges[0].From != first || c.PathChanges[0].To != second || c.Mapped != second {
				t.Errorf("changes %v, mapped %v", c.PathChanges, c.Mapped)
			}
		})
	})
}

func TestEndsEarly(t *testing.T) {
	t.Run("ctrl-c", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			w.both(netsim.Path{Delay: 100 * ms})
			ctx, cancel := context.WithCancel(t.Context())
			begun := stamp.Now()
			o := w.run(t, ctx, func() { time.Sleep(12345 * ms); cancel() })
			if took := stamp.Now() - begun; took > 16*time.Second {
				t.Errorf("took %v", took)
			}
			c := o.Calls[0]
			up, down := stream.Measure(c.Up.Trace, buffer), stream.Measure(c.Down.Trace, buffer)
			if up.Sent < 595 || up.Lost != 0 || down.Sent < 595 || down.Lost != 0 {
				t.Errorf("up %d of %d, down %d of %d", up.Received, up.Sent, down.Received, down.Sent)
			}
			if o.Complete || o.Reason == "" {
				t.Errorf("complete %v, %q", o.Complete, o.Reason)
			}
		})
	})
	t.Run("before the first packet", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			ctx, cancel := context.WithCancel(t.Context())
			w.both(netsim.Path{Dead: true})
			o := w.run(t, ctx, func() { time.Sleep(500 * ms); cancel() })
			if c := o.Calls[0]; o.Complete || c.Up.Sent != 0 || c.Up.Reason == "" || c.Down.Reason == "" {
				t.Errorf("got %+v", c)
			}
		})
	})
	t.Run("the responder dies", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			begun := stamp.Now()
			o := w.run(t, t.Context(), func() { time.Sleep(10 * time.Second); close(w.far.dead); close(w.far.broken) })
			if took := stamp.Now() - begun; took > 15*time.Second {
				t.Errorf("noticed after %v", took-10*time.Second)
			}
			c := o.Calls[0]
			up, down := stream.Measure(c.Up.Trace, buffer), stream.Measure(c.Down.Trace, buffer)
			if o.Complete || up.Sent < 400 || up.Sent > 500 || up.Lost != 0 || down.Sent < 490 || down.Lost != 0 {
				t.Errorf("complete %v, up %d of %d, down %d of %d", o.Complete, up.Received, up.Sent, down.Received, down.Sent)
			}
		})
	})
	t.Run("its host is unplugged", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			begun := stamp.Now()
			o := w.run(t, t.Context(), func() { time.Sleep(10 * time.Second); close(w.far.dead) })
			if took := stamp.Now() - begun; o.Complete || took > 21*time.Second {
				t.Errorf("complete %v, noticed after %v", o.Complete, took-10*time.Second)
			}
			if m := stream.Measure(o.Calls[0].Up.Trace, buffer); m.Lost != 0 {
				t.Errorf("%d called lost that nobody knows of", m.Lost)
			}
		})
	})
	t.Run("the control connection breaks", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			o := w.run(t, t.Context(), func() { time.Sleep(10500 * ms); close(w.far.broken) })
			c := o.Calls[0]
			up, down := stream.Measure(c.Up.Trace, buffer), stream.Measure(c.Down.Trace, buffer)
			if o.Complete || !strings.Contains(o.Reason, "connection reset") || up.Sent < 450 || up.Sent > 510 || up.Lost != 0 || down.Sent != packets || down.Lost != 0 {
				t.Errorf("complete %v %q, up %d of %d, down %d of %d", o.Complete, o.Reason, up.Received, up.Sent, down.Received, down.Sent)
			}
		})
	})
}
