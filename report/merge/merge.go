// Package merge turns result files, folders, archives and older workbooks
// into the rows of one workbook, each run once.
package merge

import (
	"cmp"
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"netready/report/workbook"
	"netready/thresholds"
)

// A Merge says what to merge into what.
type Merge struct {
	Sources  []string  // files, folders, archives, patterns, workbooks; "-" is a list on Stdin
	Stdin    io.Reader // of the list
	Out      string    // the workbook; "" for none
	Append   bool      // to the workbook Out, if there is one
	CSV      string    // the same rows as a CSV file; "" for none, "-" for Stdout
	JSON     string    // the same rows as JSON; "" for none, "-" for Stdout
	Parquet  string    // a folder for the rows and their ports as tables in Parquet; "" for none
	Stdout   io.Writer
	Limits   *thresholds.Limits // of the workbook; nil: those of the old one, or the documented ones
	Zone     *time.Location     // of the hours of the day; nil: UTC
	Version  string             // of the program
	Now      time.Time          // when the workbook is made
	MaxRows  int                // of a sheet; 0: as many as Excel allows
	Progress func(done, found int)
	Only     Filter // of the runs of all sources
	// Elsewhere is the place that an argument or a line of the list names, and whether it
	// names one; nil: all are files.
	Elsewhere func(argument string) (Place, bool)
}

// A Report says what a merge did.
type Report struct {
	Runs    int // in the workbook, all of them
	Added   int // that it had not
	LeftOut []workbook.LeftOut
	Kept    string   // the copy of the workbook as it was before; "" where there was none
	Cleared []string // files of an earlier merge that was killed, now removed
	Outside int      // results that Only did not let through
	Places  []Taking // what came of the places
}

// Do merges. What could not be used is in the Report; an error means that
// nothing was written, and of the Report only Cleared and LeftOut count.
func (m Merge) Do(ctx context.Context) (Report, error) {
	c := &collection{merge: m, byID: map[string]int{}, named: map[int32]string{}, repeats: map[int32]string{}}
	defer c.close()
	if err := c.start(); err != nil {
		return Report{}, err
	}
	if err := c.collect(ctx); err != nil {
		return Report{}, err
	}
	c.leaveOutDoubts()
	c.leaveOutRepeated()
	c.sort()
	if err := c.write(ctx); err != nil {
		return Report{Cleared: c.cleared, LeftOut: c.leftOut}, err
	}
	done := Report{LeftOut: c.leftOut, Kept: c.kept, Cleared: c.cleared, Outside: c.outside, Places: c.takings}
	for _, e := range c.entries {
		if !e.own {
			done.Runs++
		}
		if !e.hasOld {
			done.Added++
		}
	}
	return done, nil
}

// A collection is what has been found so far.
type collection struct {
	merge    Merge
	limits   thresholds.Limits
	old      *workbook.Old
	spool    *spool
	entries  []entry
	byID     map[string]int // place in entries
	firewall []workbook.MachinePorts
	leftOut  []workbook.LeftOut
	closers  []io.Closer
	doubts   []doubted
	named    map[int32]string // sources that the user has named, by place
	repeats  map[int32]string // by source: a run that another source has too
	unnamed  int              // left out beyond those in leftOut
	kept     string           // the copy of the workbook that was there
	cleared  []string
	known    names    // of items that are in the old workbook
	takings  []Taking // of the places
	outside  int      // results that Only did not let through
}

// An entry is one run.
type entry struct {
	id      string
	started int64 // Unix milliseconds
	row     slot  // of the best source; unset where only the old workbook has it
	old     slot
	place   int32 // of the source it came from, or of the row in the old workbook
	from    int32 // the source of row
	rank    rank
	hasRow  bool
	hasOld  bool
	own     bool // a row that somebody has typed: no run
}

// rank says which of two sources of one run is used: the higher one.
type rank int8

const (
	rankWorkbook rank = iota
	rankEdited        // a file whose checksum or signature does not fit
	rankText
	rankJSON
	rankSignedText // its signature fits: nobody has changed it since
	rankSignedJSON
)

func (c *collection) start() error {
	var err error
	if c.spool, err = newSpool(); err != nil {
		return err
	}
	c.limits = thresholds.Default()
	if c.merge.Out != "" {
		if err := inUse(c.merge.Out); err != nil {
			return err
		}
	}
	if c.merge.Append {
		if err := c.openOld(); err != nil {
			return err
		}
	}
	if c.merge.Limits != nil {
		c.limits = *c.merge.Limits
	}
	return nil
}

func (c *collection) close() {
	if c.spool != nil {
		_ = c.spool.close() // a temporary file: nothing to lose
	}
	if c.old != nil {
		_ = c.old.Close() // likewise
	}
	for _, closer := range c.closers {
		_ = closer.Close() // read only
	}
}

// A reading is the outcome of one source.
type reading struct {
	place    int32
	named    string // by the user; "" where it was found
	org      string // that the source lies under; "": not known
	rows     []rankedRow
	firewall []workbook.MachinePorts
	leftOut  []workbook.LeftOut
}

type rankedRow struct {
	workbook.Row
	rank rank
}

// A job is a source to be read, and its place among all.
type job struct {
	source
	place int32
}

