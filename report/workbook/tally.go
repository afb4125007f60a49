package workbook

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strings"
	"time"
)

// A tally is the small index that the derived sheets are made from: some
// eighty bytes a run and three hundred a machine, whatever the run's report weighs.
type tally struct {
	zone      *time.Location
	runs      []tallied
	machines  numbering[machineKey]
	locations numbering[string]
	ports     portTally

	first      time.Time
	last       time.Time
	otherLimit int // runs judged by other limits
	edited     int
}

func newTally(zone *time.Location) *tally {
	t := &tally{zone: zone}
	t.ports.machines = &t.machines
	return t
}

// A numbering numbers values in the order in which they first come, so that a
// run holds a small number and the value is kept once.
type numbering[T comparable] struct {
	values []T
	at     map[T]int
}

// of is the number of a value. clone copies one that is new: the strings of a
// row are slices of the whole row, and would keep it in memory.
func (n *numbering[T]) of(value T, clone func(T) T) int {
	if at, ok := n.at[value]; ok {
		return at
	}
	if n.at == nil {
		n.at = map[T]int{}
	}
	value = clone(value)
	n.at[value] = len(n.values)
	n.values = append(n.values, value)
	return len(n.values) - 1
}

type machineKey struct{ organization, machine string }

func (k machineKey) clone() machineKey {
	return machineKey{strings.Clone(k.organization), strings.Clone(k.machine)}
}

// tallied is one run.
type tallied struct {
	figures  [mostFigures]float32 // NaN: not measured
	started  int64                // Unix seconds; 0: unknown
	machine  int32
	location int32
	hour     int8 // of the day, in the zone of the workbook; -1: unknown
	weekday  int8 // 0 is Monday
	state    state
	ports    uint8 // required ones that failed; 255: so many or more
}

// state is what the column Ready says.
type state int8

const (
	stateUndetermined state = iota
	stateReady
	stateNotReady
)

// when notes the time of a run.
func (t *tally) when(run *tallied, started time.Time) {
	run.hour = -1
	if started.IsZero() {
		return
	}
	local := started.In(t.zone)
	run.started = started.Unix()
	run.hour = int8(local.Hour())
	run.weekday = int8((local.Weekday() + 6) % 7)
	if t.first.IsZero() || started.Before(t.first) {
		t.first = started
	}
	if started.After(t.last) {
		t.last = started
	}
}

// A spread sums up one figure over some runs; NaN where none has it.
type spread struct{ median, p95, worst float64 }

// spreadOf sums up figure i over runs. The 95th percentile looks at the bad
// side: 95 % of the runs were as good as that, or better (nearest rank).
func spreadOf(runs []tallied, i int) spread {
	list := make([]float32, 0, len(runs))
	for _, run := range runs {
		if !math.IsNaN(float64(run.figures[i])) {
			list = append(list, run.figures[i])
		}
	}
	if len(list) == 0 {
		return spread{math.NaN(), math.NaN(), math.NaN()}
	}
	slices.Sort(list)
	median := round3(list[len(list)/2])
	if len(list)%2 == 0 {
		median = math.Round((float64(list[len(list)/2-1])+float64(list[len(list)/2]))*500) / 1000
	}
	if graded[i].AtLeast {
		slices.Reverse(list)
	}
	rank := int(math.Ceil(0.95*float64(len(list)))) - 1
	return spread{median, round3(list[rank]), round3(list[len(list)-1])}
}

// A group is runs that have something in common.
type group struct {
	runs                          []tallied
	ready, notReady, undetermined int
}

func groupOf(runs []tallied) group {
	g := group{runs: runs}
	for _, run := range runs {
		switch run.state {
		case stateReady:
			g.ready++
		case stateNotReady:
			g.notReady++
		default:
			g.undetermined++
		}
	}
	return g
}

// badShare is how often not ready, in percent.
func (g group) badShare() float64 {
	if len(g.runs) == 0 {
		return 0
	}
	return math.Round(1000*float64(g.notReady)/float64(len(g.runs))) / 10
}

// by sorts the runs by a key and cuts them into groups of one key each. The
// groups share the tally's own memory: use one sorting before the next.
func (t *tally) by(key func(tallied) int64) iter.Seq[group] {
	slices.SortStableFunc(t.runs, func(a, b tallied) int { return cmp.Compare(key(a), key(b)) })
	return func(yield func(group) bool) {
		for start := 0; start < len(t.runs); {
			end := start + 1
			for end < len(t.runs) && key(t.runs[end]) == key(t.runs[start]) {
				end++
			}
			if !yield(groupOf(t.runs[start:end])) {
				return
			}
			start = end
		}
	}
}
