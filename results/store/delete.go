package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"

	"netready/results"
)

// Which says which results are to be deleted: those of the query, and of these only
// the runs of the list if there is one.
type Which struct {
	results.Query
	RunIDs []string
}

// deleteAtOnce bounds the keys in memory.
const deleteAtOnce = 10_000

// Matching yields what Delete would delete.
func (s *Store) Matching(ctx context.Context, which Which) func(yield func(Row, error) bool) {
	which.Query = s.narrowed(which)
	return func(yield func(Row, error) bool) {
		for row, err := range s.Rows(ctx, which.Query) {
			if err == nil && !which.holds(row) {
				continue
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

func (w Which) holds(row Row) bool {
	return w.Holds(row.Started, row.Org, row.Region) && (len(w.RunIDs) == 0 || slices.Contains(w.RunIDs, row.RunID))
}

// narrowed bounds a query by the time that is in the run IDs, so that not every
// day is looked at. Where one holds no time there is no bound.
func (s *Store) narrowed(w Which) results.Query {
	q := w.Query
	if len(w.RunIDs) == 0 || !q.Since.IsZero() || !q.Until.IsZero() {
		return q
	}
	const around = 48 * time.Hour // what a clock may have been set by while a run lasted
	for i, id := range w.RunIDs {
		parsed, err := ulid.ParseStrict(id)
		if err != nil {
			return w.Query
		}
		at := ulid.Time(parsed.Time())
		if i == 0 || at.Add(-around).Before(q.Since) {
			q.Since = at.Add(-around)
		}
		if i == 0 || at.Add(around).After(q.Until) {
			q.Until = at.Add(around)
		}
	}
	return q
}

// Delete removes results for good, from the index and the tables too. That they are
// deleted is written down before the first is, so that one which is cut off is
// completed by the next Compact, and nothing of it counts meanwhile. It returns how many
// were deleted.
func (s *Store) Delete(ctx context.Context, which Which) (n int, err error) {
	f := failures{what: "deleting from"}
	for c, err := range s.partitions(ctx, s.narrowed(which), "") {
		if err != nil {
			return n, f.with(err)
		}
		deleted, failed := s.deleteIn(ctx, c, which)
		n += deleted
		if f.add(c.partition, failed); ctx.Err() != nil {
			break
		}
	}
	return n, f.with(nil)
}

func (s *Store) deleteIn(ctx context.Context, c contents, which Which) (n int, err error) {
	var keys []string
	flush := func() error {
		unsaid := s.sayGone(ctx, c.partition, keys)
		err := s.removeKeys(ctx, keys)
		if unsaid != nil { // a full disk: now there is room
			unsaid = s.sayGone(ctx, c.partition, keys)
		}
		n, keys = n+len(keys), keys[:0]
		return errors.Join(err, unsaid)
	}
	for row, err := range s.rows(ctx, c, "") {
		if err != nil {
			return n, err
		}
		if !which.holds(named(row, which.Query)) {
			continue
		}
		if keys = append(keys, row.Key); len(keys) == deleteAtOnce {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
	if len(keys) == 0 && n == 0 {
		return 0, nil
	}
	if err := flush(); err != nil {
		return n, err
	}
	leftovers, err := s.leftovers(ctx, c.partition, longestPut)
	err = errors.Join(err, s.removeKeys(ctx, leftovers))
	if failed := s.compact(ctx, c.partition, new(Compacted)); failed != nil { // it may not even know what is deleted
		err = errors.Join(err, failed, s.removeTables(ctx, c.partition))
	}
	return n, err
}
