package report

import (
	"fmt"
	"strings"
	"testing"

	"netready/probe/facts"
	"netready/thresholds"
)

// A merge reads of the findings only the first that is no pass, and says of a wrong one
// what the whole reading says.
func TestFindingsReadBriefly(t *testing.T) {
	const result = "{\n\"schema\": 1, \"run_id\": \"01ARZ3NDEKTSV4RRFFQ69G5FAV\", \"started_at\": \"2026-11-01T08:00:00Z\", \"verdict\": \"not_ready\",\n\"findings\": [\n%s\n]}"
	pass, fail := `{"level": "pass", "what": "mos_up", "text": "good"}`, `{"level": "fail", "what": "jitter_up", "got": %s, "text": "bad"}`
	read := func(text string, reader func(Report)) (wrong string) {
		err := ReadBriefly([]byte(text), func(r Report, _ Note, err error) error {
			reader(r)
			return err
		})
		return fmt.Sprint(err)
	}
	good := fmt.Sprintf(result, strings.Join([]string{pass, fmt.Sprintf(fail, "31"), pass, fmt.Sprintf(fail, "32")}, ",\n"))
	if wrong := read(good, func(r Report) {
		if len(r.Findings) != 1 || r.Findings[0].Level != thresholds.Fail || *r.Findings[0].Got != 31 {
			t.Errorf("read %+v", r.Findings)
		}
	}); wrong != "<nil>" {
		t.Error(wrong)
	}
	for _, bad := range []string{fmt.Sprintf(fail, `"many"`), "7", `{"level": 5}`} {
		text := fmt.Sprintf(result, pass+",\n"+bad)
		_, _, whole := ReadJSON(strings.NewReader(text))
		if got := read(text, func(Report) {}); whole == nil || got != whole.Error() {
			t.Errorf("%s: %s, want %v", bad, got, whole)
		}
	}
}

// A figure that no run measures would pass, or fail, a limit: each bound of the table holds.
func TestImpossibleFigures(t *testing.T) {
	for _, m := range thresholds.Measures() {
		if m.Single() {
			continue
		}
		for got, good := range map[float64]bool{m.Least: true, m.Least - 0.1: false, m.Most: true, m.Most + 0.1: m.Most == 0} {
			d := thresholds.KeepLimits(&facts.Direction{})
			*m.Side(d) = new(got)
			if err := impossible("up", d); (err == nil) != (good || m.Most == 0 && got >= m.Least) {
				t.Errorf("%s %v: %v", m.Setting, got, err)
			}
		}
	}
}
