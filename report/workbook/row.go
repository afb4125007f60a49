package workbook

import (
	"slices"
	"strings"
	"time"

	"netready/thresholds"
)

// Headers are the names of the columns of the sheet Runs, in their order.
func Headers() []string {
	var names []string
	for _, column := range runLayout().columns {
		names = append(names, column.Header)
	}
	return names
}

// RunID is the run's name, "" in a row that somebody has typed.
func (r *Row) RunID() string { l := runLayout(); return l.text(*r, l.runID) }

// Organization is what the run calls its organisation, "" where it does not.
func (r *Row) Organization() string { l := runLayout(); return l.text(*r, l.organization) }

// Region is the ID of the run's region.
func (r *Row) Region() string { l := runLayout(); return l.text(*r, l.region) }

// Source names the file or place that the row came from.
func (r *Row) Source() string { l := runLayout(); return l.text(*r, l.source) }

// Started is when the run began; zero where the row does not say.
func (r *Row) Started() time.Time {
	if at := runLayout().started; at < len(r.Cells) {
		when, _ := r.Cells[at].(time.Time)
		return when
	}
	return time.Time{}
}

// IsSample says whether the row came with a template.
func (r *Row) IsSample() bool {
	l := runLayout()
	return strings.Contains(l.text(*r, l.remarks), RemarkSample)
}

// Label names the file that the row came from and what is odd about it.
func (r *Row) Label(source string, remarks []string) {
	l := runLayout()
	r.Cells[l.source], r.Cells[l.remarks] = source, nil
	if len(remarks) > 0 {
		r.Cells[l.remarks] = strings.Join(remarks, remarkGap)
	}
}

// sign says what the signature of the run's file tells.
func (r *Row) sign(words string) { r.Cells[runLayout().signature] = words }

// Adopt takes over what people have typed into an older row of the same run, and
// the older row's place.
func (r *Row) Adopt(old Row) {
	l := runLayout()
	if l.text(*r, l.notes) == "" {
		r.Cells[l.notes] = old.Cells[l.notes]
	}
	if len(r.Extra) == 0 {
		r.Extra = old.Extra
	}
	if len(r.Styled) == 0 {
		r.Styled = old.Styled
	}
	if r.OldRow == 0 {
		r.OldRow = old.OldRow
	}
}

// Contradicts names the first column that shows that another row with the same
// Run ID is of another run; "" where both can be the same run.
func (r *Row) Contradicts(other Row) string {
	l := runLayout()
	for _, place := range []int{l.started, l.machine, l.region} {
		a, b := l.text(*r, place), l.text(other, place)
		if a != "" && b != "" && a != b {
			return l.columns[place].Header
		}
	}
	return ""
}

// Finished are the row's cells with the value of Ready in its place.
func (r *Row) Finished(limits thresholds.Limits) []any {
	l := runLayout()
	if r.RunID() == "" {
		return r.Cells
	}
	_, ready := l.judge(*r, limitValues(limits))
	cells := slices.Clone(r.Cells)
	cells[l.ready] = ready.String()
	return cells
}
