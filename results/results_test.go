package results_test

import (
	"testing"

	"netready/results"
)

// A responder that has restarted with another key may be told of the old one (sister_keys):
// results signed with the old key wait, and are not removed.
func TestAResultOfAKeyThatIsNotKnownYetWaits(t *testing.T) {
	if results.IsFinal(results.Foreign) || results.IsFinal(results.DayFull) || results.IsFinal(results.Unsigned) {
		t.Error("what may be taken later is refused for good")
	}
	if !results.IsFinal(results.Edited) || !results.IsFinal(results.WrongClock) {
		t.Error("what is never taken waits")
	}
}
