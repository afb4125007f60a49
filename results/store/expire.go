package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// accessFor is how long the access log is kept.
const accessFor = 365 * 24 * time.Hour

// sweepDays is how many days before the oldest that is kept are looked at for
// results that no index knows.
const sweepDays = 31

// expire deletes the days that are older than keep, everything of them, and the
// access log after a year. It writes nothing but the access log, so that it makes room on
// a full disk, and reads no index, which may be damaged. n is how many results went.
func (s *Store) expire(ctx context.Context, keep time.Duration) (n int, err error) {
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

// sweptFile marks a day whose index is gone already, so that it is found again if its
// deletion was cut off.
const (
	sweptFile  = "swept"
	sweptWords = "this day is being deleted: it is older than --keep\n"
)

// sweepDay removes a day: first what shows its runs, so that none is shown whose result is
// gone, then the results, last the mark. Where the disk is too full for the mark, the day is
// found by its date for a month.
func (s *Store) sweepDay(ctx context.Context, day string) (n int, err error) {
	mark := indexFolder + day + sweptFile
	indexed := func(key string) bool { return key != mark }
	err = s.removeAll(ctx, indexFolder+day, indexed, func([]string) { _ = s.write(ctx, mark, []byte(sweptWords)) })
	for _, table := range []string{tableRuns, tablePorts} {
		if err == nil {
			err = s.removeAll(ctx, parquetFolder+table+"/"+day, nil, nil)
		}
	}
	if err == nil {
		err = s.removeAll(ctx, objectFolder+day, nil, func(keys []string) { n += s.noteSwept(ctx, day, keys) })
	}
	if err == nil {
		err = s.removeAll(ctx, indexFolder+day, nil, nil)
	}
	return n, err
}

// noteSwept writes into the access log how many results of a day are about to go.
func (s *Store) noteSwept(ctx context.Context, day string, keys []string) (n int) {
	for _, key := range keys {
		if _, ok := parseKey(key); ok {
			n++
		}
	}
	if n > 0 {
		s.Note(Access{By: "--keep", What: DeletedResults, Of: strings.TrimSuffix(day, "/"), Results: n})
		_ = s.FlushAccess(ctx) // with a full disk after the deletion
	}
	return n
}

// removeAll removes everything whose key begins with a prefix, or of that what only says;
// before, if there is one, hears which.
func (s *Store) removeAll(ctx context.Context, prefix string, only func(key string) bool, before func(keys []string)) error {
	var keys []string
	flush := func() error {
		if before != nil && len(keys) > 0 {
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
		if only != nil && !only(o.Key) {
			continue
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
			err = errors.Join(err, s.removeAll(ctx, accessFolder+"date="+date+"/", nil, nil))
		}
	}
	return err
}
