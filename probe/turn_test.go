package probe

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"netready/internal/seed"
	"netready/probe/invite"
)

// Responders with weights are put into a random order by them, those of weight 0 come last,
// and without weights the order stays.
func TestDrawnByWeight(t *testing.T) {
	random := rand.New(rand.NewPCG(seed.Of(t), 0))
	var all []invite.Invite
	for i := range 4 {
		all = append(all, invite.Invite{Host: fmt.Sprint("h", i, ":1")})
	}
	const draws = 4000
	first := map[string]int{}
	for range draws {
		got := drawn(all, []int{3, 1, 0, 0}, random.Float64)
		first[got[0].Host]++
		if got[2].Host != "h2:1" || got[3].Host != "h3:1" {
			t.Fatalf("of weight 0: %v", got)
		}
	}
	if share := float64(first["h0:1"]) / draws; share < 0.7 || share > 0.8 || first["h0:1"]+first["h1:1"] != draws {
		t.Errorf("of weights 3 and 1 the first comes first in %.2f of all, want 0.75: %v", share, first)
	}
	for i, got := range drawn(all, nil, random.Float64) {
		if got.Host != all[i].Host {
			t.Errorf("without weights: %v", got)
		}
	}
}

// Two transports to one server were joined into one unreadable text: "did not answer
// connecting by TCP".
func TestTriesAreToldApart(t *testing.T) {
	got := joined([]error{errors.Join(errors.New("UDP: no answer"), errors.New("TCP: refused")), errors.New("another server is\tdead")})
	if want := "UDP: no answer; TCP: refused, another server is dead"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
