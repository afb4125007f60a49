package ooxml

import (
	"testing"
)

// Only the sheet that is shown is selected.
func TestASheetOfOthersIsNotSelected(t *testing.T) {
	for in, want := range map[string]string{
		`<worksheet><sheetViews><sheetView tabSelected="1" a="2"/></sheetViews><sheetData tabSelected="1"/><odd/></worksheet>`: `<worksheet><sheetViews><sheetView a="2"/></sheetViews><sheetData tabSelected="1"/><odd/></worksheet>`,
		`<chartsheet><sheetView workbookViewId="0" tabSelected="true"/></chartsheet>`:                                          `<chartsheet><sheetView workbookViewId="0"/></chartsheet>`,
		`<worksheet><sheetData/></worksheet>`: `<worksheet><sheetData/></worksheet>`,
	} {
		if got := string(unselected([]byte(in))); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
