package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"netready/probe"
	"netready/probe/invite"
	"netready/report"
	"netready/results/send"
)

// uploadFlags say what happens to a result in addition to its files.
type uploadFlags struct {
	Upload    bool `help:"Send the result to the responder after the run, which stores it for whoever gave you the invite. It is kept until the responder has it: what could not be sent is sent at the start of the next run with an invite to the same responder, before anything is measured, or after it. Without it, results are sent only where the maker of the invite asks for them, which is said before the run."`
	NoUpload  bool `help:"Send no result, even where the maker of the invite asks for it."`
	Anonymous bool `help:"Leave this computer's name and addresses, those of its network and the name of its user out of the result, in its files and in what is sent."`
}

// consent is what the user said of sending.
type consent int

const (
	asInvited consent = iota // nothing: what the maker of the invite asks for is done, and said
	yes
	no
)

func (f uploadFlags) consent() consent {
	switch {
	case f.NoUpload:
		return no
	case f.Upload:
		return yes
	}
	return asInvited
}

// A news is one message about the sending.
type news struct {
	state uploadState
	text  string
}

// uploadState is the progress of the sending.
type uploadState string

const (
	willSend   uploadState = "announced" // after the run
	asked      uploadState = "asked"     // the same, because the maker of the invite asks for it
	nowhere    uploadState = "nowhere"   // there is nobody to send to
	underWay   uploadState = "sending"
	wasSent    uploadState = "sent"
	waits      uploadState = "waiting" // on disk, until the next run with an invite to the same responder
	wasRefused uploadState = "refused"
	notKept    uploadState = "not_kept" // it could not be kept, so it is not sent
)

// isTrouble says whether the user has to hear of it although he asked for quiet.
func (s uploadState) isTrouble() bool {
	return s == nowhere || s == waits || s == wasRefused || s == notKept
}

// A delivery takes the results of a run home. Whatever becomes of it, the run is as good
// as without.
type delivery struct {
	consent func() consent
	named   invite.Invite   // with --responder; zero: none
	far     []invite.Invite // of the responders that the run may go to, where they are known
	box     send.Outbox
	noBox   error // why there is none
	tell    func(news)

	mu     sync.Mutex // guards the rest
	home   probe.Home // of the run under way; zero: no responder granted it
	unsent string     // run ID of a result that was kept and is to be sent; "": none
}

// newDelivery is the delivery of the runs of one start of the program.
func newDelivery(consent func() consent, plan probe.Plan, tell func(news)) *delivery {
	d := &delivery{consent: consent, tell: tell}
	if len(plan.Responders) == 1 && len(plan.TURN) == 0 {
		d.named = plan.Responders[0]
	}
	if len(plan.TURN) == 0 {
		d.far = plan.Responders
		if len(d.far) == 0 {
			d.far = plan.Region.Responders
		}
	}
	d.box, d.noBox = send.Folder()
	return d
}

func (d *delivery) say(state uploadState, format string, args ...any) {
	d.tell(news{state, fmt.Sprintf(format, args...)})
}

// begin forgets the run before.
func (d *delivery) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.home, d.unsent = probe.Home{}, ""
}

// granted hears which responder granted the run, and says what will be sent there.
func (d *delivery) granted(home probe.Home) {
	d.mu.Lock()
	d.home = home
	d.mu.Unlock()
	whom := "whoever runs it"
	if home.Org != "" {
		whom = home.Org
	}
	switch to := home.To.Host; {
	case d.consent() == no:
	case d.consent() == yes && !home.Stores:
		d.say(nowhere, "%s stores no results, so this one is not sent: ask whoever gave you the invite where its files should go", to)
	case d.consent() == yes:
		d.say(willSend, "the result will be sent to %s, which stores it for %s", to, whom)
	case home.Wanted:
		d.say(asked, "whoever made the invite asks for the result: after the run it will be sent to %s, which stores it for %s. It holds what the text file shows", to, whom)
	}
}

// goesTo is where the result of the run goes, zero if nowhere.
func (d *delivery) goesTo() (to invite.Invite, stores bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.home.To.Host != "" {
		return d.home.To, d.home.Stores
	}
	return d.named, d.named.Host != "" // it did not answer, and may the next time
}

// wanted says whether the result is to be sent.
func (d *delivery) wanted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.consent() == yes || d.consent() == asInvited && d.home.Wanted
}

