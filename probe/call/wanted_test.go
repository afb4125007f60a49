package call

import (
	"bytes"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"netready/probe/internal/netsim"
	"netready/probe/internal/stamp"
	"netready/probe/internal/wire"
	"netready/probe/stream"
)

// rtpOf counts the packets of a stream that pass on a path.
func rtpOf(n *int) func([]byte) bool {
	return func(b []byte) bool {
		if wire.IsRTP(b) {
			*n++
		}
		return false
	}
}

// A responder of an attacker names a victim: nothing comes back from there, and the stream
// ends, whatever the control connection says.
func TestStreamEndsWithoutProofThatItIsWanted(t *testing.T) {
	for name, test := range map[string]struct {
		sameHost bool
		most     int
	}{
		"the media's host is the control connection's": {true, 101},
		"it is another": {false, 101},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, duration)
				w.calls.sameHost = test.sameHost
				sent, checks := 0, 0
				w.up(netsim.Path{Dead: false, Drop: func(b []byte) bool {
					rtpOf(&sent)(b)
					if wire.IsCheck(b) {
						checks++
					}
					return true // the victim answers nothing
				}})
				o := w.run(t, t.Context(), nil)
				if sent == 0 || sent > test.most {
					t.Errorf("%d packets went to somebody who never answered, want 1 to %d", sent, test.most)
				}
				if most := int((proofWait+unwanted)/checkEvery + (duration+lateWait)/rarely + 2); checks > most {
					t.Errorf("%d checks, want %d at most", checks, most)
				}
				if m := stream.Measure(o.Calls[0].Up.Trace, buffer); m.Sent != sent || m.Received != 0 {
					t.Errorf("%d packets were sent; told are %d sent, %d received", sent, m.Sent, m.Received)
				}
			})
		})
	}
}

// An address answered and then falls silent, and the control connection goes elsewhere: the
// stream stops after 2 s and goes on when it answers. What was due meanwhile counts as
// lost, as on a dead path.
func TestStreamWaitsForASignAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, duration)
		w.calls.sameHost = false
		during := 0
		good := netsim.Path{Delay: 20 * ms}
		w.both(good)
		o := w.run(t, t.Context(), func() {
			time.Sleep(10 * time.Second)
			w.up(netsim.Path{Delay: 20 * ms, Drop: func(b []byte) bool { rtpOf(&during)(b); return true }})
			time.Sleep(8 * time.Second)
			w.both(good)
		})
		if during > 155 {
			t.Errorf("%d packets went into the silence, want 2 s of them from the last line that told of arrivals", during)
		}
		m := stream.Measure(o.Calls[0].Up.Trace, buffer)
		if up := o.Calls[0].Up; m.Sent < packets-20 || m.Lost < 385 || m.Lost > 405 || up.Held != 0 {
			t.Errorf("%d of %d lost in a silence of 8 s, %d held back, want some 400 and nobody called busy", m.Lost, m.Sent, up.Held)
		}
	})
}

// The way down is dead and the way up is good: the responder's report of arrivals is the
// sign, and the way up is measured to its end.
func TestStreamGoesOnWhereTheFarEndTellsWhatArrives(t *testing.T) {
	for name, dieAt := range map[string]time.Duration{"from the start": 0, "on the way": 12 * time.Second} {
		for _, sameHost := range []bool{true, false} {
			if !sameHost && dieAt == 0 {
				continue // a stranger's word alone is not enough
			}
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, duration)
					w.calls.sameHost = sameHost
					w.both(netsim.Path{Delay: 20 * ms})
					if dieAt == 0 {
						w.down(netsim.Path{Dead: true})
					}
					o := w.run(t, t.Context(), func() { time.Sleep(dieAt); w.down(netsim.Path{Dead: true}) })
					want(t, "up", o.Calls[0].Up, packets, packets)
				})
			})
		}
	}
}

// sleepOnce is a sleeper of a computer that stands still once, for a while.
func sleepOnce(at, still time.Duration) stamp.Sleeper {
	began, done := stamp.Now(), false
	return func(until time.Duration) {
		stamp.SleepPlain(until)
		if !done && stamp.Now()-began >= at {
			done = true
			time.Sleep(still)
		}
	}
}

