package responder

import (
	"errors"
	"strings"
	"testing"
	"time"

	"netready/probe/internal/control"
	"netready/probe/internal/stamp"
)

// The room shrinks while packets leave late, and grows again when they do not.
func TestRoomFollowsTheHost(t *testing.T) {
	const limit = 50_000
	good, late := Load{Late: 300 * time.Microsecond, Gap: 50 * time.Microsecond}, Load{Late: 15 * time.Millisecond}
	var r room
	step := func(l Load, lent int) int { r.look(l, lent, 0, limit); return r.most(limit) }
	if got := r.most(limit); got != limit {
		t.Errorf("before the first look: %d", got)
	}
	if got := step(late, 20_000); got != limit {
		t.Errorf("after one bad second: %d", got)
	}
	if got := step(late, 20_000); got != 18_000 {
		t.Errorf("after two: %d, want 18000", got)
	}
	for range 40 {
		step(late, r.most(limit))
	}
	if got := r.most(limit); got != fewest {
		t.Errorf("on a host that is late whatever it carries: %d, want %d", got, fewest)
	}
	before := r.most(limit)
	for i := range 120 {
		got := step(good, before)
		if got < before || got > before+max(growth, before/20) {
			t.Fatalf("good second %d: from %d to %d", i, before, got)
		}
		before = got
	}
	if before != limit {
		t.Errorf("after two good minutes: %d", before)
	}
	drops := good
	for range 3 {
		drops.Dropped += 5
		step(drops, 10_000)
	}
	if got := r.most(limit); got != 9000 {
		t.Errorf("where datagrams are lost: %d, want 9000", got)
	}
	if got := step(late, 0); got != limit {
		t.Errorf("with nobody there: %d, want all", got)
	}
	gap := Load{Gap: 3 * time.Millisecond}
	step(gap, 30_000)
	if got := step(gap, 30_000); got != 27_000 {
		t.Errorf("where packets leave long after their stamp: %d", got)
	}
	if got := r.most(400); got != 400 {
		t.Errorf("under a limit that was lowered: %d", got)
	}
	for range 5 {
		r.look(late, 400, 0, 400)
	}
	if got := r.most(400); got != 400 {
		t.Errorf("of a limit below the fewest: %d", got)
	}
}

// What was measured at start is the room of a host until it has shown more; an agent that
// asks for more is not refused when the host has nothing else to do.
func TestRoomBeginsWithWhatWasMeasured(t *testing.T) {
	const limit = 50_000
	for _, test := range []struct{ carries, want int }{{0, limit}, {200_000, limit}, {30_000, 30_000}, {8_000, 8_000}, {7, fewest}} {
		r := room{carries: test.carries}
		if got := r.most(limit); got != test.want {
			t.Errorf("a host that carries %d begins with %d, want %d", test.carries, got, test.want)
		}
		for range 3 {
			if r.look(Load{}, 0, 0, limit); r.most(limit) != test.want {
				t.Errorf("a host that carries %d has %d with nobody there, want %d", test.carries, r.most(limit), test.want)
			}
		}
		seconds := 0
		for ; r.most(limit) < limit && seconds < 100; seconds++ {
			r.look(Load{}, 0, 1, limit)
		}
		if seconds > 6 {
			t.Errorf("a host that carries %d keeps who asks for all waiting for %d s", test.carries, seconds)
		}
		r.look(Load{}, 0, 0, limit)
		for range 120 {
			r.look(Load{}, test.want, 0, limit)
		}
		if got := r.most(limit); got != limit {
			t.Errorf("a host that carries %d and was on time for two minutes has %d", test.carries, got)
		}
	}
}

func TestHostIsMeasured(t *testing.T) {
	got := carries(t.Context())
	t.Logf("this host carries %d packets a second", got)
	if got < fewest {
		t.Errorf("measured %d packets a second, less than any host carries", got)
	}
}

// A host that sends late refuses new agents, says why and when to ask again, and accepts
// them when it is on time again.
func TestLateHostRefusesNewSessions(t *testing.T) {
	t.Parallel()
	s := start(t, Local())
	many := request
	many.Calls, many.Duration = 12, time.Minute
	first := open(t, s, many)
	defer first.Close()
	late := func() { // as on a host that is too slow
		for range 200 {
			s.senders[0].late.note(40*time.Millisecond, stamp.Now())
		}
		s.find(first.Grant().Session).showSign()
	}
	var busy *control.Busy
	for range 200 {
		late()
		c, err := control.Open(t.Context(), s.Invite(), many, nil)
		if err == nil {
			_ = c.Close()
			time.Sleep(50 * time.Millisecond)
			continue
		}
		var ok bool
		if busy, ok = errors.AsType[*control.Busy](err); !ok {
			t.Fatal(err)
		}
		break
	}
	if busy == nil || busy.After <= 0 || busy.Draining || !strings.Contains(busy.Sentence, "this host") {
		t.Fatalf("it is not refused, or without a reason: %+v", busy)
	}
	if stats := s.Stats(); stats.Room >= 50_000 || stats.Refused["busy"] == 0 {
		t.Errorf("%+v", stats)
	}
	for range 20 {
		many.Ticket = busy.Ticket
		c, err := control.Open(t.Context(), s.Invite(), many, nil)
		if err == nil {
			_ = c.Close()
			return
		}
		if again, ok := errors.AsType[*control.Busy](err); ok {
			busy = again
		}
		s.find(first.Grant().Session).showSign()
		time.Sleep(busy.After)
	}
	t.Error("it refuses though it is on time again")
}
