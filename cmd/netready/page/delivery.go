package page

import (
	"context"
	"net/http"
	"sync/atomic"
)

// Upload is the progress of sending a result to its responder, as the page shows it.
type Upload struct {
	State      string `json:"state"` // one of the Runner's; "": nothing is to be said
	Text       string `json:"text"`
	Trouble    bool   `json:"trouble"`     // it is not as the user wants it
	MayDecline bool   `json:"may_decline"` // it can still be kept from being sent
}

// A Delivery is the way of one run's result to its responder. Runner and page share it; a
// nil one goes nowhere.
type Delivery struct {
	show     func(Upload)
	then     func(context.Context)
	declined atomic.Bool
}

// Tell shows the progress.
func (d *Delivery) Tell(u Upload) {
	if d != nil && d.show != nil {
		d.show(u)
	}
}

// Then says what is to be done once the result is shown. The Runner calls it before it
// returns. The end of the context is that of the server, or the beginning of another run.
func (d *Delivery) Then(send func(context.Context)) {
	if d != nil {
		d.then = send
	}
}

// Declined says that the user does not want the result to be sent after all.
func (d *Delivery) Declined() bool { return d != nil && d.declined.Load() }

// newDelivery is that of the run with this number; the caller holds a.mu.
func (a *currentTest) newDelivery(run int) *Delivery {
	return &Delivery{show: func(u Upload) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.now.Run == run {
			a.now.Upload = u
			a.tell()
		}
	}}
}

// deliver sends the result of the run that has ended. Another run ends it: they would
// measure each other.
func (a *currentTest) deliver(ctx context.Context, d *Delivery) {
	if d.then == nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a.mu.Lock()
	isLast := a.delivery == d
	if isLast {
		a.cancelDelivery = cancel
	}
	a.mu.Unlock()
	if isLast { // the next run sends both
		d.then(ctx)
	}
}

// decline keeps the result of the run from being sent.
func (a *currentTest) decline() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.delivery == nil || !a.now.Upload.MayDecline {
		return
	}
	a.delivery.declined.Store(true)
	a.now.Upload = Upload{State: "declined", Text: "The result is not sent. It stays on this computer."}
	a.tell()
}

func (s *Server) decline(w http.ResponseWriter, _ *http.Request) {
	s.test.decline()
	answer(w, struct{}{})
}
