package workbook

import (
	"fmt"

	"netready/thresholds"
)

// unreliableOf is the column that says which machine was too busy for figure i to
// be reliable; -1 where there is no such column.
func (l layout) unreliableOf(i int) int {
	switch graded[i].way {
	case thresholds.Up:
		return l.unreliableUp
	case thresholds.Down:
		return l.unreliableDown
	case thresholds.ThereAndBack:
	}
	return -1
}

// isDoubtful says that figure i of a row is not reliable: if it breaks a limit,
// the network need not be the cause.
func (l layout) isDoubtful(row Row, i int) bool { return l.text(row, l.unreliableOf(i)) != "" }

// conditions are the formulas that are true where figure i breaks its limit and is
// reliable, and where it breaks it and is not; "" for a figure that always is.
func (l layout) conditions(i int, at func(int) string) (broken, doubtful string) {
	breaks := graded[i].condition(at(l.figures[i]))
	place := l.unreliableOf(i)
	if place < 0 {
		return breaks, ""
	}
	return fmt.Sprintf("AND(LEN(%s)=0,%s)", at(place), breaks), fmt.Sprintf("AND(LEN(%s)>0,%s)", at(place), breaks)
}
