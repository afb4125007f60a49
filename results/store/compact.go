package store

import (
	"context"
	"errors"
	"time"

	"netready/results"
)

// Compacted is what Compact has done.
type Compacted struct {
	Days       int // days of organisations that were looked at
	Tables     int // of these, those whose tables were written
	Runs       int // runs in these tables
	Reconciled int // runs among them that the index did not know
}

// Compact brings the index of every day into one segment, and the runs of the days
// that are over into Parquet. What is up to date is not touched. Several programs may do
// it at once: a table is replaced as a whole, and says what it was made from. A day that
// fails does not keep the others from it.
func (s *Store) Compact(ctx context.Context) (done Compacted, err error) {
	f := failures{what: "compacting"}
	for c, err := range s.partitions(ctx, results.Query{}, "") {
		if err != nil {
			return done, f.with(err)
		}
		done.Days++
		if f.add(c.partition, s.compact(ctx, c.partition, &done)); ctx.Err() != nil {
			break
		}
	}
	return done, f.with(nil)
}

// compact does so for a partition. Where that fails, on a full disk for one, its tables may
// still have what was deleted: then they go, until they can be made again.
func (s *Store) compact(ctx context.Context, in partition, done *Compacted) error {
	failed := s.compactWhole(ctx, in, done)
	if failed == nil || ctx.Err() != nil {
		return failed
	}
	c, err := s.one(ctx, in)
	if err != nil || len(c.gone) == 0 {
		return failed
	}
	if fits, _ := s.tablesFit(ctx, c); fits {
		return failed
	}
	return errors.Join(failed, s.removeTables(ctx, in))
}

func (s *Store) compactWhole(ctx context.Context, in partition, done *Compacted) error {
	err := s.gather(ctx, in, true)
	if isDamaged(err) {
		found, failed := s.reconcile(ctx, in)
		if done.Reconciled += found; failed != nil {
			return failed
		}
		err = s.gather(ctx, in, true)
	}
	if err != nil {
		return err
	}
	if in.date >= s.today() {
		return nil
	}
	c, err := s.one(ctx, in)
	if err != nil {
		return err
	}
	if fits, err := s.tablesFit(ctx, c); fits || err != nil {
		return err
	}
	for try := 1; ; try++ {
		found, runs, err := s.tabulate(ctx, in)
		done.Reconciled += found
		if isMissing(err) && try < tries {
			continue // deleted or gathered meanwhile
		}
		if err == nil {
			done.Tables, done.Runs = done.Tables+1, done.Runs+runs
		}
		return err
	}
}

// tabulate brings the index of a partition in line with its results, and its tables with
// the index.
func (s *Store) tabulate(ctx context.Context, in partition) (found, runs int, err error) {
	if found, err = s.reconcile(ctx, in); err != nil {
		return found, 0, err
	}
	if err = s.gather(ctx, in, true); err != nil {
		return found, 0, err
	}
	runs, err = s.writeTables(ctx, in)
	return found, runs, err
}

func (s *Store) today() string { return s.options.Now().UTC().Format(time.DateOnly) }
