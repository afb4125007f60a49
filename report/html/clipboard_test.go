package html_test

import (
	"encoding/json"
	stdhtml "html"
	"strings"
	"testing"

	"netready/report/html"
)

// The same cells for Google Sheets: each value is valid JSON of its type.
func TestRowHTMLSheetsValues(t *testing.T) {
	r := htmlReport()
	r.Organization = `Zoë & "Söhne" <script>`
	var table strings.Builder
	if err := html.Row(&table, r); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(table.String(), "<script") || strings.Contains(table.String(), "ZgotmplZ") {
		t.Error("the markup of a name came through")
	}
	for part := range strings.SplitSeq(table.String(), `data-sheets-value="`) {
		value, _, found := strings.Cut(part, `"`)
		if !found || strings.HasPrefix(part, "<html") {
			continue
		}
		var v map[string]any
		if err := json.Unmarshal([]byte(stdhtml.UnescapeString(value)), &v); err != nil {
			t.Errorf("%q: %v", value, err)
		}
	}
}
