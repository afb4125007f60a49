package probe

import (
	"errors"
	"testing"
)

func TestMostThatHold(t *testing.T) {
	for _, c := range []struct{ most, room, steps int }{
		{1, 0, 1}, {1, 1, 1}, {1, 9, 1}, {2, 1, 2}, {2, 2, 2}, {8, 8, 4}, {10, 10, 5}, {10, 0, 1}, {12, 5, 6}, {200, 200, 9}, {200, 199, 16}, {200, 11, 8}, {64, 63, 12},
	} {
		tried := 0
		good, err := mostThatHold(c.most, func(calls int) (bool, error) {
			tried++
			if calls < 1 || calls > c.most {
				t.Fatalf("%+v: %d calls were tried", c, calls)
			}
			return calls <= c.room, nil
		})
		if want := min(c.most, c.room); err != nil || good != want || tried > c.steps {
			t.Errorf("%+v: %d good after %d steps (%v), want %d after %d at most", c, good, tried, err, want, c.steps)
		}
	}
}

func TestMostThatHoldKeepsWhatItKnows(t *testing.T) {
	full := errors.New("the responder is full")
	good, err := mostThatHold(100, func(calls int) (bool, error) {
		if calls > 8 {
			return false, full
		}
		return true, nil
	})
	if good != 8 || !errors.Is(err, full) {
		t.Errorf("%d, %v; want 8, and that the responder is full", good, err)
	}
}
