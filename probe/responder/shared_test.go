package responder_test

import (
	"sync"
	"testing"
	"time"

	"netready/probe/call"
	"netready/probe/responder"
	"netready/probe/stream"
)

// The first session's mark applied to the socket that all share, and an agent that asked
// for another mark was told that routers had cleared it.
func TestEverySessionHasItsOwnMark(t *testing.T) {
	t.Parallel()
	server, err := responder.Start(t.Context(), responder.Local())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var wg sync.WaitGroup
	for _, mark := range []int{0, 46, 34, 10} {
		wg.Go(func() {
			session, err := call.Open(t.Context(), server.Invite(), call.Settings{Duration: time.Second, DSCP: mark})
			if err != nil {
				t.Error(err)
				return
			}
			defer session.Close()
			o, err := session.Run(t.Context(), call.Plan{})
			if err != nil {
				t.Error(err)
				return
			}
			down := o.Calls[0].Down
			if len(down.Arrivals) == 0 {
				t.Errorf("asked for %d: nothing arrived", mark)
			}
			for _, a := range down.Arrivals {
				if a.DSCP != mark && a.DSCP != stream.NoDSCP {
					t.Errorf("asked for %d, packet %d came with %d", mark, a.Seq, a.DSCP)
				}
			}
			if set := down.Mark.Set; set == nil && down.Mark.Doubt == "" || set != nil && *set != mark {
				t.Errorf("asked for %d: %+v", mark, down.Mark)
			}
		})
	}
	wg.Wait()
}
