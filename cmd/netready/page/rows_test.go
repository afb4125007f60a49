package page

import (
	"encoding/json"
	"strings"
	"testing"

	"netready/probe"
)

// The page's script decided on its own what a row comes to: optional and not
// measured was unknown there and a warning in the report.
func TestRowsCarryTheirVerdict(t *testing.T) {
	for _, test := range []struct {
		row  probe.PortRow
		want string
	}{
		{probe.PortRow{Status: probe.StatusPass}, "pass"},
		{probe.PortRow{Status: probe.StatusFail, Required: true}, "fail"},
		{probe.PortRow{Status: probe.StatusFail}, "warn"},
		{probe.PortRow{Status: probe.StatusNotMeasured}, "warn"},
		{probe.PortRow{Status: probe.StatusNotMeasured, Required: true}, "unknown"},
	} {
		text, err := json.Marshal(judgedRows([]probe.PortRow{test.row}))
		if err != nil || !strings.Contains(string(text), `"level":"`+test.want+`"`) || !strings.Contains(string(text), `"status":"`+test.row.Status+`"`) {
			t.Errorf("%s, required %v: %s, %v", test.row.Status, test.row.Required, text, err)
		}
	}
}
