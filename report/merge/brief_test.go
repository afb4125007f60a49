package merge

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"netready/report"
	"netready/report/workbook"
)

// sameRow compares the row of a result that was read briefly with that of the
// same result read whole, where it can be.
func sameRow(t *testing.T, data []byte) {
	t.Helper()
	text, err := report.Decode(data)
	if err != nil {
		return
	}
	var some *report.Report
	err = report.ReadBriefly(text, func(r report.Report, _ report.Note, _ error) error {
		if some == nil {
			some = &r
		}
		return nil
	})
	all, _, wrong := report.ReadJSON(bytes.NewReader(data))
	if some == nil && wrong == nil {
		t.Fatalf("%v, and read whole it is a result", err)
	}
	if some == nil || reflect.DeepEqual(all, report.Report{}) {
		return
	}
	want, got := workbook.FromReport(all), workbook.FromReport(*some)
	if len(want.Ports) == 0 && len(got.Ports) == 0 {
		want.Ports, got.Ports = nil, nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestABriefRowIsTheWholeRow(t *testing.T) {
	for _, name := range testReports(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sameRow(t, data)
		})
	}
	sameRow(t, jsonOf(t, corpusRun(7)))
	for _, text := range []string{
		`{"voice":null,"firewall":null,"findings":null,"region":null}`,
		`{"firewall":[null,{"name":null},{"status":"fail","ports":"1-2","x":[{}]}],"findings":[null]}`,
		`{"v\u006fice":{"co\u0064ec":"opus"},"\ud800":1,"firewall":[{"n\u0061me":"a"}]}`,
		`{"voice":{"codec":"a","calls":1},"voice":{"codec":"b"}}`,
		`{"firewall":[{"name":"a","reason":"b"},{"name":"c"}],"firewall":[{"status":"pass"}]}`,
	} {
		sameRow(t, []byte(text))
	}
}

func testReports(tb testing.TB) []string {
	tb.Helper()
	names, err := filepath.Glob("../testdata/*.json")
	if err != nil || len(names) == 0 {
		tb.Fatal("no reports:", err)
	}
	return names
}

func FuzzBrief(f *testing.F) {
	for _, name := range testReports(f) {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { sameRow(t, data) })
}
