package workbook

import (
	"slices"
	"strings"

	"netready/report"
	"netready/thresholds"
)

const remarkGap = "; "

// A Marker says in Remarks which runs were judged by other limits than those of
// the workbook. It reads the column Limits, so it also finds rows that were pasted
// and rows whose workbook has been given new limits.
type Marker struct {
	Limits thresholds.Limits
	text   string // of the last row's limits: most have the same
	differ []string
}

// Mark renews that remark of a row and keeps the others.
func (m *Marker) Mark(row *Row) {
	l := runLayout()
	if row.RunID() == "" {
		return
	}
	var remarks []string
	if text := l.text(*row, l.remarks); text != "" {
		remarks = strings.Split(text, remarkGap)
	}
	remarks = slices.DeleteFunc(remarks, func(remark string) bool { return strings.HasPrefix(remark, RemarkLimits) })
	if differ := m.differs(l.text(*row, l.limits)); len(differ) > 0 {
		remarks = append(remarks, RemarkLimits+": "+strings.Join(differ, ", "))
	}
	row.Cells[l.remarks] = nil
	if len(remarks) > 0 {
		row.Cells[l.remarks] = strings.Join(remarks, remarkGap)
	}
}

func (m *Marker) differs(text string) []string {
	if text != m.text {
		m.text, m.differ = text, nil
		if limits, err := report.ParseLimits(text); err == nil {
			m.differ = differ(limits, m.Limits)
		}
	}
	return m.differ
}
