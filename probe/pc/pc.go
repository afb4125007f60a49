// Package pc watches this machine during a call: load and pauses falsify the figures of a
// call as a bad network does, but are not the network's fault.
package pc

import (
	"context"
	"time"

	"netready/probe/internal/stamp"
)

const (
	// sampleEvery is how often the system's counters are read.
	sampleEvery = 500 * time.Millisecond
	// stopped is how late a reading has to be before this program counts as not running: a
	// busy machine still wakes it within some milliseconds.
	stopped = time.Second
	// stepped is how far the wall clock has to move against the monotonic one before it counts
	// as set: on Windows it moves in steps of up to 15.6 ms.
	stepped = 50 * time.Millisecond
)

// A sample is one reading. Counters go up from reading to reading.
type sample struct {
	at        time.Duration // on the clock of package stamp
	cores     []core        // empty: not told
	pressure  *float64      // seconds in which a runnable program waited (PSI, cpu some)
	throttled *float64      // seconds in which a quota kept this program waiting
	suspended time.Duration // that the machine has slept so far
	offset    time.Duration // wall clock - monotonic clock
	traffic   *traffic
}

// core is what a processor has done so far, in seconds.
type core struct{ busy, steal, total float64 }

// traffic is what an interface has carried so far.
type traffic struct {
	sent, received float64 // bytes
	errors, drops  int64   // packets, both directions
}

// totals are counters that are read only before and after the call.
type totals struct {
	udp     *udpErrors
	traffic *traffic
}

// udpErrors are datagrams that the system dropped, of all programs.
type udpErrors struct{ send, receive int64 }

// A Watch runs from Start to Stop.
type Watch struct {
	stop    context.CancelFunc
	over    chan struct{}
	device  string
	before  totals
	samples []sample
}

// Start begins to watch, with the traffic of the interface of that name.
func Start(ctx context.Context, device string) *Watch {
	ctx, stop := context.WithCancel(ctx)
	w := &Watch{stop: stop, over: make(chan struct{}), device: device}
	w.before = totals{readUDP(), readTraffic(ctx, device)}
	go func() {
		defer close(w.over)
		w.run(ctx)
	}()
	return w
}

func (w *Watch) run(ctx context.Context) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		w.samples = append(w.samples, w.read(ctx))
		select {
		case <-ctx.Done():
			w.samples = append(w.samples, w.read(context.WithoutCancel(ctx)))
			return
		case <-tick.C:
		}
	}
}

func (w *Watch) read(ctx context.Context) sample {
	s := sample{at: stamp.Now(), offset: stamp.WallOffset(), suspended: suspended(), cores: readCores(ctx)}
	s.pressure, s.throttled = readPressure(), readThrottled()
	if trafficIsCheap {
		s.traffic = readTraffic(ctx, w.device)
	}
	return s
}

// Stop ends the watch and returns what was seen.
func (w *Watch) Stop(ctx context.Context) *Seen {
	w.stop()
	<-w.over
	s := &Seen{samples: w.samples, before: w.before}
	s.after = totals{readUDP(), readTraffic(context.WithoutCancel(ctx), w.device)}
	s.powerSaver, s.onBattery = power()
	return s
}
