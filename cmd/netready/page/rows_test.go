package page

import (
	"encoding/json"
	"strings"
	"testing"

	"netready/probe/facts"
)

// The page's script decided by itself what a row means: optional and not measured was
// unknown there and a warning in the report.
func TestRowsCarryTheirVerdict(t *testing.T) {
	for _, test := range []struct {
		row  facts.PortRow
		want string
	}{
		{facts.PortRow{Status: facts.StatusPass}, "pass"},
		{facts.PortRow{Status: facts.StatusFail, Required: true}, "fail"},
		{facts.PortRow{Status: facts.StatusFail}, "warn"},
		{facts.PortRow{Status: facts.StatusNotMeasured}, "warn"},
		{facts.PortRow{Status: facts.StatusNotMeasured, Required: true}, "unknown"},
	} {
		text, err := json.Marshal(judgedRows([]facts.PortRow{test.row}))
		if err != nil || !strings.Contains(string(text), `"level":"`+test.want+`"`) || !strings.Contains(string(text), `"status":"`+test.row.Status+`"`) {
			t.Errorf("%s, required %v: %s, %v", test.row.Status, test.row.Required, text, err)
		}
	}
}
