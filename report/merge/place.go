package merge

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"netready/report/workbook"
)

// A Place is a source that is no file, as the store of a responder: a list of results.
type Place struct {
	Name string // as the workbook names it, without secrets
	// Items are its results, in any order. known says of an item's name that the
	// workbook, which is added to, has this run from there; nil where it has none. An
	// error with an item says why it is left out; the list goes on. One without the name
	// of an item is of the place.
	Items func(ctx context.Context, known func(name string) bool) iter.Seq2[Item, error]
}

// An Item is one result of a Place.
type Item struct {
	Name  string // of the source, in the workbook; one name is one run for ever
	RunID string // that the place says it is
	Org   string // the organisation that it lies under there; "": the result's own
	Data  []byte // its JSON
}

// A Taking says what came of a Place.
type Taking struct {
	Name   string
	Read   int  // results that were read
	Known  int  // that were in the workbook already, and were not asked for
	Failed bool // it could not be read, or not to its end: LeftOut says why
}

// A Filter says which runs are taken, of all sources. A zero field is no bound. It is
// not for the runs of a workbook that is added to: they stay.
type Filter struct {
	Since, Until time.Time // of the start: Since <= start < Until
	Org, Region  string    // exactly so
}

// lets says whether a run is taken. org is the organisation that it lies under, where it
// does so.
func (f Filter) lets(row *workbook.Row, org string) bool {
	at := row.Started()
	return (f.Since.IsZero() || !at.Before(f.Since)) && (f.Until.IsZero() || at.Before(f.Until)) &&
		(f.Org == "" || f.Org == cmp.Or(org, row.Organization())) && (f.Region == "" || f.Region == row.Region())
}

// place visits the results of a place.
func (f *finder) place(ctx context.Context, p Place) error {
	taking := Taking{Name: p.Name}
	defer func() { f.takings = append(f.takings, taking) }()
	var known func(string) bool
	if f.known.any() {
		known = func(name string) bool {
			has := f.known.has(name)
			if has {
				taking.Known++
			}
			return has
		}
	}
	for item, err := range p.Items(ctx, known) {
		if err != nil {
			taking.Failed = taking.Failed || item.Name == ""
			f.leaveOut(cmp.Or(item.Name, p.Name), err.Error())
			continue
		}
		if err := f.item(ctx, item); err != nil {
			return err
		}
		taking.Read++
	}
	return context.Cause(ctx)
}

// item hands one result over. It waits in memory; if too much is kept, this waits.
func (f *finder) item(ctx context.Context, item Item) error {
	size := min(int64(len(item.Data)), maxInMemory)
	if err := f.memory.Acquire(ctx, size); err != nil {
		return context.Cause(ctx)
	}
	f.found++
	return f.emit(source{name: item.Name, runID: item.RunID, org: item.Org, open: func() (io.ReadCloser, error) {
		return &memoryFile{bytes.NewReader(item.Data), f.memory, size}, nil
	}})
}

// belongs says why the rows of an item are not the run that its place says.
func belongs(s source, rows []rankedRow) error {
	switch {
	case s.runID == "":
		return nil
	case len(rows) != 1:
		return fmt.Errorf("%d results where one run has to be: it is left out", len(rows))
	case rows[0].RunID() != s.runID:
		return fmt.Errorf("it is named run %s there and says it is run %s: it is left out", s.runID, rows[0].RunID())
	}
	return nil
}

// shown are the sources as the workbook names them: a place has secrets in its argument.
func (m Merge) shown() []string {
	names := slices.Clone(m.Sources)
	for i, argument := range names {
		if m.Elsewhere == nil {
			break
		}
		if place, ok := m.Elsewhere(argument); ok {
			names[i] = place.Name
		}
	}
	return names
}

// names are those of the items that a workbook has, eight bytes each.
type names struct {
	seed maphash.Seed
	all  map[uint64]struct{}
}

// add notes a name, if it can be an item's.
func (n *names) add(name string) {
	if !strings.Contains(name, "://") {
		return
	}
	if n.all == nil {
		n.seed, n.all = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	n.all[maphash.String(n.seed, name)] = struct{}{}
}

func (n *names) any() bool { return n != nil && len(n.all) > 0 }

func (n *names) has(name string) bool {
	_, ok := n.all[maphash.String(n.seed, name)]
	return ok
}

// ErrNoneCame is a merge without a run of which a place could not be read: a workbook
// without runs would take the place of one that has some.
var ErrNoneCame = errors.New("no run came, so nothing was written")

var errNoneThere = errors.New("no result is stored there that this invite reads; nothing was written")

var errNoneTaken = errors.New("no run is within --since, --until, --org and --region: ask for more; nothing was written")
