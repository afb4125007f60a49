package store

import (
	"context"
	"iter"

	"netready/results"
)

// Rows yields what the index says of each run that is meant, in the order of their
// keys: by day, organisation, region and run ID.
func (s *Store) Rows(ctx context.Context, q results.Query) iter.Seq2[Row, error] {
	return s.rowsAfter(ctx, q, "")
}

// List yields the results that are meant and come after a key, in the order of
// their keys.
func (s *Store) List(ctx context.Context, q results.Query, after string) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		for row, err := range s.rowsAfter(ctx, q, after) {
			if !yield(row.Stored, err) {
				return
			}
		}
	}
}

func (s *Store) rowsAfter(ctx context.Context, q results.Query, after string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for c, err := range s.partitions(ctx, q, after) {
			if err != nil {
				yield(Row{}, err)
				return
			}
			for row, err := range s.rows(ctx, c, after) {
				row = named(row, q)
				if err == nil && !q.Holds(row.Started, row.Org, row.Region) {
					continue
				}
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

// named gives a row of one of the query's partitions the organisation that the query
// names: they are its own, but an index that was made again knows a long name only as it
// was cut for the key.
func named(row Row, q results.Query) Row {
	if q.Org != "" {
		row.Org = q.Org
	}
	return row
}

// partitions yields the partitions that may hold what is meant, after a key.
func (s *Store) partitions(ctx context.Context, q results.Query, after string) iter.Seq2[contents, error] {
	org := ""
	if q.Org != "" {
		org = escape(q.Org)
	}
	at, resumed := parseKey(after)
	return func(yield func(contents, error) bool) {
		dates, err := s.dates(ctx, indexFolder, q.Since, q.Until)
		if err != nil {
			yield(contents{}, err)
			return
		}
		for _, date := range dates {
			if resumed && date < at.date {
				continue
			}
			day, err := s.day(ctx, date, org)
			if err != nil {
				yield(contents{}, err)
				return
			}
			for _, c := range day {
				if resumed && c.objects() < at.objects() {
					continue
				}
				if !yield(c, nil) {
					return
				}
			}
		}
	}
}
