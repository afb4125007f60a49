package store

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"gocloud.dev/blob"
	"golang.org/x/sync/errgroup"
)

// contents are the keys in a partition of the index.
type contents struct {
	partition
	segments, fresh, gone []listed
}

type listed struct {
	key     string
	written time.Time
}

// pageSize is how many keys are asked for at once. A folder is walked again for each
// page, so that small pages would take the square of its size.
const pageSize = 20_000

// list yields the objects whose keys begin with a prefix, in the order of their keys.
// With folders it yields the folders below it instead, once each.
func (s *Store) list(ctx context.Context, prefix string, folders bool) iter.Seq2[*blob.ListObject, error] {
	options := &blob.ListOptions{Prefix: prefix}
	if folders {
		options.Delimiter = "/"
	}
	return func(yield func(*blob.ListObject, error) bool) {
		for token := blob.FirstPageToken; len(token) > 0; {
			page, next, err := s.listPage(ctx, token, options)
			if err != nil {
				yield(nil, fmt.Errorf("listing the store: %w", err))
				return
			}
			for _, o := range page {
				if !yield(o, nil) {
					return
				}
			}
			token = next
		}
	}
}

// listTries is how often a page is asked for.
const listTries = 50

// listPage asks for a page again where a file of a folder went away while the driver
// walked through it, which it takes for an error.
func (s *Store) listPage(ctx context.Context, token []byte, options *blob.ListOptions) (page []*blob.ListObject, next []byte, err error) {
	for try := range listTries {
		if page, next, err = s.bucket.ListPage(ctx, token, pageSize, options); !isMissing(err) {
			break
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(time.Duration(try) * time.Millisecond):
		}
	}
	return page, next, err
}

// dates are those of a part of the store that an interval touches, in order.
func (s *Store) dates(ctx context.Context, folder string, since, until time.Time) (dates []string, err error) {
	for o, err := range s.list(ctx, folder+"date=", true) {
		if err != nil {
			return nil, err
		}
		date := strings.TrimSuffix(strings.TrimPrefix(o.Key, folder+"date="), "/")
		day, err := time.Parse(time.DateOnly, date)
		if err != nil || !o.IsDir {
			continue // not of ours
		}
		if (until.IsZero() || day.Before(until)) && (since.IsZero() || day.AddDate(0, 0, 1).After(since)) {
			dates = append(dates, date)
		}
	}
	return dates, nil
}

// day is what the index has of a day, in the order of the results' keys. With org
// (escaped) it is that organisation's alone.
func (s *Store) day(ctx context.Context, date, org string) ([]contents, error) {
	prefix := indexFolder + "date=" + date + "/"
	if org != "" {
		prefix = partition{date, org}.index()
	}
	found := map[partition]*contents{}
	for o, err := range s.list(ctx, prefix, false) {
		if err != nil {
			return nil, err
		}
		in, name, ok := partitionIn(o.Key)
		if !ok {
			continue
		}
		c := found[in]
		if c == nil {
			c = &contents{partition: in}
			found[in] = c
		}
		c.take(name, listed{o.Key, o.ModTime})
	}
	return slices.SortedFunc(values(found), func(a, b contents) int { return strings.Compare(a.objects(), b.objects()) }), nil
}

func values(found map[partition]*contents) iter.Seq[contents] {
	return func(yield func(contents) bool) {
		for _, c := range found {
			if !yield(*c) {
				return
			}
		}
	}
}

func (c *contents) take(name string, o listed) {
	switch {
	case strings.HasPrefix(name, freshFolder) && strings.HasSuffix(name, objectEnd):
		c.fresh = append(c.fresh, o)
	case strings.HasPrefix(name, segmentPrefix) && strings.HasSuffix(name, segmentEnd):
		c.segments = append(c.segments, o)
	case strings.HasPrefix(name, gonePrefix) && strings.HasSuffix(name, ".jsonl"):
		c.gone = append(c.gone, o)
	}
}

