package tokens

import (
	"maps"
	"time"
)

// Use counts a run of a token, on disk before it returns, or returns the state that
// forbids it. An error is one of the disk: nothing is counted then.
func (s *Store) Use(id string, now time.Time) (state State, err error) {
	err = s.count(id, func(t Token, runs int) int {
		if t.Right != Call {
			return runs // it places no calls
		}
		if state = t.state(runs, now); state != Good {
			return runs
		}
		return runs + 1
	})
	return state, err
}

// GiveBack takes back a run that never began.
func (s *Store) GiveBack(id string) error {
	return s.count(id, func(_ Token, runs int) int { return max(0, runs-1) })
}

// count changes the runs of a token that is known, on disk, which is what counts: other
// responders may count there too.
func (s *Store) count(id string, change func(t Token, runs int) int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tokens[id]
	if !ok {
		return nil
	}
	return s.locked(func() error {
		runs, _, err := s.readRuns()
		if err != nil {
			return err
		}
		before := runs[id]
		after := change(t, before)
		if after != before {
			s.forgetOld(runs)
			runs[id] = after
			if err := s.write(fileRuns, runs); err != nil {
				return err
			}
		}
		s.runs = runs
		return nil
	})
}

// forgetOld removes the counts of tokens that are no more. Of what another process has
// made since, the runs stay.
func (s *Store) forgetOld(runs map[string]int) {
	if all, _, err := s.readTokens(); err == nil {
		maps.DeleteFunc(runs, func(known string, _ int) bool { return all[known].ID == "" })
	}
}
