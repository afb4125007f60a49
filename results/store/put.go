package store

import (
	"context"
	"fmt"

	"netready/report"
)

// Put keeps a result for an organisation, byte for byte. When it returns without an
// error the result is durable. The same result again is Same; another one with the
// same run ID is ErrOther. ErrFull leaves it to later.
func (s *Store) Put(ctx context.Context, org string, raw []byte, r report.Report) (Stored, Outcome, error) {
	if len(r.RunID) > longestRunID {
		return Stored{}, Added, fmt.Errorf("%w: its run_id has more than %d bytes", report.ErrNotResult, longestRunID)
	}
	ctx, cancel := context.WithTimeout(ctx, longestPut)
	defer cancel()
	row := rowOf(org, raw, r)
	outcome, err := s.put(ctx, row, raw)
	return row.Stored, outcome, err
}

// longestRunID is that of a run ID, in bytes. Those of netready have 26.
const longestRunID = 100

func (s *Store) put(ctx context.Context, row Row, raw []byte) (Outcome, error) {
	same, err := s.holds(ctx, row, raw)
	if err != nil {
		return Added, err
	}
	if !same {
		if err := s.hasRoom(false); err != nil {
			return Added, err
		}
	}
	in := partitionOf(row.Org, row.Started)
	if gone, err := s.isGone(ctx, in, row.Key); gone || err != nil {
		if gone {
			err = ErrGone
		}
		return Added, err
	}
	// The row first: from here on the index knows the run, and it counts as soon as
	// its object is there. It is written again for a run that is stored already, so that
	// whatever became of its first row, what is accepted is known. It is never taken
	// back: another program may be about to rely on it.
	fresh := freshKey(in, row)
	if err := s.writeRow(ctx, fresh, row); err != nil { // the key has its digest: there is only one such row
		return Added, fmt.Errorf("writing to the store: %w", err)
	}
	if !same {
		same, err = s.writeObject(ctx, row, raw)
	}
	if err == nil {
		err = s.keepRow(ctx, fresh, row)
	}
	if err != nil {
		return Added, err
	}
	s.added(in, fresh, row)
	if same {
		return Same, nil
	}
	return Added, nil
}

// keepRow looks after the row of a run that is stored now. Where the row was from an attempt
// hours ago, gathering may have removed it as one without its run. One that was gathered
// into a segment meanwhile is there twice, and counts once.
func (s *Store) keepRow(ctx context.Context, fresh string, row Row) error {
	there, err := s.bucket.Exists(ctx, fresh)
	if err == nil && !there {
		err = s.writeRow(ctx, fresh, row)
	}
	if err != nil {
		return fmt.Errorf("writing to the store: %w", err)
	}
	return nil
}

// writeObject writes the result; same is true if somebody else was faster.
func (s *Store) writeObject(ctx context.Context, row Row, raw []byte) (same bool, err error) {
	err = s.writeOnce(ctx, row.Key, raw)
	if !isThere(err) {
		if err != nil {
			err = fmt.Errorf("writing to the store: %w", err)
		}
		return false, err
	}
	if same, err = s.holds(ctx, row, raw); err == nil && !same {
		err = fmt.Errorf("%w: %s", ErrNotFound, row.Key) // deleted since
	}
	return same, err
}

// holds says whether the result is stored. It is ErrOther if another one is stored in
// its place.
func (s *Store) holds(ctx context.Context, row Row, raw []byte) (bool, error) {
	there, err := s.read(ctx, row.Key)
	switch {
	case isMissing(err):
		return false, nil
	case err != nil:
		return false, err
	case string(there) != string(raw):
		return false, ErrOther
	}
	return true, nil
}

// freshKey is the key of a run's own row. It tells results apart that want the same place,
// of which one will not get it.
func freshKey(in partition, row Row) string {
	return in.index() + freshFolder + escape(row.RunID) + "-" + row.Sum[:8] + objectEnd
}

// gatherAt is after how many new rows of a partition Keep gathers them.
const gatherAt = 200

// mostFresh bounds the rows that are kept in memory.
const mostFresh = 10_000

// mostNoted bounds the folders and the partitions that are kept in memory: each day has new
// ones of every organisation.
const mostNoted = 100_000

// added notes a row whose object is known to be there.
func (s *Store) added(in partition, fresh string, row Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(fresh, row)
	keep(s.waiting, s.maxNoted, in, s.waiting[in]+1)
	if s.waiting[in]%gatherAt == 0 {
		s.wakeKeep()
	}
}

// wakeKeep makes Keep look at the rows that wait.
func (s *Store) wakeKeep() {
	select {
	case s.wake <- struct{}{}:
	default: // it is told already
	}
}

// remember keeps a row, so that it need not be read again; s.mu is held. Nothing may
// follow from a row that is not kept.
func (s *Store) remember(fresh string, row Row) {
	keep(s.fresh, s.maxFresh, fresh, row)
}

// keep sets an entry of a map that only saves work: one that is full begins anew.
func keep[K comparable, V any](in map[K]V, most int, key K, value V) {
	if _, known := in[key]; !known && len(in) >= most {
		clear(in)
	}
	in[key] = value
}
