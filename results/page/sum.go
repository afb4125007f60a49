package page

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"netready/results/store"
	"netready/thresholds"
)

// Bounds of what is kept of a day, whatever a store holds.
const (
	mostGroups = 20_000 // machines, places or organisations that are told apart
	shownTop   = 15     // of them, the worst
	shownOrgs  = 200    // organisations
	pageRuns   = 100    // runs of a page of the list
)

// count is runs by verdict.
type count struct{ Runs, Ready, NotReady, Undetermined int }

func (c *count) add(v thresholds.Verdict) {
	c.Runs++
	switch v {
	case thresholds.Ready:
		c.Ready++
	case thresholds.NotReady:
		c.NotReady++
	default:
		c.Undetermined++
	}
}

// group is the runs of a machine, a place, an organisation.
type group struct {
	count
	Name, Org string
	LowestMOS *float64
	First     string // what to look at first, of the newest run that was not ready
	newest    int64
}

func (g *group) add(row store.Row) {
	g.count.add(row.Verdict)
	for _, mos := range []*float64{row.MOSUp, row.MOSDown} {
		if mos != nil && (g.LowestMOS == nil || *mos < *g.LowestMOS) {
			g.LowestMOS = mos
		}
	}
	if at := row.Started.UnixNano(); row.Verdict == thresholds.NotReady && at >= g.newest {
		g.newest, g.First = at, row.First
	}
}

type groupKey struct{ org, name string }

// groups are told apart by their names.
type groups struct {
	all    map[groupKey]*group
	Missed int // runs whose group is not among these
}

func (g *groups) add(org, name string, row store.Row) {
	key := groupKey{org, name}
	one, known := g.all[key]
	if !known {
		if len(g.all) == mostGroups {
			g.Missed++
			return
		}
		if g.all == nil {
			g.all = map[groupKey]*group{}
		}
		key = groupKey{strings.Clone(org), strings.Clone(name)}
		one = &group{Name: key.name, Org: key.org}
		g.all[key] = one
	}
	one.add(row)
}

// worst are the groups with the highest share of runs that were not ready, then those with the most of them.
func (g *groups) worst(most int) []*group {
	list := make([]*group, 0, len(g.all))
	for _, one := range g.all {
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b *group) int {
		return cmp.Or(cmp.Compare(b.NotReady*a.Runs, a.NotReady*b.Runs), cmp.Compare(b.NotReady, a.NotReady),
			cmp.Compare(b.Undetermined, a.Undetermined), strings.Compare(a.Org, b.Org), strings.Compare(a.Name, b.Name))
	})
	return list[:min(len(list), most)]
}

// sum is a day.
type sum struct {
	count
	machines, locations, orgs groups
	hours                     [24]count
	list                      []store.Row // the newest first
	more                      bool        // there are older ones that the list would show
	last                      mark        // the oldest in the list, where there are more
	matching                  int         // runs that the filter lets through, on all pages
}

// sumUp reads the index of a day once.
func sumUp(rows iter.Seq2[store.Row, error], a asked) (*sum, error) {
	s := &sum{}
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		s.add(row.Verdict)
		s.hours[row.Started.UTC().Hour()].add(row.Verdict)
		s.machines.add(row.Org, row.Machine, row)
		s.locations.add(row.Org, row.Location, row)
		s.orgs.add(row.Org, "", row)
		if a.filter.holds(row) {
			s.matching++
			s.keep(row, a.before)
		}
	}
	s.cut()
	return s, nil
}

// keep puts a run into the list, which is sorted and cut when it has twice its length.
func (s *sum) keep(row store.Row, before mark) {
	if !before.older(row) {
		return
	}
	if s.more && s.last.older(row) {
		return // a hundred newer ones are known
	}
	if s.list = append(s.list, row); len(s.list) >= 2*pageRuns+2 {
		s.cut()
	}
}

func (s *sum) cut() {
	slices.SortFunc(s.list, func(a, b store.Row) int {
		return cmp.Or(b.Started.Compare(a.Started), strings.Compare(b.Key, a.Key))
	})
	if len(s.list) > pageRuns {
		clear(s.list[pageRuns:])
		s.list = s.list[:pageRuns]
		s.more, s.last = true, markOf(s.list[pageRuns-1])
	}
}
