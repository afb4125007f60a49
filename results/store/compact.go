package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"netready/report"
	"netready/report/parquet"
	"netready/report/workbook"
	"netready/results"
	"netready/thresholds"
)

// Compacted is what Compact has done.
type Compacted struct {
	Days       int // days of organisations that were looked at
	Tables     int // of these, those whose tables were written
	Runs       int // runs in these tables
	Reconciled int // runs among them that the index did not know
}

// Names of the tables in Parquet, and of their folders.
const (
	tableRuns  = "runs"
	tablePorts = "ports"
)

// Compact brings the index of every day into one segment, and the runs of the days
// that are over into Parquet. What is up to date is not touched. Several programs may do
// it at once: a table is replaced as a whole, and says what it was made from. A day that
// fails does not keep the others from it.
func (s *Store) Compact(ctx context.Context) (done Compacted, err error) {
	for c, failed := range s.partitions(ctx, results.Query{}, "") {
		if failed != nil {
			return done, errors.Join(err, failed)
		}
		done.Days++
		failed = s.compact(ctx, c.partition, &done)
		if err = also(err, "compacting", c.partition, failed); ctx.Err() != nil {
			return done, err
		}
	}
	return done, err
}

func (s *Store) compact(ctx context.Context, in partition, done *Compacted) error {
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

// source is what the tables of a partition are made from: its one segment. ok is
// false where the index is not in one piece.
func (c *contents) source() (name string, ok bool) {
	switch {
	case len(c.fresh) > 0 || len(c.segments) > 1:
		return "", false
	case len(c.segments) == 0:
		return "", true
	}
	return strings.TrimPrefix(c.segments[0].key, c.index()), true
}

// tablesFit says whether the tables of a partition are made from what the index has.
func (s *Store) tablesFit(ctx context.Context, c contents) (bool, error) {
	source, ok := c.source()
	if !ok {
		return false, nil
	}
	for _, name := range []string{tableRuns, tablePorts} {
		mark, err := s.mark(ctx, c.table(name))
		if err != nil || mark != source {
			return false, err
		}
	}
	return true, nil
}

// mark is what a table says that it was made from; "" where there is none that can
// be read.
func (s *Store) mark(ctx context.Context, key string) (string, error) {
	about, err := s.bucket.Attributes(ctx, key)
	if isMissing(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading from the store: %w", err)
	}
	mark, err := parquet.Mark(&ranges{ctx, s, key}, about.Size)
	if err != nil {
		s.options.Log.Warn("a table is made again", "key", key, "reason", err)
		return "", nil
	}
	return mark, nil
}

// ranges reads an object piece by piece.
type ranges struct {
	ctx   context.Context //nolint:containedctx // io.ReaderAt has no place for it
	store *Store
	key   string
}

// ReadAt implements io.ReaderAt.
func (r *ranges) ReadAt(p []byte, offset int64) (int, error) {
	from, err := r.store.bucket.NewRangeReader(r.ctx, r.key, offset, int64(len(p)), nil)
	if err != nil {
		return 0, err
	}
	defer from.Close()
	n, err := io.ReadFull(from, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// writeTables writes the tables of a partition, or removes them where it has no runs.
func (s *Store) writeTables(ctx context.Context, in partition) (runs int, err error) {
	c, err := s.one(ctx, in)
	if err != nil {
		return 0, err
	}
	source, _ := c.source()
	if len(c.segments)+len(c.fresh) == 0 {
		return 0, s.removeKeys(ctx, []string{in.table(tableRuns), in.table(tablePorts)})
	}
	t, err := s.newTables(ctx, in)
	if err != nil {
		return 0, err
	}
	for found, err := range s.ahead(ctx, c) {
		if err == nil {
			err = t.add(found)
		}
		if err != nil {
			return 0, t.end("", err)
		}
		runs++
	}
	return runs, t.end(source, nil)
}

// tables are the two tables of a partition, being written.
type tables struct {
	objects [2]*object
	writers [2]*parquet.Writer
}

func (s *Store) newTables(ctx context.Context, in partition) (*tables, error) {
	t := &tables{}
	for i, name := range []string{tableRuns, tablePorts} {
		o, err := s.create(ctx, in.table(name), false)
		if err != nil {
			return nil, t.end("", err)
		}
		t.objects[i] = o
	}
	t.writers = [2]*parquet.Writer{parquet.NewRuns(t.objects[0]), parquet.NewPorts(t.objects[1])}
	return t, nil
}

// add adds a result to both.
func (t *tables) add(found read) error {
	err := report.ReadBriefly(found.raw, func(r report.Report, note report.Note, err error) error {
		if err != nil {
			return err
		}
		row := workbook.FromReport(r)
		row.Label(found.Key, nil)
		row.Sign(report.SignedWords(r, note.Signed))
		row.Cells = row.Finished(thresholds.Default())
		return errors.Join(t.writers[0].Write(row), t.writers[1].Write(row))
	})
	if err != nil {
		return fmt.Errorf("%s: %w; if it is damaged, copy it in from a backup, or delete it", found.Key, err)
	}
	return nil
}

// end makes both visible, or with an error neither. The runs come last: while they say
// that they fit, the ports do.
func (t *tables) end(source string, err error) error {
	for _, w := range t.writers {
		if w != nil && err == nil {
			w.Mark(source)
			err = w.Close()
		}
	}
	for i := len(t.objects) - 1; i >= 0; i-- {
		if t.objects[i] != nil {
			err = t.objects[i].end(err)
		}
	}
	return err
}
