package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// round is how often a running store looks after what waits.
	round = time.Minute
	// night begins at that time of the day, in UTC; each responder of a store begins
	// somewhere in its length, so that they do not all do the same at once.
	night       = 2 * time.Hour
	nightLength = 2 * time.Hour
	// lastRound bounds what is done when the program ends.
	lastRound = 10 * time.Second
)

// Keep looks after the store until ctx ends: it gathers new rows, writes the access
// log, and each night compacts the days and deletes what is older than keep (0:
// nothing). Several programs may do so for one store. What fails is logged, and tried
// again in the next round or night.
func (s *Store) Keep(ctx context.Context, keep time.Duration) {
	ticker := time.NewTicker(round)
	defer ticker.Stop()
	next := s.nextNight()
	var beside sync.WaitGroup // a night's work may take hours
	beside.Go(func() { s.keepAccess(ctx) })
	for {
		select {
		case <-ctx.Done():
			beside.Wait()
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastRound)
			defer cancel()
			s.gatherFull(ctx, 1)
			if err := s.FlushAccess(ctx); err != nil {
				s.options.Log.Warn("the last lines of the access log are in this log alone", "reason", err)
			}
			return
		case <-ticker.C:
		case <-s.wake:
		}
		s.gatherFull(ctx, gatherAt)
		if !s.options.Now().Before(next) {
			s.nightly(ctx, keep)
			next = s.nextNight()
		}
	}
}

func (s *Store) nextNight() time.Time {
	now := s.options.Now().UTC()
	next := now.Truncate(24 * time.Hour).Add(night + rand.N(nightLength))
	if !next.After(now) {
		next = next.Add(24 * time.Hour)
	}
	return next
}

// gatherFull gathers the rows of the partitions that have at least so many of their own.
func (s *Store) gatherFull(ctx context.Context, least int) {
	var full []partition
	s.mu.Lock()
	for in, n := range s.waiting {
		if n >= least {
			full = append(full, in)
			delete(s.waiting, in)
		}
	}
	s.mu.Unlock()
	var err error
	for _, in := range full {
		err = errors.Join(err, s.gather(ctx, in, false))
	}
	if err != nil && ctx.Err() == nil {
		s.options.Log.Warn("the store's index could not be written now; nothing is lost", "reason", err)
	}
}

func (s *Store) nightly(ctx context.Context, keep time.Duration) {
	n, err := s.expire(ctx, keep)
	done, failed := s.Compact(ctx)
	if err = errors.Join(err, failed, s.tidy(ctx)); err != nil {
		s.options.Log.Error("the store's nightly work was not finished", "reason", err)
		return
	}
	s.options.Log.Info("the store's nightly work is done", "days", done.Days, "tables", done.Tables, "runs", done.Runs, "deleted", n)
}
