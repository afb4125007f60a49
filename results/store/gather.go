package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/errgroup"
)

const (
	// maxSegments is how many segments a partition has until they become one: each
	// of them is read for a list.
	maxSegments = 16
	// longestPut bounds the time from a run's row to its object.
	longestPut = 10 * time.Minute
	// rowAlone is after how long a row without its run is removed: no program can
	// still be about to write that, however wrong the clocks are.
	rowAlone = 2 * time.Hour
	// goneFor is how long the index remembers what was deleted: no program still
	// gathers rows that it read before.
	goneFor = 24 * time.Hour
)

// gather brings rows of their own into a segment; with whole, and where there are many
// segments, everything into one. Beside others who do the same each row is in a segment
// before it is removed elsewhere, and rows that are in two count once.
func (s *Store) gather(ctx context.Context, in partition, whole bool) error {
	return s.gatherWithout(ctx, in, whole, nil)
}

// gatherWithout is gather, with everything into one where there are rows to leave out:
// those of the keys that have no object now.
func (s *Store) gatherWithout(ctx context.Context, in partition, whole bool, missing map[string]bool) error {
	s.mu.Lock()
	delete(s.waiting, in)
	s.mu.Unlock()
	for try := 1; ; try++ {
		c, err := s.one(ctx, in)
		if err == nil {
			err = s.gatherListed(ctx, c, whole, missing)
		}
		if err == nil || !isMissing(err) || try == tries {
			return err
		}
	}
}

func (s *Store) gatherListed(ctx context.Context, c contents, whole bool, missing map[string]bool) error {
	whole = whole || len(c.segments) >= maxSegments || len(c.gone)+len(missing) > 0
	if len(c.fresh)+len(c.gone)+len(missing) == 0 && (!whole || len(c.segments) <= 1) {
		return nil
	}
	if err := s.finishDeleting(ctx, c); err != nil {
		return err
	}
	from := c
	if !whole {
		from.segments = nil
	}
	// Only what is found to be stored now goes into the segment, and only that is removed.
	stored, alone, err := s.freshRows(ctx, c)
	if err != nil {
		return err
	}
	if err := s.writeSegment(ctx, from, stored, missing); err != nil {
		return err
	}
	used := listings(stored)
	if whole {
		used = append(used, c.segments...)
		used = append(used, s.olderThan(c.gone, goneFor)...)
	}
	return errors.Join(s.remove(ctx, used), s.removeAlone(ctx, alone))
}

// removeAlone removes rows that have been alone for so long that nobody writes their runs
// any more. An agent may send one again in that very moment: a row whose run is there after
// all is written again. Put looks after its row once the run is stored, so that one of the
// two sees what the other did.
func (s *Store) removeAlone(ctx context.Context, alone []ownRow) error {
	alone = slices.DeleteFunc(alone, func(one ownRow) bool { return s.options.Now().Sub(one.written) <= rowAlone })
	err := s.remove(ctx, listings(alone))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastRound) // what is removed is looked after
	defer cancel()
	for _, one := range alone {
		there, failed := s.bucket.Exists(ctx, one.row.Key)
		if failed == nil && there {
			failed = s.writeRow(ctx, one.key, one.row)
		}
		err = errors.Join(err, failed)
	}
	return err
}

// writeRow writes a row of its own, whatever was there.
func (s *Store) writeRow(ctx context.Context, key string, row Row) error {
	line, err := json.Marshal(row)
	if err != nil {
		return err
	}
	return s.write(ctx, key, line)
}

// writeSegment writes a segment of the rows of others and of those of their own, without
// what is missing.
func (s *Store) writeSegment(ctx context.Context, from contents, fresh []ownRow, missing map[string]bool) error {
	w, err := s.newSegment(ctx, from.index()+segmentPrefix+ulid.Make().String()+segmentEnd)
	if err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	var failed error
	err = s.mergeWith(ctx, from, fresh, "", func(row Row) bool {
		there := true
		if missing[row.Key] {
			there, failed = s.bucket.Exists(ctx, row.Key)
		}
		if there && failed == nil {
			failed = w.add(row)
		}
		return failed == nil
	})
	return w.end(errors.Join(err, failed))
}

func listings(rows []ownRow) (list []listed) {
	for _, one := range rows {
		list = append(list, one.listed)
	}
	return list
}

func (s *Store) olderThan(list []listed, age time.Duration) (old []listed) {
	for _, o := range list {
		if s.options.Now().Sub(o.written) > age {
			old = append(old, o)
		}
	}
	return old
}

// finishDeleting deletes the runs that were said to be deleted: who said so may have
// been ended before it was done.
func (s *Store) finishDeleting(ctx context.Context, c contents) error {
	gone, err := s.goneKeys(ctx, c)
	if err != nil {
		return err
	}
	var keys []string
	for key := range gone {
		if _, ok := parseKey(key); ok {
			keys = append(keys, key)
		}
	}
	return s.removeKeys(ctx, keys)
}

func (s *Store) remove(ctx context.Context, list []listed) error {
	keys := make([]string, len(list))
	for i, o := range list {
		keys[i] = o.key
	}
	return s.removeKeys(ctx, keys)
}

// removeKeys removes objects; those that are gone already are fine.
func (s *Store) removeKeys(ctx context.Context, keys []string) error {
	s.mu.Lock()
	for _, key := range keys {
		delete(s.fresh, key)
	}
	s.mu.Unlock()
	over := ctx.Err // a folder's driver does not ask
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, key := range keys {
		group.Go(func() error {
			if err := over(); err != nil {
				return fmt.Errorf("deleting from the store: %w", err)
			}
			if err := s.bucket.Delete(ctx, key); err != nil && !isMissing(err) {
				return fmt.Errorf("deleting from the store: %w", err)
			}
			return nil
		})
	}
	return group.Wait()
}
