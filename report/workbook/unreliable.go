package workbook

import (
	"fmt"

	"netready/thresholds"
)

// unreliableOf is where a row says who was too busy for figure i to be relied
// on, -1 where no column does.
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

// isDoubtful says that figure i of a row cannot be relied on: a limit that it
// breaks is not broken by the network.
func (l layout) isDoubtful(row Row, i int) bool { return l.text(row, l.unreliableOf(i)) != "" }

// conditions are the formulas that are true where figure i breaks its limit,
// and where it does so and cannot be relied on; "" where it always can.
func (l layout) conditions(i int, at func(int) string) (broken, doubtful string) {
	breaks := graded[i].condition(at(l.figures[i]))
	place := l.unreliableOf(i)
	if place < 0 {
		return breaks, ""
	}
	return fmt.Sprintf("AND(LEN(%s)=0,%s)", at(place), breaks), fmt.Sprintf("AND(LEN(%s)>0,%s)", at(place), breaks)
}