// find sends the sources as jobs, and sends at once what is not a source.
func (c *collection) find(ctx context.Context, jobs chan<- job, readings chan<- reading) error {
	place := int32(0)
	f := &finder{
		stdin: c.merge.Stdin, skip: c.skipped(), appends: c.merge.Append, memory: semaphore.NewWeighted(maxInMemory),
		elsewhere: c.merge.Elsewhere, known: &c.known,
		leftOut: func(l workbook.LeftOut) {
			place++
			readings <- reading{place: place, leftOut: []workbook.LeftOut{l}}
		},
		emit: func(s source) error {
			place++
			select {
			case jobs <- job{s, place}:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		},
	}
	err := f.find(ctx, c.merge.Sources)
	c.closers, c.takings = f.closers, f.takings
	return err
}

// mostReaders bounds the files that are in memory at once.
const mostReaders = 16

// collect reads all sources, several at a time, and keeps each run once.
func (c *collection) collect(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	jobs, readings := make(chan job, 64), make(chan reading, 64)
	var readers, all sync.WaitGroup
	all.Go(func() {
		defer close(jobs)
		if err := c.find(ctx, jobs, readings); err != nil {
			cancel(err)
		}
	})
	for range min(2*runtime.GOMAXPROCS(0), mostReaders) { // on a slow disk or a network share some of them wait
		readers.Go(func() {
			r := reader{}
			for j := range jobs {
				r.read(j.source, j.place, func(one reading) {
					if j.named && !j.workbook {
						one.named = j.name
					}
					one.org = j.org
					readings <- one
				})
			}
		})
	}
	go func() {
		all.Wait()
		readers.Wait()
		close(readings)
	}()
	var failed error
	done := 0
	for r := range readings { // to the end, so that no goroutine is left waiting
		if failed == nil {
			if failed = c.take(r); failed != nil {
				cancel(failed)
			}
		}
		if done++; c.merge.Progress != nil && done%64 == 0 {
			c.merge.Progress(done, done+len(jobs))
		}
	}
	if c.merge.Progress != nil {
		c.merge.Progress(done, done)
	}
	if failed == nil && ctx.Err() != nil {
		failed = context.Cause(ctx)
	}
	return failed
}

// skipped are files that lie in a source folder but are the merge's own.
func (c *collection) skipped() []string {
	var names []string
	for _, name := range []string{c.merge.Out, c.merge.CSV, c.merge.JSON} {
		if name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return append(names, c.merge.parquetFiles()...)
}

// take adds the outcome of one source.
func (c *collection) take(r reading) error {
	c.leaveOut(r.leftOut...)
	if r.named != "" {
		c.named[r.place] = r.named
	}
	c.firewall = append(c.firewall, r.firewall...)
	for _, row := range r.rows {
		if !c.merge.Only.lets(&row.Row, r.org) {
			c.outside++
			continue
		}
		if err := c.takeRow(row, r.place); err != nil {
			return err
		}
	}
	return nil
}

func (c *collection) takeRow(row rankedRow, place int32) error {
	id := row.RunID()
	at, seen := c.byID[id]
	if seen {
		e := c.entries[at]
		if e.hasRow && e.rank == row.rank {
			c.repeated(id, max(e.from, place))
		}
		if e.hasRow && (e.rank > row.rank || e.rank == row.rank && e.from <= place) {
			return nil
		}
		if e.hasOld && row.rank == rankWorkbook {
			return nil
		}
	} else {
		at = len(c.entries)
		c.entries = append(c.entries, entry{id: id})
		c.byID[id] = at
	}
	slot, err := c.spool.put(row.Row)
	if err != nil {
		return err
	}
	e := &c.entries[at]
	e.row, e.rank, e.hasRow, e.from, e.started = slot, row.rank, true, place, row.Started().UnixMilli()
	if !e.hasOld {
		e.place = place
	}
	return nil
}

// sort puts the rows of the old workbook first, in their order, and the new ones
// below in the order of time. It keeps the ports that workbooks have of runs that
// are there.
func (c *collection) sort() {
	slices.SortFunc(c.entries, func(a, b entry) int {
		switch {
		case a.hasOld != b.hasOld:
			if a.hasOld {
				return -1
			}
			return 1
		case a.hasOld:
			return int(a.place - b.place)
		}
		return cmp.Or(cmp.Compare(a.started, b.started), cmp.Compare(a.id, b.id))
	})
	// Samples have left Runs, and people delete rows there.
	c.firewall = slices.DeleteFunc(c.firewall, func(ports workbook.MachinePorts) bool {
		_, kept := c.byID[ports.RunID]
		return !kept
	})
	c.byID = nil
	defer c.leaveOutUnnamed()
	slices.SortStableFunc(c.leftOut, func(a, b workbook.LeftOut) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Line, b.Line))
	})
}

// rows yields the rows in their order, marked by the limits of the workbook.
func (c *collection) rows(yield func(workbook.Row, error) bool) {
	marker := workbook.Marker{Limits: c.limits}
	for _, e := range c.entries {
		row, err := c.row(e)
		if err == nil {
			marker.Mark(&row)
		}
		if !yield(row, err) || err != nil {
			return
		}
	}
}

func (c *collection) row(e entry) (workbook.Row, error) {
	if !e.hasRow {
		return c.spool.get(e.old)
	}
	row, err := c.spool.get(e.row)
	if err != nil || !e.hasOld {
		return row, err
	}
	old, err := c.spool.get(e.old)
	row.Adopt(old)
	return row, err
}

var errNothing = errors.New("nothing was found in the sources: give result files, folders or archives")
