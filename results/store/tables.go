package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"netready/report"
	"netready/report/parquet"
	"netready/report/parquet/readback"
	"netready/report/workbook"
	"netready/thresholds"
)

// Names of the tables in Parquet, and of their folders.
const (
	tableRuns  = "runs"
	tablePorts = "ports"
)

// tablesMade counts the ways in which tables were made: one more when what stands in a column
// changes. Columns themselves only come, so that their number tells the rest.
const tablesMade = 2

// made is what a table says of itself: the segment that it was made from, and how. Engines
// read the tables of many days as one, so that those of all days are made in one way: the
// latest of the programs that share the store.
type made struct {
	from         string
	columns, way int
}

func madeNow(from string) made {
	return made{from, len(parquet.RunsColumns()) + len(parquet.PortsColumns()), tablesMade}
}

func (m made) String() string { return fmt.Sprintf("%s %d %d", m.from, m.columns, m.way) }

// parseMade reads what a table says of itself; what says nothing is from before all.
func parseMade(text string) (m made) {
	_, _ = fmt.Sscanf(text, "%s %d %d", &m.from, &m.columns, &m.way)
	return m
}

// fits says whether a table need not be made again by a program that would make another.
func (m made) fits(other made) bool {
	return m.from == other.from && m.columns >= other.columns && m.way >= other.way
}

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
		now, there, err := s.made(ctx, c.table(name))
		switch {
		case err != nil:
			return false, err
		case source == "" && there, source != "" && !now.fits(madeNow(source)):
			return false, nil
		}
	}
	return true, nil
}

// made reads what a table says of itself, and whether there is one.
func (s *Store) made(ctx context.Context, key string) (m made, there bool, err error) {
	about, err := s.bucket.Attributes(ctx, key)
	if isMissing(err) {
		return m, false, nil
	}
	if err != nil {
		return m, false, fmt.Errorf("reading from the store: %w", err)
	}
	mark, err := readback.Mark(&ranges{ctx, s, key}, about.Size)
	if err != nil {
		s.options.Log.Warn("a table is made again", "key", key, "reason", err)
		return m, true, nil
	}
	return parseMade(mark), true, nil
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
		return 0, s.removeTables(ctx, in)
	}
	if err := s.hasRoom(true); err != nil {
		return 0, err
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

// removeTables removes those of a partition; the next Compact makes them again if it has runs.
func (s *Store) removeTables(ctx context.Context, in partition) error {
	return s.removeKeys(ctx, []string{in.table(tableRuns), in.table(tablePorts)})
}

// tables are the two tables of a partition, being written.
type tables struct {
	objects [2]*object
	writers [2]*parquet.Writer
	marker  workbook.Marker
}

func (s *Store) newTables(ctx context.Context, in partition) (*tables, error) {
	t := &tables{marker: workbook.Marker{Limits: thresholds.Default()}}
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
		row := workbook.FromFile(found.Key, r, note)
		t.marker.Mark(&row)
		row.Cells = row.Finished(t.marker.Limits)
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
			w.Mark(madeNow(source).String())
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
