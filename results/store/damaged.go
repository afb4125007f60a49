package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// damaged says that a part of the index was read and does not make sense.
type damaged struct {
	key string
	err error
}

func (d *damaged) Error() string {
	return fmt.Sprintf("%s: %v; to make the index again from the results: netready-responder compact --rebuild", d.key, d.err)
}

func (d *damaged) Unwrap() error { return d.err }

func isDamaged(err error) bool {
	_, ok := errors.AsType[*damaged](err)
	return ok
}

// dropDamaged removes what is damaged of a partition's index: its rows are made again
// from their objects. Of what was deleted the lines that can be read are kept.
func (s *Store) dropDamaged(ctx context.Context, in partition) error {
	c, err := s.one(ctx, in)
	if err != nil {
		return err
	}
	var drop []string
	note := func(key string, err error) error {
		if !isDamaged(err) {
			if isMissing(err) {
				return nil // gathered meanwhile
			}
			return err
		}
		s.options.Log.Warn("a damaged part of the index is removed, and its rows are made again", "key", key, "reason", errors.Unwrap(err))
		drop = append(drop, key)
		return nil
	}
	for _, o := range c.segments {
		for _, err := range s.segment(ctx, o.key, "") {
			if err = note(o.key, err); err != nil {
				return err
			}
		}
	}
	for _, o := range c.fresh {
		_, _, err := s.freshRow(ctx, o.key)
		if err = note(o.key, err); err != nil {
			return err
		}
	}
	for _, o := range c.gone {
		keys := map[string]bool{}
		err := s.goneIn(ctx, o.key, keys)
		if isDamaged(err) {
			if failed := s.sayGone(ctx, in, slices.Collect(maps.Keys(keys))); failed != nil {
				return failed
			}
		}
		if err = note(o.key, err); err != nil {
			return err
		}
	}
	return s.removeKeys(ctx, drop)
}
