package probe

import (
	"math/bits"
	"slices"
	"sync"
	"time"

	"netready/probe/facts"
)

// Steps of a run, as Event.Step names them.
const (
	StepFirewall  = "firewall"
	StepCall      = "call"
	StepLate      = "late"
	StepBandwidth = "bandwidth"
	StepUnderLoad = "under load"
	StepCapacity  = "capacity"
	StepSilence   = "silence"
	StepDone      = "done"
)

// How long the steps usually take. The ports take longer where a firewall drops
// packets: then the progress bar waits. It never goes backwards.
const (
	usualFirewall  = 3 * time.Second
	usualLate      = 2 * time.Second
	usualBandwidth = 6 * time.Second
	usualSilence   = 30 * time.Second
	usualUnderLoad = 2 * (ahead + loadedFor + callEnds)
	usualStep      = capacityCall + 3*time.Second // with its session, and the wait for late packets
)

// A tracker turns the steps of a run into events.
type tracker struct {
	mu    sync.Mutex // guards the rest, and keeps events one at a time
	watch func(Event)
	asked time.Duration // length of the call
	parts []span
	last  float64
	rows  []facts.PortRow
	wait  string // what the run waits for, instead of a step's text
}

// span is the usual length of a step.
type span struct {
	step, text string
	length     time.Duration
}

func newTracker(p Plan) *tracker {
	t := &tracker{watch: p.Progress, asked: p.Duration}
	if p.asks(facts.PartFirewall) || p.asks(facts.PartNAT) || p.asks(facts.PartPing) {
		t.parts = append(t.parts, span{StepFirewall, "Checking ports and NAT", usualFirewall})
	}
	if p.asks(facts.PartVoice) {
		t.parts = append(t.parts, span{StepCall, "Placing the test call", p.Duration}, span{StepLate, "Waiting for late packets", usualLate})
	}
	if p.asks(facts.PartBandwidth) {
		t.parts = append(t.parts, span{StepBandwidth, "Measuring the bandwidth", usualBandwidth})
	}
	if p.UnderLoad {
		t.parts = append(t.parts, span{StepUnderLoad, "Placing the test call while the line is full", usualUnderLoad})
	}
	if p.CallsMax > 0 {
		steps := 2*bits.Len(uint(p.CallsMax)) - 1 // up, and down again by halves
		t.parts = append(t.parts, span{StepCapacity, "Adding calls until a limit breaks", time.Duration(steps) * usualStep})
	}
	if p.asks(facts.PartNAT) && !p.asks(facts.PartVoice) {
		t.parts = append(t.parts, span{StepSilence, "Waiting whether the NAT keeps a silent way open", usualSilence})
	}
	return t
}

// at says that a step has run for so long.
func (t *tracker) at(step string, ran time.Duration, live *Live) {
	if t.watch == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	event := Event{Step: step, Live: live}
	var before, whole time.Duration
	for _, s := range t.parts {
		if s.step == step {
			before = whole + min(ran, s.length)
			event.Text = s.text
		}
		whole += s.length
	}
	if t.wait != "" {
		event.Text = t.wait
	}
	if step == StepDone {
		before, event.Text = whole, "Done"
	}
	if whole > 0 {
		t.last = max(t.last, float64(before)/float64(whole))
	}
	event.Done = t.last
	event.Left = time.Duration(float64(whole) * (1 - t.last))
	if t.wait != "" {
		event.Left = 0 // not known
	}
	if step == StepFirewall {
		event.Rows = t.rows
	}
	t.watch(event)
}

// call reports a call that began at a moment, with its provisional figures.
func (t *tracker) call(began time.Time, live *Live) {
	step, ran := StepCall, time.Since(began)
	if ran > t.asked {
		step, ran = StepLate, ran-t.asked
	}
	t.at(step, ran, live)
}

// waiting says what the run waits for, "" that it goes on.
func (t *tracker) waiting(what string) {
	t.mu.Lock()
	t.wait = what
	t.mu.Unlock()
}

// row adds a row of the firewall column that is finished.
func (t *tracker) row(r facts.PortRow, ran time.Duration) {
	t.mu.Lock()
	t.rows = append(slices.Clip(t.rows), r)
	t.mu.Unlock()
	t.at(StepFirewall, ran, nil)
}

// during reports the step twice a second until the returned function is called.
func (t *tracker) during(step string) (stop func()) {
	began := time.Now()
	t.at(step, 0, nil)
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				t.at(step, time.Since(began), nil)
			}
		}
	}()
	return func() { close(quit); <-gone }
}
