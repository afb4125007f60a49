package page

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"testing"
	"time"
)

// The requests of one token leave a place for another's, and a request whose time ends
// while it waits gets an answer.
func TestOneReaderLeavesAPlaceForOthers(t *testing.T) {
	h := &handler{looks: make(chan struct{}, looksAtOnce), turns: newTurns()}
	lane := func(id string) uint64 { return maphash.String(h.turns.seed, id) % uint64(len(h.turns.of)) }
	other := "other"
	for n := 0; lane(other) == lane("hog"); n++ {
		other = fmt.Sprint(n)
	}
	begun, release := make(chan struct{}, 9), make(chan struct{})
	defer close(release)
	for range 9 {
		go func() {
			_, _ = h.inTurn(t.Context(), "hog", func() (*sum, error) {
				begun <- struct{}{}
				<-release
				return nil, nil
			})
		}()
	}
	<-begun
	if len(h.looks) != 1 {
		t.Errorf("one token has %d places", len(h.looks))
	}
	soon, end := context.WithTimeout(t.Context(), 20*time.Second)
	defer end()
	if _, err := h.inTurn(soon, other, func() (*sum, error) { return nil, nil }); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.inTurn(ended, "hog", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("at the end of its time: %v", err)
	}
}
