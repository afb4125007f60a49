package ping

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"netready/probe/facts"
)

// A tally says how each question ended: with an answer, none in time, or
// that it could not be sent.
type tally struct {
	asked  []Question      // those that were sent, as they ended
	trips  []time.Duration // of those that were answered
	lost   int             // sent, and no answer in time
	unsent map[string]int  // not sent, by the system's words
	noRoom int             // of those, the ones for which this machine's queue was full
	copies *int            // further copies of answers; nil: not counted
}

// answered notes a question with its answer.
func (t *tally) answered(sent, trip time.Duration) {
	t.trips = append(t.trips, trip)
	t.asked = append(t.asked, Question{sent, &trip})
}

// unanswered notes a question that was sent and has no answer in time.
func (t *tally) unanswered(sent time.Duration) {
	t.lost++
	t.asked = append(t.asked, Question{Sent: sent})
}

// failed notes a question that could not be sent. The network did not lose it.
func (t *tally) failed(err error) {
	if t.unsent == nil {
		t.unsent = map[string]int{}
	}
	t.unsent[systemWords(err)]++
	if isNoRoom(err) {
		t.noRoom++
	}
}

// ipNoResources is IP_NO_RESOURCES of Windows' IcmpSendEcho2.
const ipNoResources = syscall.Errno(11006)

// isNoRoom says that this machine's own queue was full: not that there was no way out.
func isNoRoom(err error) bool {
	for _, full := range []error{syscall.ENOBUFS, syscall.ENOMEM, syscall.EAGAIN, ipNoResources} {
		if errors.Is(err, full) {
			return true
		}
	}
	return false
}

// notSent is how many questions could not be sent.
func (t *tally) notSent() int {
	n := 0
	for _, times := range t.unsent {
		n += times
	}
	return n
}

// count is how many questions have had their answer or will have none.
func (t *tally) count() int { return len(t.trips) + t.lost + t.notSent() }

// result summarises the series.
func (t *tally) result(target string) facts.Ping {
	r := facts.Ping{Target: target, Lost: t.lost + t.notSent(), NotSent: t.notSent(), NoRoom: t.noRoom, Duplicates: t.copies}
	summarise(&r, t.trips)
	switch {
	case t.count() == 0:
		r.Reason = "the run ended before an answer could come"
	case t.notSent() == t.count():
		r.Reason = "no echo request could be sent: " + t.failures()
	case t.notSent() > 0:
		r.Reason = fmt.Sprintf("%d of %d echo requests could not be sent and count as lost: %s", t.notSent(), t.count(), t.failures())
	case len(t.trips) == 0:
		r.Reason = fmt.Sprintf("%d echo requests, no answer: many hosts and firewalls drop ICMP, which harms nothing", t.lost)
	}
	return r
}

// failures are the system's words for what could not be sent, each with its number.
func (t *tally) failures() string {
	var all []string
	for words, times := range t.unsent {
		all = append(all, fmt.Sprintf("%s (%d)", words, times))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
