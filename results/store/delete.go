package store

import (
	"context"
	"errors"
	"slices"
	"strings"
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
	strays, err := s.strays(ctx, c.partition, longestPut)
	err = errors.Join(err, s.removeKeys(ctx, strays))
	if failed := s.compact(ctx, c.partition, new(Compacted)); failed != nil { // it may not even know what is deleted
		err = errors.Join(err, failed, s.removeTables(ctx, c.partition))
	}
	return n, err
}

// accessFor is how long the access log is kept.
const accessFor = 365 * 24 * time.Hour

// sweepDays is how many days before the oldest that is kept are looked at for
// results that no index knows.
const sweepDays = 31

// Expire deletes the days that are older than keep, everything of them, and the
// access log after a year. It writes nothing but the access log, so that it makes room on
// a full disk, and reads no index, which may be damaged. n is how many results went.
func (s *Store) Expire(ctx context.Context, keep time.Duration) (n int, err error) {
	now := s.options.Now().UTC()
	if keep > 0 {
		first := now.Add(-keep).Truncate(24 * time.Hour) // the oldest day that stays
		n, err = s.sweep(ctx, first)
	}
	return n, errors.Join(err, s.FlushAccess(ctx), s.expireAccess(ctx, now.Add(-accessFor)))
}

// sweep removes all there is of days before one. A day that fails does not keep the
// others.
func (s *Store) sweep(ctx context.Context, first time.Time) (n int, err error) {
	dates, err := s.dates(ctx, indexFolder, time.Time{}, first)
	if err != nil {
		return 0, err
	}
	for ago := range sweepDays {
		dates = append(dates, first.AddDate(0, 0, -1-ago).Format(time.DateOnly))
	}
	slices.Sort(dates)
	for _, date := range slices.Compact(dates) {
		if date >= first.Format(time.DateOnly) {
			continue // it has begun before, and is not over
		}
		removed, failed := s.sweepDay(ctx, "date="+date+"/")
		n += removed
		if err = errors.Join(err, failed); ctx.Err() != nil {
			return n, err
		}
	}
	return n, err
}

// sweepDay removes a day: its index last, by which it is found again if it was cut off.
func (s *Store) sweepDay(ctx context.Context, day string) (n int, err error) {
	err = s.removeAll(ctx, objectFolder+day, func(keys []string) {
		results := 0
		for _, key := range keys {
			if _, ok := parseKey(key); ok {
				results++
			}
		}
		if n += results; results > 0 {
			s.Note(Access{By: "--keep", What: DeletedResults, Of: strings.TrimSuffix(day, "/"), Results: results})
			_ = s.FlushAccess(ctx) // with a full disk after the deletion
		}
	})
	for _, folder := range []string{parquetFolder + tableRuns + "/", parquetFolder + tablePorts + "/", indexFolder} {
		if err == nil {
			err = s.removeAll(ctx, folder+day, nil)
		}
	}
	return n, err
}

// removeAll removes everything whose key begins with a prefix; before, if there is one,
// hears which.
func (s *Store) removeAll(ctx context.Context, prefix string, before func(keys []string)) error {
	var keys []string
	flush := func() error {
		if before != nil {
			before(keys)
		}
		err := s.removeKeys(ctx, keys)
		keys = keys[:0]
		return err
	}
	for o, err := range s.list(ctx, prefix, false) {
		if err != nil {
			return err
		}
		if keys = append(keys, o.Key); len(keys) == deleteAtOnce {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

func (s *Store) expireAccess(ctx context.Context, before time.Time) error {
	dates, err := s.dates(ctx, accessFolder, time.Time{}, before)
	for _, date := range dates {
		if date < before.Format(time.DateOnly) {
			err = errors.Join(err, s.removeAll(ctx, accessFolder+"date="+date+"/", nil))
		}
	}
	return err
}
