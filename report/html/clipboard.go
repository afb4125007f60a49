package html

import (
	"encoding/json"
	"io"
	"strconv"
	"time"

	"netready/report"
)

// Row writes the row for the spreadsheet as a table for the clipboard, with
// a value and a type in each cell. Of plain text a spreadsheet guesses the type,
// and where the decimal mark is a comma it takes 4.364 for a date or a thousand.
// Each spreadsheet reads the attributes that it writes itself: Excel x:num,
// LibreOffice sdval and sdnum, Google Sheets data-sheets-value.
func Row(w io.Writer, r report.Report) error {
	var cells []clipCell
	for _, c := range report.Columns() {
		cells = append(cells, newClipCell(c.Value(&r)))
	}
	return Print(w, rowTable(cells))
}

// clipCell is one cell: what it shows, and what it is.
type clipCell struct {
	kind   cellKind
	text   string
	number string // of a number or a time, as spreadsheets count it
	sheets string // the value as Google Sheets writes it
}

// cellKind is the type of a cell's value. The number formats are in clipboard.qtpl: those
// of Excel as a style, of LibreOffice in sdnum (English as the language that they are
// written in).
type cellKind int

const (
	emptyCell cellKind = iota
	numberCell
	timeCell
	textCell
)

// sheetDay0 is the day 0 of spreadsheets (Excel, LibreOffice and Google alike
// from March 1900 on).
var sheetDay0 = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

func newClipCell(v any) clipCell {
	switch v := v.(type) {
	case float64:
		return numeric(numberCell, v, report.CellText(v))
	case time.Time:
		days := v.UTC().Truncate(time.Second).Sub(sheetDay0).Hours() / 24
		return numeric(timeCell, days, report.CellText(v))
	}
	text := report.Guard(report.OneLine(report.CellText(v)))
	if text == "" {
		return clipCell{}
	}
	return clipCell{kind: textCell, text: text, sheets: sheetsValue(2, text)}
}

func numeric(kind cellKind, f float64, text string) clipCell {
	number := strconv.FormatFloat(f, 'f', -1, 64)
	return clipCell{kind: kind, text: text, number: number, sheets: sheetsValue(3, json.RawMessage(number))}
}

// sheetsValue is a value as Google Sheets writes it: its type (2 text, 3 number)
// under "1", and under that type the value.
func sheetsValue(kind int, v any) string {
	text, err := json.Marshal(map[string]any{"1": kind, strconv.Itoa(kind): v})
	if err != nil {
		return "" // neither a text nor a number fails
	}
	return string(text)
}
