package merge

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"netready/report"
	"netready/report/workbook"
)

// sameRow compares the row of a result that was read leanly with that of the
// same result read whole, where it can be.
func sameRow(t *testing.T, data []byte) {
	t.Helper()
	var all report.Report
	if json.UnmarshalDecode(jsontext.NewDecoder(bytes.NewReader(data), lenient), &all) != nil {
		return
	}
	d := jsontext.NewDecoder(bytes.NewReader(data), lenient)
	var some report.Report
	if err := readReport(d, &some); err != nil {
		t.Fatalf("%v, which the library reads", err)
	}
	want, got := workbook.FromReport(all), workbook.FromReport(some)
	if len(want.Ports) == 0 && len(got.Ports) == 0 {
		want.Ports, got.Ports = nil, nil
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestLeanRowIsTheWholeRow(t *testing.T) {
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

func FuzzLean(f *testing.F) {
	for _, name := range testReports(f) {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { sameRow(t, data) })
}
