package page

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"netready/probe/facts"

	"netready/probe"
	"netready/report"
	"netready/thresholds"
)

// Phases of the page.
const (
	phaseIdle     = "idle"
	phaseRunning  = "running"
	phaseStopping = "stopping"
	phaseDone     = "done"
	phaseFailed   = "failed"
)

// state is all that a page needs to draw itself: the same for every tab, and
// after a reload.
type state struct {
	Phase  string      `json:"phase"`
	Run    int         `json:"run"` // counts the runs of this process
	Asked  asked       `json:"asked"`
	Step   string      `json:"step"`
	Text   string      `json:"text"`
	Done   float64     `json:"done"`
	LeftMS int64       `json:"left_ms"`
	Rows   []judgedRow `json:"rows"`
	Live   []second    `json:"live"`
	Result string      `json:"result"` // its run id
	Error  string      `json:"error"`
	Upload Upload      `json:"upload"`
}

// asked is Options without the secret.
type asked struct {
	Region       string  `json:"region"`
	Organization string  `json:"organization"`
	Location     string  `json:"location"`
	DurationS    float64 `json:"duration_s"`
	Calls        int     `json:"calls"`
}

// judgedRow is a row with its verdict, so that no script decides on one.
type judgedRow struct {
	facts.PortRow

	Level thresholds.Level `json:"level"`
}

func judgedRows(rows []facts.PortRow) []judgedRow {
	list := make([]judgedRow, len(rows))
	for i, row := range rows {
		list[i] = judgedRow{row, thresholds.RowLevel(row)}
	}
	return list
}

// second is a probe.Live for the page.
type second struct {
	Second int               `json:"second"`
	Up     *facts.SecondSide `json:"up"`
	Down   *facts.SecondSide `json:"down"`
	RTTMS  *float64          `json:"rtt_ms"`
}

// errBusy answers a second Start: two runs at once would measure each other.
var errBusy = errors.New("a test is running already; wait for its end or press Stop")

// currentTest is the assessment that runs, or the last one; only one may run.
type currentTest struct {
	run Runner

	mu       sync.Mutex // guards the rest
	now      state
	at       time.Time // of the last event
	cancel   context.CancelFunc
	ended    chan struct{} // closed when the run is over and its result has been sent, or not
	delivery *Delivery
	// cancelDelivery ends the sending of the last result; nil: there was none.
	cancelDelivery context.CancelFunc
	watchers       map[chan struct{}]bool
}

func newCurrentTest(run Runner) *currentTest {
	return &currentTest{run: run, now: state{Phase: phaseIdle}, watchers: map[chan struct{}]bool{}}
}

// start begins a run; ctx is that of the server, not of the request. When the run has
// ended, ended is called with its outcome, before any page hears of it.
func (a *currentTest) start(ctx context.Context, o Options, ended func(report.Report, error)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cancel != nil {
		return errBusy
	}
	if a.cancelDelivery != nil {
		a.cancelDelivery()
	}
	before := a.ended
	server := ctx
	ctx, a.cancel = context.WithCancel(ctx)
	a.ended = make(chan struct{})
	a.now = state{
		Phase: phaseRunning,
		Run:   a.now.Run + 1,
		Asked: asked{o.Region, o.Organization, o.Location, o.Duration.Seconds(), o.Calls},
		Text:  "Starting",
	}
	a.at = time.Now()
	a.tell()
	o.Delivery = a.newDelivery(a.now.Run)
	a.delivery = o.Delivery
	go func(done chan struct{}) {
		defer close(done)
		if before != nil {
			<-before // what was still being sent
		}
		a.runToEnd(ctx, o, ended)
		a.deliver(server, o.Delivery)
	}(a.ended)
	return nil
}

func (a *currentTest) runToEnd(ctx context.Context, o Options, tell func(report.Report, error)) {
	rep, err := a.run(ctx, o, a.progress)
	tell(rep, err)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cancel()
	a.cancel = nil
	a.now.LeftMS = 0
	if err != nil {
		a.now.Phase, a.now.Error = phaseFailed, err.Error()
	} else {
		a.now.Phase, a.now.Done, a.now.Result = phaseDone, 1, rep.RunID
	}
	a.tell()
}

func (a *currentTest) progress(e probe.Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := &a.now
	a.at = time.Now()
	n.Step, n.Text, n.Done, n.LeftMS = e.Step, e.Text, e.Done, e.Left.Milliseconds()
	if e.Rows != nil {
		n.Rows = judgedRows(e.Rows)
	}
	if e.Live != nil {
		// A new slice each time, since a snapshot may be being written.
		n.Live = append(slices.Clip(n.Live), second{e.Live.Second, e.Live.Up, e.Live.Down, e.Live.RTTMS})
	}
	a.tell()
}

// snapshot is the state at this moment.
func (a *currentTest) snapshot() state {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now
	if now.LeftMS > 0 {
		now.LeftMS = max(now.LeftMS-time.Since(a.at).Milliseconds(), 0)
	}
	return now
}

// stop ends a run early; what was measured is kept.
func (a *currentTest) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cancel == nil {
		return
	}
	a.cancel()
	a.now.Phase, a.now.Text = phaseStopping, "Stopping: keeping what was measured"
	a.tell()
}

// wait returns when nothing runs any more.
func (a *currentTest) wait() {
	a.mu.Lock()
	ended := a.ended
	a.mu.Unlock()
	if ended != nil {
		<-ended
	}
}

func (a *currentTest) running() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cancel != nil
}

// watch returns a channel that has something in it whenever the state has
// changed since it was last read.
func (a *currentTest) watch() (changed chan struct{}, stop func()) {
	changed = make(chan struct{}, 1)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.watchers[changed] = true
	return changed, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.watchers, changed)
	}
}

// tell wakes the watchers; the caller holds mu.
func (a *currentTest) tell() {
	for c := range a.watchers {
		select {
		case c <- struct{}{}:
		default: // it has not read the last message yet
		}
	}
}
