package html

import (
	"encoding/json"
	"fmt"
	"html/template"
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
	return clipPage.Execute(w, cells)
}

var clipPage = template.Must(template.New("clipboard").Parse(`<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel">
<head><meta charset="utf-8"></head>
<body><google-sheets-html-origin></google-sheets-html-origin><table><tr>{{range .}}
<td{{.Attributes}}>{{.Text}}</td>{{end}}
</tr></table></body></html>
`))

// clipCell is one cell: what it shows, and what it is.
type clipCell struct {
	Text       string
	Attributes template.HTMLAttr
}

// sheetDay0 is the day 0 of spreadsheets (Excel, LibreOffice and Google alike
// from March 1900 on).
var sheetDay0 = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

// Number formats: those of Excel as a style, of LibreOffice in sdnum (English
// as the language that they are written in).
const (
	numberCell = ` style="mso-number-format:General" x:num="%[1]s" sdval="%[1]s" sdnum="1033;" data-sheets-value="%[2]s"`
	timeCell   = ` style="mso-number-format:'yyyy\-mm\-dd hh\:mm\:ss'" x:num="%[1]s" sdval="%[1]s" sdnum="1033;0;YYYY-MM-DD HH:MM:SS" data-sheets-value="%[2]s" data-sheets-numberformat="{&quot;1&quot;:5,&quot;2&quot;:&quot;yyyy-mm-dd hh:mm:ss&quot;,&quot;3&quot;:1}"`
	textCell   = ` style="mso-number-format:'\@'" x:str="" sdnum="1033;0;@" data-sheets-value="%s"`
)

func newClipCell(v any) clipCell {
	switch v := v.(type) {
	case float64:
		return numeric(v, report.CellText(v), numberCell)
	case time.Time:
		days := v.UTC().Truncate(time.Second).Sub(sheetDay0).Hours() / 24
		return numeric(days, report.CellText(v), timeCell)
	}
	text := report.Guard(report.OneLine(report.CellText(v)))
	if text == "" {
		return clipCell{}
	}
	return clipCell{text, attributes(textCell, sheetsValue(2, text))}
}

func numeric(f float64, text, format string) clipCell {
	number := strconv.FormatFloat(f, 'f', -1, 64)
	return clipCell{text, attributes(format, number, sheetsValue(3, json.RawMessage(number)))}
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

// attributes are made of a format of ours and values, which are escaped here.
func attributes(format string, values ...string) template.HTMLAttr {
	escaped := make([]any, len(values))
	for i, v := range values {
		escaped[i] = template.HTMLEscapeString(v)
	}
	return template.HTMLAttr(fmt.Sprintf(format, escaped...))
}