// keep puts the result on disk until it is sent.
func (d *delivery) keep(rep report.Report) {
	if !d.wanted() {
		return
	}
	to, stores := d.goesTo()
	switch {
	case to.Host == "":
		d.say(nowhere, "the result is not sent: no responder took part in the run, and only a responder stores results. Give an invite with --responder")
		return
	case !stores:
		return // said before the run
	}
	var document bytes.Buffer
	err := d.noBox
	if err == nil {
		err = report.WriteJSON(&document, rep)
	}
	if err == nil {
		err = d.box.Add(rep.RunID, send.AddressOf(to), document.Bytes())
	}
	if err != nil {
		d.say(notKept, "the result is not sent: %v", err)
		return
	}
	d.mu.Lock()
	d.unsent = rep.RunID
	d.mu.Unlock()
}

// Bounds of sending before a run, for which somebody waits.
const (
	beforeRun = 5 * time.Second
	// settling is until nothing more is on its way of what was cut off, at most 64 KiB: the
	// slowest line that is measured, of 0.25 Mbit/s, takes 2 s.
	settling = 2 * time.Second
)

// sendEarlier sends what waits of earlier runs before the first one begins, so that they do
// not measure each other. What does not go within a moment goes after the run, which says so.
func (d *delivery) sendEarlier(ctx context.Context) {
	if d.consent() == no || d.noBox != nil {
		return
	}
	limited, cancel := context.WithTimeoutCause(ctx, beforeRun, errors.New("the run begins"))
	defer cancel()
	for _, to := range d.far {
		if limited.Err() != nil || len(d.box.Waiting(to)) == 0 {
			continue
		}
		d.say(underWay, "sending results of earlier runs to %s", to.Host)
		all := d.box.Once(limited, to, nil)
		d.tellOutcomes(to.Host, slices.DeleteFunc(all, func(o send.Outcome) bool { return o.State == send.Waiting }))
	}
	if limited.Err() != nil {
		select {
		case <-ctx.Done():
		case <-time.After(settling):
		}
	}
}

// lastMoment is how long the sending of a run that was stopped may take: whoever pressed
// Ctrl-C waits for the end.
const lastMoment = 3 * time.Second

// send sends the result, and those of earlier runs that wait for the same responder.
func (d *delivery) send(ctx context.Context) {
	to, stores := d.goesTo()
	if d.consent() == no || to.Host == "" || !stores || d.noBox != nil || len(d.box.Waiting(to)) == 0 {
		return
	}
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(context.WithoutCancel(ctx), lastMoment, context.Cause(ctx))
		defer cancel()
	}
	d.say(underWay, "sending to %s", to.Host)
	var all []send.Outcome
	d.whileWaiting(to.Host, func() { all = d.box.Send(ctx, to, nil) })
	d.tellOutcomes(to.Host, all)
}

// stillEvery is the time between two messages that the sending still goes on.
const stillEvery = 10 * time.Second

// whileWaiting says again and again that the sending goes on, until it has ended.
func (d *delivery) whileWaiting(host string, sending func()) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		sending()
	}()
	tick := time.NewTicker(stillEvery)
	defer tick.Stop()
	for waited := stillEvery; ; waited += stillEvery {
		select {
		case <-over:
			return
		case <-tick.C:
			d.say(underWay, "still sending to %s after %v: the line is slow, or the responder answers late. You can stop at any time: what was not sent is sent with the next run", host, waited)
		}
	}
}

// tellOutcomes says what happened to the result of the run and, in one line each, of the
// others.
func (d *delivery) tellOutcomes(host string, all []send.Outcome) {
	d.mu.Lock()
	runID := d.unsent
	d.mu.Unlock()
	earlier := map[send.State]int{}
	for _, o := range all {
		switch {
		case o.State == send.Refused:
			d.say(wasRefused, "%s refused the result of run %s (%s): %s. It is not sent again; its files stay where they were written", host, o.RunID, o.Code, o.Reason)
		case o.RunID != runID:
			earlier[o.State]++
		case o.State == send.Waiting:
			d.say(waits, "the result was not sent to %s: %s. It is kept, and sent when netready runs again with an invite to this responder", host, o.Reason)
		default:
			d.say(wasSent, "the result was sent to %s", host)
		}
	}
	if n := earlier[send.Sent]; n > 0 {
		d.say(wasSent, "results of earlier runs that were sent to %s: %d", host, n)
	}
	if n := earlier[send.Waiting]; n > 0 {
		d.say(waits, "results of earlier runs that still wait to be sent to %s: %d", host, n)
	}
}
