package workbook

import "testing"

func TestRoomForFigures(t *testing.T) {
	if len(graded) > mostFigures {
		t.Errorf("%d figures have a limit, and there is room for %d: raise mostFigures", len(graded), mostFigures)
	}
	for _, place := range shownFigures {
		if place < 0 {
			t.Error("a sheet shows a figure that has no limit")
		}
	}
}
