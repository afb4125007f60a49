package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/oklog/ulid/v2"
)

// Rebuild brings the index in line with the results of all days: of a store whose
// index was lost, or into which results were copied. found is how many runs the index
// did not know.
func (s *Store) Rebuild(ctx context.Context) (found int, err error) {
	dates, err := s.dates(ctx, objectFolder, time.Time{}, time.Time{})
	if err != nil {
		return 0, err
	}
	f := failures{what: "rebuilding"}
	for _, date := range dates {
		orgs, err := s.below(ctx, objectFolder+"date="+date+"/")
		if err != nil {
			return found, f.with(err)
		}
		for _, folder := range orgs {
			org, isOrg := strings.CutPrefix(strings.TrimSuffix(folder, "/"), objectFolder+"date="+date+"/org=")
			if !isOrg {
				continue
			}
			in := partition{date, org}
			n, failed := s.reconcile(ctx, in)
			found += n
			if f.add(in, failed); ctx.Err() != nil {
				return found, f.with(nil)
			}
		}
	}
	return found, f.with(nil)
}

// failures are those of partitions, which do not keep the others from their turn.
type failures struct {
	what string // was done
	list []error
	more int // that are not in the list
}

// mostFailures bounds those that are told one by one: a full disk may fail a thousand days.
const mostFailures = 10

// add adds what failed in a partition, if anything did.
func (f *failures) add(in partition, failed error) {
	switch {
	case failed == nil:
	case len(f.list) == mostFailures:
		f.more++
	default:
		f.list = append(f.list, fmt.Errorf("%s %s: %w", f.what, in, failed))
	}
}

// with are all of them and what ended the work, nil where there is none.
func (f *failures) with(end error) error {
	list := append(f.list, end)
	if f.more > 0 {
		list = append(list, fmt.Errorf("and %s %d more", f.what, f.more))
	}
	return errors.Join(list...) // leaves out nil
}

// below are the folders in a folder, in the order of keys.
func (s *Store) below(ctx context.Context, folder string) (list []string, err error) {
	for o, err := range s.list(ctx, folder, true) {
		if err != nil {
			return nil, err
		}
		if o.IsDir {
			list = append(list, o.Key)
		}
	}
	slices.Sort(list)
	return list, nil
}

// reconcile compares the index of a partition with its objects. Runs that it does
// not know get their row; rows whose runs are not there are left out. Those runs are not
// said to be deleted: an object that was lost may be copied in again. What is damaged of
// the index is removed first.
func (s *Store) reconcile(ctx context.Context, in partition) (found int, err error) {
	if found, err = s.reconcileOnce(ctx, in); !isDamaged(err) {
		return found, err
	}
	if err := s.dropDamaged(ctx, in); err != nil {
		return 0, err
	}
	return s.reconcileOnce(ctx, in)
}

func (s *Store) reconcileOnce(ctx context.Context, in partition) (found int, err error) {
	c, err := s.one(ctx, in)
	if err != nil {
		return 0, err
	}
	r := reconciling{store: s, in: in, missing: map[string]bool{}}
	r.next, r.stop = iter.Pull2(s.rows(ctx, c, ""))
	defer r.stop()
	regions, err := s.below(ctx, in.objects())
	if err == nil {
		err = r.advance()
	}
	for _, region := range regions {
		if err == nil {
			err = r.region(ctx, region)
		}
	}
	for err == nil && r.more {
		r.missing[r.row.Key] = true
		err = r.advance()
	}
	if r.to != nil {
		err = r.to.end(err)
	}
	if err != nil {
		return 0, fmt.Errorf("comparing the index with the results: %w", err)
	}
	if len(r.missing) > 0 {
		err = s.gatherWithout(ctx, in, true, r.missing)
	}
	return r.found, err
}

// reconciling walks through rows and objects side by side.
type reconciling struct {
	store   *Store
	in      partition
	next    func() (Row, error, bool)
	stop    func()
	row     Row
	more    bool
	to      *segmentWriter // of rows that the index did not know
	found   int
	missing map[string]bool // keys of rows without an object
}

func (r *reconciling) advance() (err error) {
	r.row, err, r.more = r.next()
	return err
}

func (r *reconciling) region(ctx context.Context, prefix string) error {
	for o, err := range r.store.list(ctx, prefix, false) {
		if err != nil {
			return err
		}
		if _, ok := parseKey(o.Key); !ok {
			continue
		}
		for r.more && r.row.Key < o.Key {
			r.missing[r.row.Key] = true
			if err := r.advance(); err != nil {
				return err
			}
		}
		if r.more && r.row.Key == o.Key {
			if err := r.advance(); err != nil {
				return err
			}
			continue
		}
		if err := r.unknown(ctx, o.Key); err != nil {
			return err
		}
	}
	return nil
}

// unknown adds the row of an object that the index does not know.
func (r *reconciling) unknown(ctx context.Context, key string) error {
	raw, err := r.store.read(ctx, key)
	if isMissing(err) {
		return nil // deleted since
	}
	if err != nil {
		return err
	}
	org := r.row.Org
	if !r.more {
		org, _ = url.PathUnescape(r.in.org)
	}
	row, err := readRow(org, key, raw)
	if err != nil {
		r.store.options.Log.Warn("not a result, and left alone", "key", key, "reason", err)
		return nil
	}
	if r.to == nil {
		if r.to, err = r.store.newSegment(ctx, r.in.index()+segmentPrefix+ulid.Make().String()+segmentEnd); err != nil {
			return err
		}
	}
	r.found++
	return r.to.add(row)
}

// sayGone writes down that runs are deleted, before they are.
func (s *Store) sayGone(ctx context.Context, in partition, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	var text []byte
	for _, key := range keys {
		line, err := json.Marshal(deleted{key})
		if err != nil {
			return err
		}
		text = append(append(text, line...), '\n')
	}
	if err := s.writeOnce(ctx, in.index()+gonePrefix+ulid.Make().String()+".jsonl", text); err != nil {
		return fmt.Errorf("writing to the store: %w", err)
	}
	return nil
}
