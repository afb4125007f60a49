package results_test

import (
	"testing"

	"netready/results"
)

// A responder that has started again with another key may be told of the one before
// (sister_keys): what was signed with that one waits, and is not removed.
func TestAResultOfAKeyThatIsNotKnownYetWaits(t *testing.T) {
	if results.IsFinal(results.Foreign) || results.IsFinal(results.DayFull) || results.IsFinal(results.Unsigned) {
		t.Error("what may be taken later is refused for good")
	}
	if !results.IsFinal(results.Edited) || !results.IsFinal(results.WrongClock) {
		t.Error("what is never taken waits")
	}
}
