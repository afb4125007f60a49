package page

import (
	"context"
	"hash/maphash"
)

// turns let one request of each token pass at a time. Tokens may share a turn.
type turns struct {
	seed maphash.Seed
	of   [64]chan struct{}
}

func newTurns() turns {
	t := turns{seed: maphash.MakeSeed()}
	for i := range t.of {
		t.of[i] = make(chan struct{}, 1)
	}
	return t
}

// inTurn sums up a day beside as few others as calls can bear, and beside none of the same
// token, so that the pages of one reader leave a place for others.
func (h *handler) inTurn(ctx context.Context, tokenID string, sumUp func() (*sum, error)) (*sum, error) {
	own := h.turns.of[maphash.String(h.turns.seed, tokenID)%uint64(len(h.turns.of))]
	for _, places := range []chan struct{}{own, h.looks} {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return sumUp()
}