// one is what the index has of a partition.
func (s *Store) one(ctx context.Context, in partition) (contents, error) {
	found, err := s.day(ctx, in.date, in.org)
	if err != nil || len(found) == 0 {
		return contents{partition: in}, err
	}
	return found[0], nil
}

// atOnce is how many small objects are asked for at once.
const atOnce = 16

// An ownRow is a row that no segment has yet.
type ownRow struct {
	listed
	row    Row
	stored bool // its run is there
	moved  bool // it was gathered into a segment since it was listed
}

// freshRows are the rows of their own: those whose runs are stored, in the order of the
// runs' keys, and those that are alone. What others gathered since the listing is in
// neither.
func (s *Store) freshRows(ctx context.Context, c contents) (stored, alone []ownRow, err error) {
	found := make([]ownRow, len(c.fresh))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, o := range c.fresh {
		s.mu.Lock()
		row, known := s.fresh[o.key]
		s.mu.Unlock()
		found[i] = ownRow{listed: o, row: row, stored: known}
		if known {
			continue
		}
		group.Go(func() (err error) {
			found[i].row, found[i].stored, err = s.freshRow(ctx, o.key)
			if isMissing(err) {
				found[i].moved = true
				return nil
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	for _, one := range found {
		switch {
		case one.stored:
			stored = append(stored, one)
		case !one.moved:
			alone = append(alone, one)
		}
	}
	slices.SortFunc(stored, func(a, b ownRow) int { return strings.Compare(a.row.Key, b.row.Key) })
	return stored, alone, nil
}

// freshRow reads one, and says whether its run is stored.
func (s *Store) freshRow(ctx context.Context, key string) (row Row, stored bool, err error) {
	line, err := s.bucket.ReadAll(ctx, key)
	if err != nil {
		return row, false, err
	}
	if err := json.Unmarshal(line, &row); err != nil {
		return row, false, &damaged{key, err}
	}
	if _, ok := parseKey(row.Key); !ok {
		return row, false, &damaged{key, fmt.Errorf("%w: %q", ErrKey, row.Key)}
	}
	stored, err = s.bucket.Exists(ctx, row.Key)
	if err != nil || !stored {
		return row, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(key, row)
	return row, true, nil
}

// goneKeys are the keys of the runs that were deleted.
func (s *Store) goneKeys(ctx context.Context, c contents) (map[string]bool, error) {
	keys := map[string]bool{}
	for _, o := range c.gone {
		if err := s.goneIn(ctx, o.key, keys); err != nil && !isMissing(err) {
			return nil, err
		}
	}
	return keys, nil
}

// goneIn adds the keys that one object of the index says are deleted. Where it is damaged
// those are there that can be read.
func (s *Store) goneIn(ctx context.Context, key string, keys map[string]bool) error {
	text, err := s.bucket.ReadAll(ctx, key)
	if err != nil {
		return fmt.Errorf("reading from the store: %w", err)
	}
	for line := range bytes.Lines(text) {
		var gone deleted
		if failed := json.Unmarshal(line, &gone); failed != nil {
			err = &damaged{key, failed}
			continue
		}
		keys[gone.Key] = true
	}
	return err
}

// deleted is a line of what was deleted.
type deleted struct {
	Key string `json:"key"`
}

func (s *Store) isGone(ctx context.Context, in partition, key string) (bool, error) {
	c := contents{partition: in}
	for o, err := range s.list(ctx, in.index()+gonePrefix, false) {
		if err != nil {
			return false, err
		}
		c.gone = append(c.gone, listed{o.Key, o.ModTime})
	}
	keys, err := s.goneKeys(ctx, c)
	return keys[key], err
}

// rows yields the rows of a partition after a key, in the order of their keys, each
// once. What others gather meanwhile moves rows to segments that the listing did not
// show: then it goes on from a new listing.
func (s *Store) rows(ctx context.Context, c contents, after string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for try := 1; ; try++ {
			stopped := false
			err := s.merge(ctx, c, after, func(row Row) bool {
				after = row.Key
				stopped = !yield(row, nil)
				return !stopped
			})
			switch {
			case stopped || err == nil:
				return
			case !isMissing(err) || try == tries:
				yield(Row{}, fmt.Errorf("reading the index: %w", err))
				return
			}
			if c, err = s.one(ctx, c.partition); err != nil {
				yield(Row{}, err)
				return
			}
		}
	}
}

// tries is how often a reading begins anew because rows were gathered meanwhile.
const tries = 8

// merge hands over the rows of the segments and those of their own. Of rows that others
// gather meanwhile, which may take them minutes, it learns where they went: a segment is
// there before its rows are removed elsewhere.
func (s *Store) merge(ctx context.Context, c contents, after string, each func(Row) bool) error {
	fresh, alone, err := s.freshRows(ctx, c)
	if err != nil {
		return err
	}
	if len(fresh)+len(alone) < len(c.fresh) {
		now, err := s.one(ctx, c.partition)
		if err != nil {
			return err
		}
		c.segments, c.gone = now.segments, now.gone
	}
	return s.mergeWith(ctx, c, fresh, after, each)
}

// mergeWith is merge, where the rows of their own are read already.
func (s *Store) mergeWith(ctx context.Context, c contents, fresh []ownRow, after string, each func(Row) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gone, err := s.goneKeys(ctx, c)
	if err != nil {
		return err
	}
	m := merger{}
	defer m.stop()
	for _, o := range c.segments {
		if err := m.add(s.segment(ctx, o.key, after)); err != nil {
			return err
		}
	}
	if err := m.add(rowsAfter(fresh, after)); err != nil {
		return err
	}
	for {
		row, ok, err := m.next()
		if err != nil || !ok {
			return err
		}
		if gone[row.Key] || !strings.HasPrefix(row.Key, c.objects()) {
			continue
		}
		if row.Sum == unclear {
			if row, err = s.rowFromObject(ctx, row); isMissing(err) {
				continue
			}
			if err != nil {
				return err
			}
		}
		if !each(row) {
			return nil
		}
	}
}

// rowFromObject makes a row from its object.
func (s *Store) rowFromObject(ctx context.Context, row Row) (Row, error) {
	raw, err := s.read(ctx, row.Key)
	if err != nil {
		return row, err
	}
	return readRow(row.Org, row.Key, raw)
}

func rowsAfter(rows []ownRow, after string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, one := range rows {
			if one.row.Key > after && !yield(one.row, nil) {
				return
			}
		}
	}
}

// unclear is the sum of a row where two rows of one key differ: a program ended
// while it gave way to another that stored a run of the same ID.
const unclear = "unclear"

// A merger brings sorted rows into one order, each key once.
type merger struct {
	heads []*head
}

type head struct {
	row  Row
	next func() (Row, error, bool)
	stop func()
}

func (m *merger) add(rows iter.Seq2[Row, error]) error {
	next, stop := iter.Pull2(rows)
	h := &head{next: next, stop: stop}
	m.heads = append(m.heads, h)
	return m.step(h)
}

// step goes to the next row of a head, or leaves it out at its end.
func (m *merger) step(h *head) error {
	row, err, ok := h.next()
	if err != nil {
		return err
	}
	h.row = row
	if !ok {
		h.stop()
		m.heads = slices.DeleteFunc(m.heads, func(other *head) bool { return other == h })
	}
	return nil
}

func (m *merger) next() (row Row, ok bool, err error) {
	if len(m.heads) == 0 {
		return row, false, nil
	}
	first := slices.MinFunc(m.heads, func(a, b *head) int { return strings.Compare(a.row.Key, b.row.Key) })
	row = first.row
	for _, h := range slices.Clone(m.heads) {
		for h.row.Key == row.Key && slices.Contains(m.heads, h) {
			if h.row.Sum != row.Sum {
				row.Sum = unclear
			}
			if err := m.step(h); err != nil {
				return row, false, err
			}
		}
	}
	return row, true, nil
}

func (m *merger) stop() {
	for _, h := range m.heads {
		h.stop()
	}
}