// For a computer that stood still for seconds "loss up" was reported: what it did not send
// in time is its own fault.
func TestStandstillIsNoLoss(t *testing.T) {
	for _, still := range []time.Duration{300 * ms, 1500 * ms, 3 * time.Second, 5 * time.Second, 12 * time.Second} {
		for name, at := range map[string]time.Duration{"in the middle": 14 * time.Second, "at the end": 31*time.Second - 100*ms} {
			t.Run(still.String()+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, duration)
					w.both(netsim.Path{Delay: 20 * ms})
					w.calls.sleep = sleepOnce(at-time.Second, still)
					o := w.run(t, t.Context(), nil)
					up := o.Calls[0].Up
					m := stream.Measure(up.Trace, buffer)
					if m.Lost != 0 || m.Reordered != 0 || m.Sent+up.SentLate != packets {
						t.Errorf("%d sent, %d too late, %d lost, %d reordered", m.Sent, up.SentLate, m.Lost, m.Reordered)
					}
					if name == "in the middle" {
						if want := max(0, int((still-wire.TooLate)/stream.PacketTime)); up.SentLate < want-2 || up.SentLate > want+2 {
							t.Errorf("%d packets were too late, want some %d", up.SentLate, want)
						}
						if still > stream.PacketTime && up.Bunched == 0 {
							t.Error("no packet left together with the next")
						}
					}
					if down := stream.Measure(o.Calls[0].Down.Trace, buffer); down.Lost != 0 {
						t.Errorf("%d lost down", down.Lost)
					}
				})
			})
		}
	}
}

// The same for the responder: its stamps show it.
func TestStandstillOfTheResponderIsNoLoss(t *testing.T) {
	for _, still := range []int{0, 40, 150, 400} { // packets
		var left []wire.Departure
		for i := range 1000 {
			at := time.Duration(i) * 20 * ms
			if i >= 300 && i < 300+still {
				at = time.Duration(300+still) * 20 * ms
			}
			left = append(left, wire.Departure{Seq: int64(i), Sent: 5*time.Hour + at})
		}
		s := pace(latenessOf(left, 1000, 20*ms), 20*ms)
		if want := max(0, still-100); len(s.late) != want || want > 0 && (s.late[0] != 300 || s.late[want-1] != int64(299+want)) {
			t.Errorf("standstill of %d packets: %d late, want %d from 300 on", still, len(s.late), want)
		}
		if want := min(max(0, still-1), 100); s.bunched < want-2 || s.bunched > want {
			t.Errorf("standstill of %d packets: %d bunched, want %d", still, s.bunched, want)
		}
	}
	var late Direction
	late.fill(3, nil, sending{late: []int64{0, 1, 2}})
	if late.Sent != 0 || late.SentLate != 3 {
		t.Errorf("all late: %+v", late)
	}
}

// One packet of the responder, overheard and sent again in its name, costs neither memory
// nor the other packets.
func TestRepeatedPacketDownKeepsNothingOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 5*time.Second)
		w.both(netsim.Path{Delay: 20 * ms})
		var once atomic.Pointer[[]byte]
		w.down(netsim.Path{Delay: 20 * ms, Drop: func(b []byte) bool {
			if once.Load() == nil && wire.IsRTP(b) {
				once.Store(new(bytes.Clone(b)))
			}
			return false
		}})
		o := w.run(t, t.Context(), func() {
			time.Sleep(time.Second)
			for range 7000 {
				_ = w.far.conn.Write(*once.Load(), agentAt)
			}
		})
		want(t, "down", o.Calls[0].Down, 250, 250)
		if n := len(o.Calls[0].Down.Arrivals); n > stream.MostCopies(250) {
			t.Errorf("%d arrivals are kept, at most %d", n, stream.MostCopies(250))
		}
	})
}

// A responder that stood still answers only afterwards what reached it: packets that were
// held back meanwhile are no loss of the way up.
func TestStandstillOfTheResponderIsNoLossUp(t *testing.T) {
	for _, sameHost := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, duration)
			w.calls.sameHost = sameHost
			w.both(netsim.Path{Delay: 20 * ms})
			o := w.run(t, t.Context(), func() {
				time.Sleep(10 * time.Second)
				w.far.still(4 * time.Second)
			})
			up := o.Calls[0].Up
			m := stream.Measure(up.Trace, buffer)
			if m.Lost != 0 || m.Sent+up.Held != packets || up.Held < 50 || up.Held > 110 {
				t.Errorf("%d sent, %d held back, %d lost, want a second or two held back and none lost", m.Sent, up.Held, m.Lost)
			}
		})
	}
}
