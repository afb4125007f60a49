//go:build soak && linux

package responder_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"netready/internal/seed"
	"netready/probe/bandwidth"
	"netready/probe/call"
	"netready/probe/internal/control"
	"netready/probe/invite"
	"netready/probe/responder"
)

// soakFor is the variable that says how long the soak lasts: an hour without it.
const soakFor = "NETREADY_SOAK"

// A holding is what a program holds while it serves nobody.
type holding struct {
	goroutines, descriptors int
	heap, resident          float64 // MB
}

// TestSoakResponder has agents come and go for an hour, some of which vanish,
// and prints what is held at the start, in the middle and at the end: it may not
// grow.
func TestSoakResponder(t *testing.T) {
	lasts := time.Hour
	if asked := os.Getenv(soakFor); asked != "" {
		var err error
		if lasts, err = time.ParseDuration(asked); err != nil {
			t.Fatalf("%s=%q: give a duration such as 10m", soakFor, asked)
		}
	}
	s := begin(t, responder.Limits{})
	var runs, failed atomic.Int64
	random := rand.New(rand.NewPCG(seed.Of(t), 0))
	load := func(d time.Duration) holding {
		agentsFor(t, s.Invite(), d, random, &runs, &failed)
		return quiet(t, s)
	}
	load(min(20*time.Second, lasts/4)) // objects that are made once are made now
	var held []holding
	for i, name := range []string{"start", "middle", "end"} {
		d := lasts / 2
		if i == 0 {
			d = min(10*time.Second, lasts/4)
		}
		h := load(d)
		t.Logf("%-6s after %6d runs, %d of them failed: %3d goroutines, %3d descriptors, heap %5.1f MB, resident %5.1f MB",
			name, runs.Load(), failed.Load(), h.goroutines, h.descriptors, h.heap, h.resident)
		held = append(held, h)
	}
	first, last := held[0], held[2]
	if last.goroutines > first.goroutines+5 || last.descriptors > first.descriptors+5 || last.heap > 1.2*first.heap+2 || last.resident > 1.3*first.resident+10 {
		t.Errorf("it grew from %+v to %+v", first, last)
	}
	if failed.Load() > runs.Load()/100 {
		t.Errorf("%d of %d runs failed", failed.Load(), runs.Load())
	}
}

// agentsFor has agents come and go for a while.
func agentsFor(t *testing.T, to invite.Invite, d time.Duration, random *rand.Rand, runs, failed *atomic.Int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	for range 6 {
		own := rand.New(rand.NewPCG(random.Uint64(), 1))
		wg.Go(func() {
			for ctx.Err() == nil {
				err := soakRun(ctx, to, own)
				busy, waits := errors.AsType[*control.Busy](err)
				switch {
				case waits:
					time.Sleep(min(busy.After, 5*time.Second))
				case err != nil && ctx.Err() == nil:
					failed.Add(1)
					t.Log(err)
					fallthrough
				default:
					runs.Add(1)
				}
			}
		})
	}
}

// soakRun is one agent's work: one or more calls, perhaps a bandwidth test, and a goodbye
// or none.
func soakRun(ctx context.Context, to invite.Invite, random *rand.Rand) error {
	length := time.Duration(500+random.IntN(2000)) * time.Millisecond
	session, err := call.Open(ctx, to, call.Settings{Duration: length, Calls: 1 + random.IntN(8)})
	if err != nil {
		return err
	}
	defer session.Close()
	if random.IntN(4) == 0 { // it is stopped in the middle
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, length/2)
		defer cancel()
		_, _ = session.Run(ctx, call.Plan{})
		return nil
	}
	if _, err = session.Run(ctx, call.Plan{}); err == nil && random.IntN(4) == 0 {
		bandwidth.Run(ctx, session.Control(), bandwidth.Settings{For: 100 * time.Millisecond})
	}
	return err
}

// quiet waits until nobody is connected, and returns what is held then.
func quiet(t *testing.T, s *responder.Server) (h holding) {
	t.Helper()
	for range 900 {
		if stats := s.Stats(); stats.Sessions == 0 && stats.Known+stats.Strangers == 0 && stats.Taken == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if stats := s.Stats(); stats.Sessions > 0 || stats.Taken > 0 {
		t.Errorf("nobody is there, and it holds %+v", stats)
	}
	time.Sleep(5 * time.Second) // sessions whose agents are gone are forgotten
	for range 3 {
		debug.FreeOSMemory()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.goroutines, h.heap = runtime.NumGoroutine(), float64(m.HeapAlloc)/(1<<20)
	h.descriptors, h.resident = descriptors(), resident()
	return h
}

// descriptors is how many this program has open.
func descriptors() int {
	all, _ := os.ReadDir("/proc/self/fd")
	return len(all)
}

// resident is the memory that this program holds, in MB.
func resident() float64 {
	b, _ := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(string(fields[1]))
	return float64(pages*os.Getpagesize()) / (1 << 20)
}
