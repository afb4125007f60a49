package merge

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"netready/report"
	"netready/report/workbook"
)

var now = time.Date(2026, 11, 24, 1, 2, 3, 0, time.UTC)

func textOf(tb testing.TB, r report.Report) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := report.WriteText(&b, r); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func jsonOf(tb testing.TB, r report.Report) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := report.WriteJSON(&b, r); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func put(tb testing.TB, name string, data []byte) string {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		tb.Fatal(err)
	}
	return name
}

func zipOf(tb testing.TB, files map[string][]byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range files {
		file, err := w.Create(name)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := file.Write(data); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// do merges and wants so many runs.
func do(t *testing.T, m Merge, runs int) Report {
	t.Helper()
	m.Now = now
	got, err := m.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Runs != runs {
		t.Errorf("%d runs, want %d; left out: %v", got.Runs, runs, got.LeftOut)
	}
	return got
}

// sheet reads Runs back, by header.
func sheet(t *testing.T, name string) []map[string]string {
	t.Helper()
	f, err := excelize.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(workbook.SheetRuns, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]string
	for _, row := range rows[1:] {
		cells := map[string]string{}
		for i, cell := range row {
			if i < len(rows[0]) {
				cells[rows[0][i]] = cell
			}
		}
		list = append(list, cells)
	}
	return list
}

// TestEveryFigureIsTheJSONs compares what excelize reads back with what the
// JSON holds, for sources of either kind.
func TestEveryFigureIsTheJSONs(t *testing.T) {
	for _, kind := range []string{"json", "txt"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			var runs []report.Report
			for i := range 20 {
				r := corpusRun(i)
				runs = append(runs, r)
				data := jsonOf(t, r)
				if kind == "txt" {
					data = textOf(t, r)
				}
				put(t, filepath.Join(dir, "in", fmt.Sprintf("%02d.%s", i, kind)), data)
			}
			out := filepath.Join(dir, "out.xlsx")
			do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: out}, 20)
			for i, got := range sheet(t, out) {
				for _, column := range report.Columns() {
					want := column.Value(&runs[i])
					switch v := want.(type) {
					case nil:
						want = ""
					case float64:
						want = csvText(v)
					case time.Time:
						continue // checked in report/workbook
					}
					if column.Name != "Ready" && got[column.Name] != want {
						t.Errorf("run %d, %s: %q, want %q", i, column.Name, got[column.Name], want)
					}
				}
			}
		})
	}
}

func TestARunCountsOnce(t *testing.T) {
	dir := t.TempDir()
	r := corpusRun(1)
	edited := bytes.Replace(textOf(t, r), []byte("Corpus Inc"), []byte("Corpse Inc"), 1)
	put(t, filepath.Join(dir, "a", "z.txt"), edited)
	put(t, filepath.Join(dir, "b", "run.txt"), textOf(t, r))
	put(t, filepath.Join(dir, "c", "run.json"), jsonOf(t, r))
	put(t, filepath.Join(dir, "d", "copy of run.json"), jsonOf(t, r))
	out := filepath.Join(dir, "out.xlsx")
	do(t, Merge{Sources: []string{dir}, Out: out}, 1)
	if got := sheet(t, out)[0]; !strings.HasSuffix(got["Source"], filepath.Join("c", "run.json")) || got["Remarks"] != "" {
		t.Errorf("taken from %s (%s), want the first JSON", got["Source"], got["Remarks"])
	}
}

func TestSources(t *testing.T) {
	one, two, three := jsonOf(t, corpusRun(1)), textOf(t, corpusRun(2)), jsonOf(t, corpusRun(3))
	utf16le := []byte{0xFF, 0xFE}
	for _, unit := range utf16.Encode([]rune(strings.TrimPrefix(string(two), "\uFEFF"))) {
		utf16le = append(utf16le, byte(unit), byte(unit>>8))
	}
	var gz bytes.Buffer
	zw := gzip.NewWriter(&gz)
	tw := tar.NewWriter(zw)
	for name, data := range map[string][]byte{"x/1.json": one, "x/2.txt": two} {
		if err := tw.WriteHeader(&tar.Header{Name: name, Size: int64(len(data)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = tw.Close(), zw.Close()
	lf := bytes.ReplaceAll(two, []byte("\r\n"), []byte("\n"))
	for _, c := range []struct {
		name  string
		files map[string][]byte
		args  []string
		list  string
		runs  int
		left  int
	}{
		{"folder in folder", map[string][]byte{"in/a/b/1.json": one, "in/2.txt": two, "in/photo.jpg": {1, 2}}, []string{"in"}, "", 2, 0},
		{"zip", map[string][]byte{"a.zip": zipOf(t, map[string][]byte{"x/1.json": one, "2.TXT": two, "readme.md": {1}})}, []string{"a.zip"}, "", 2, 0},
		{"zip in zip", map[string][]byte{"a.zip": zipOf(t, map[string][]byte{"b.zip": zipOf(t, map[string][]byte{"1.json": one})})}, []string{"a.zip"}, "", 1, 0},
		{"zip in zip in zip", map[string][]byte{"a.zip": zipOf(t, map[string][]byte{"b.zip": zipOf(t, map[string][]byte{"c.zip": zipOf(t, map[string][]byte{"1.json": one})})})}, []string{"a.zip"}, "", 0, 1},
		{"tar.gz", map[string][]byte{"a.tar.gz": gz.Bytes()}, []string{"a.tar.gz"}, "", 2, 0},
		{"pattern", map[string][]byte{"1.json": one, "3.json": three, "2.txt": two}, []string{"*.json"}, "", 2, 0},
		{"pattern without a match", nil, []string{"*.json"}, "", 0, 1},
		{"brackets in a name", map[string][]byte{"a [1].json": one}, []string{"a [1].json"}, "", 1, 0},
		{"list on stdin", map[string][]byte{"1.json": one, "in/2.txt": two}, []string{"-"}, "1.json\r\nin\n\n", 2, 0},
		{"missing", map[string][]byte{"1.json": one}, []string{"1.json", "2.json"}, "", 1, 1},
		{"UTF-16", map[string][]byte{"2.txt": utf16le}, []string{"2.txt"}, "", 1, 0},
		{"LF", map[string][]byte{"2.txt": lf}, []string{"2.txt"}, "", 1, 0},
		{"CR CR LF", map[string][]byte{"2.txt": bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\r\n"))}, []string{"2.txt"}, "", 1, 0},
		{"names", map[string][]byte{"a\"b'c\nd😀.json": one}, []string{"."}, "", 1, 0},
		{"empty file", map[string][]byte{"in/1.json": {}, "in/2.txt": two}, []string{"in"}, "", 1, 1},
		{"only a byte order mark", map[string][]byte{"in/1.json": {0xff, 0xfe}, "in/2.txt": {0xef, 0xbb, 0xbf}}, []string{"in"}, "", 0, 2},
		{"only spaces", map[string][]byte{"in/1.json": []byte(" \n"), "in/2.txt": two}, []string{"in"}, "", 1, 1},
		{"cut JSON", map[string][]byte{"1.json": one[:len(one)/2]}, []string{"1.json"}, "", 0, 1},
		{"cut TXT", map[string][]byte{"2.txt": two[:len(two)/2]}, []string{"2.txt"}, "", 0, 1},
		{"cut zip", map[string][]byte{"a.zip": zipOf(t, map[string][]byte{"1.json": one})[:300]}, []string{"a.zip"}, "", 0, 1},
		{"newer", map[string][]byte{"1.json": bytes.Replace(one, []byte(`"schema": 1`), []byte(`"schema": 2`), 1)}, []string{"1.json"}, "", 0, 1},
		{"older", map[string][]byte{"1.json": bytes.Replace(one, []byte(`"schema": 1`), []byte(`"schema": 0`), 1)}, []string{"1.json"}, "", 0, 1},
		{"no result", map[string][]byte{"in/1.json": []byte(`{"a":1}`), "in/2.txt": []byte("shopping list")}, []string{"in"}, "", 0, 2},
		{"wrong type", map[string][]byte{"1.json": bytes.Replace(one, []byte(`"voice": {`), []byte(`"voice": 7, "x": {`), 1)}, []string{"1.json"}, "", 0, 1},
		{"several in one", map[string][]byte{"1.json": slices.Concat(one, three)}, []string{"1.json"}, "", 2, 0},
		{"a list", map[string][]byte{"1.json": slices.Concat([]byte("["), one, []byte(","), three, []byte("]"))}, []string{"1.json"}, "", 2, 0},
		{"second one damaged", map[string][]byte{"1.json": slices.Concat(one, three[:99])}, []string{"1.json"}, "", 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for name, data := range c.files {
				put(t, name, data)
			}
			got := do(t, Merge{Sources: c.args, Stdin: strings.NewReader(c.list), Out: "out.xlsx"}, c.runs)
			if len(got.LeftOut) != c.left {
				t.Errorf("left out: %v, want %d", got.LeftOut, c.left)
			}
			for _, left := range got.LeftOut {
				if left.Source == "" || len(left.Reason) < 10 {
					t.Errorf("left out without a name or reason: %+v", left)
				}
			}
		})
	}
}

func TestLinesOfErrors(t *testing.T) {
	r := reader{}
	good := jsonOf(t, corpusRun(1))
	for _, c := range []struct {
		name string
		data []byte
		line int
		want string
	}{
		{"syntax", []byte("{\n\"schema\": 1,\n\"run_id\": oops\n}"), 3, "JSON"},
		{"kind", bytes.Replace(good, []byte(`"run_id": "`), []byte(`"run_id": 5, "x": "`), 1), 3, "run_id"},
		{"cut", good[:bytes.Index(good, []byte(`"machine"`))], 11, "cut short"},
	} {
		_, err := r.parse(c.name, c.data)
		var at *report.LineError
		if !asLine(err, &at) || at.Line != c.line || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want line %d and %q", c.name, err, c.line, c.want)
		}
	}
}

func asLine(err error, at **report.LineError) bool {
	e, ok := err.(*report.LineError) //nolint:errorlint // it is never wrapped
	*at = e
	return ok
}

func TestZipBombIsBounded(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for i := range 20 { // 300 MB of zeros in 300 KB
		file, err := w.Create(fmt.Sprintf("%d.json", i))
		if err != nil {
			t.Fatal(err)
		}
		for range 15 {
			if _, err := file.Write(zeros); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "bomb.zip"), b.Bytes())
	put(t, filepath.Join(dir, "good.json"), jsonOf(t, corpusRun(1)))
	got := do(t, Merge{Sources: []string{dir}, Out: filepath.Join(dir, "out.xlsx")}, 1)
	if !slices.ContainsFunc(got.LeftOut, func(l workbook.LeftOut) bool { return strings.Contains(l.Reason, "bomb") }) {
		t.Errorf("left out: %v, want one that speaks of a zip bomb", got.LeftOut)
	}
}

func TestMarks(t *testing.T) {
	dir := t.TempDir()
	other := corpusRun(1)
	other.Limits.JitterMS.Below = new(50.0)
	put(t, filepath.Join(dir, "1.json"), jsonOf(t, other))
	put(t, filepath.Join(dir, "2.txt"), bytes.Replace(textOf(t, corpusRun(2)), []byte("Corpus Inc"), []byte("Corpse Inc"), 1))
	out := filepath.Join(dir, "out.xlsx")
	do(t, Merge{Sources: []string{dir}, Out: out}, 2)
	rows := sheet(t, out)
	if got, want := rows[0]["Remarks"], "judged by other limits: jitter below 50"; got != want {
		t.Errorf("remarks %q, want %q", got, want)
	}
	if got, want := rows[1]["Remarks"], "file was edited"; got != want {
		t.Errorf("remarks %q, want %q", got, want)
	}
}

func TestAppend(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "team.xlsx")
	if err := Template(t.Context(), out, "v1", now, false); err != nil {
		t.Fatal(err)
	}
	if got := len(sheet(t, out)); got != 12 {
		t.Errorf("a template has %d rows, want 12", got)
	}
	if err := Template(t.Context(), out, "v1", now, false); err == nil {
		t.Error("a template was written over a file")
	}
	for i := range 3 {
		put(t, filepath.Join(dir, "in", fmt.Sprint(i), "r.json"), jsonOf(t, corpusRun(i)))
	}
	do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: out, Append: true}, 3)
	notes := slices.Index(workbook.Headers(), "Notes") + 1
	cell, err := excelize.CoordinatesToCellName(notes, 3)
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellValue(workbook.SheetRuns, cell, "my note"); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	for round := range 3 {
		put(t, filepath.Join(dir, "in", "more", fmt.Sprint(round)+".json"), jsonOf(t, corpusRun(10-round)))
		got := do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: out, Append: true}, 4+round)
		if got.Added != 1 {
			t.Errorf("%d added, want 1", got.Added)
		}
		row := sheet(t, out)[1]
		if row["Notes"] != "my note" || row["Run ID"] != corpusRun(1).RunID {
			t.Errorf("round %d: the note is %q beside %s", round, row["Notes"], row["Run ID"])
		}
	}
}

// TestPastedRow appends to a workbook under whose last row somebody has
// pasted the row of a TXT, as texts.
func TestPastedRow(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "team.xlsx")
	put(t, filepath.Join(dir, "in", "0.json"), jsonOf(t, corpusRun(0)))
	do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: out}, 1)
	lines := strings.Split(strings.ReplaceAll(string(textOf(t, corpusRun(7))), "\r\n", "\n"), "\n")
	at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "ROW FOR THE SPREADSHEET") })
	names, cells := strings.Split(lines[at+1], "\t"), strings.Split(lines[at+2], "\t")
	if headers := workbook.Headers(); !slices.Equal(strings.Split(strings.TrimRight(lines[at+1], "\t"), "\t"), headers[:len(names)]) && !slices.Equal(names, headers[:len(names)]) {
		t.Fatalf("the columns of a TXT %v are not those of the sheet %v", names, headers)
	}
	f, err := excelize.OpenFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetSheetRow(workbook.SheetRuns, "A3", &cells); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	got := do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: out, Append: true}, 2)
	if got.Added != 0 {
		t.Errorf("%d added, want none", got.Added)
	}
	rows := sheet(t, out)
	run := corpusRun(7)
	if got, want := rows[1]["Jitter up (ms)"], csvText(*run.Voice.Up.JitterMS); got != want || rows[1]["Run ID"] != run.RunID {
		t.Errorf("the pasted row came back with jitter %s, want %s", got, want)
	}
}

func TestOpenWorkbookIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "team.xlsx")
	put(t, filepath.Join(dir, "0.json"), jsonOf(t, corpusRun(0)))
	do(t, Merge{Sources: []string{dir}, Out: out}, 1)
	before, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, mark := range []string{"~$team.xlsx", ".~lock.team.xlsx#"} {
		lock := put(t, filepath.Join(dir, mark), []byte("me"))
		for _, app := range []bool{true, false} {
			if _, err := (Merge{Sources: []string{dir}, Out: out, Append: app, Now: now}).Do(t.Context()); err == nil || !strings.Contains(err.Error(), "open in") {
				t.Errorf("%s: error %v, want one that says that it is open", mark, err)
			}
		}
		if err := os.Remove(lock); err != nil {
			t.Fatal(err)
		}
	}
	if after, err := os.ReadFile(out); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the workbook was changed (%v)", err)
	}
}

func TestCSVAndJSON(t *testing.T) {
	dir := t.TempDir()
	r := corpusRun(5)
	r.Organization = "=cmd()"
	r.Voice.Down = nil
	put(t, filepath.Join(dir, "1.json"), jsonOf(t, r))
	var out bytes.Buffer
	do(t, Merge{Sources: []string{dir}, CSV: filepath.Join(dir, "o.csv"), JSON: "-", Stdout: &out}, 1)
	data, err := os.ReadFile(filepath.Join(dir, "o.csv"))
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF")))).ReadAll()
	if err != nil || !slices.Equal(lines[0], workbook.Headers()) || lines[1][1] != "'=cmd()" {
		t.Errorf("%v (%v)", lines, err)
	}
	var list []map[string]any
	if err := json.Unmarshal(out.Bytes(), &list); err != nil || len(list) != 1 {
		t.Fatalf("%v: %s", err, out.String())
	}
	if got := list[0]; got["Jitter down (ms)"] != nil || got["Jitter up (ms)"] != *r.Voice.Up.JitterMS || got["Organization"] != "=cmd()" {
		t.Errorf("%v", got)
	}
}

func TestAReplacedWorkbookIsKept(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "o.xlsx")
	put(t, filepath.Join(dir, "1.json"), jsonOf(t, corpusRun(1)))
	if got := do(t, Merge{Sources: []string{dir}, Out: out}, 1); got.Kept != "" {
		t.Errorf("kept %s where nothing was", got.Kept)
	}
	for _, want := range []string{out + ".bak", out + ".2.bak", out + ".3.bak"} {
		put(t, out, []byte("what "+want+" is to hold")) // as somebody who typed into it
		if err := os.Chmod(out, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := do(t, Merge{Sources: []string{dir}, Out: out}, 1); got.Kept != want {
			t.Errorf("kept %q, want %q", got.Kept, want)
		}
	}
	for _, aside := range []string{out + ".bak", out + ".2.bak", out + ".3.bak"} {
		if kept, err := os.ReadFile(aside); err != nil || string(kept) != "what "+aside+" is to hold" {
			t.Errorf("%s holds %q (%v)", aside, kept, err)
		}
		if info, err := os.Stat(aside); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v, want that of the workbook (%v)", aside, info.Mode(), err)
		}
	}
}

func TestNothingHalfWritten(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "in", "1.json"), jsonOf(t, corpusRun(1)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Merge{Sources: []string{filepath.Join(dir, "in")}, Out: filepath.Join(dir, "o.xlsx"), Now: now}).Do(ctx); err == nil {
		t.Error("a cancelled merge gave no error")
	}
	put(t, filepath.Join(dir, "old.xlsx"), []byte("old"))
	if _, err := (Merge{Sources: []string{filepath.Join(dir, "in")}, Out: filepath.Join(dir, "old.xlsx"), Now: now}).Do(ctx); err == nil {
		t.Error("a cancelled merge gave no error")
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Errorf("%v are left behind (%v)", files, err)
	}
	if old, err := os.ReadFile(filepath.Join(dir, "old.xlsx")); err != nil || string(old) != "old" {
		t.Errorf("the old workbook is now %q (%v)", old, err)
	}
}

// FuzzSources feeds archives and files of any content to the walk.
func FuzzSources(f *testing.F) {
	one := jsonOf(f, corpusRun(1))
	f.Add(one[:200])
	f.Add(zipOf(f, map[string][]byte{"a.json": one[:200], "b.zip": zipOf(f, map[string][]byte{"c.txt": {0}})}))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Add([]byte("[{},"))
	f.Add([]byte{0xff, 0xfe, 'a'})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		name := put(t, filepath.Join(dir, fmt.Sprint(os.Getpid())+".zip"), data)
		r := reader{}
		found := finder{
			leftOut: func(workbook.LeftOut) {},
			emit: func(s source) error {
				if !s.workbook {
					r.read(s, 1, func(reading) {})
				}
				return nil
			},
		}
		if err := found.find(t.Context(), []string{name}); err != nil {
			t.Fatal(err)
		}
		for _, c := range found.closers {
			_ = c.Close()
		}
	})
}

// FuzzSpool reads rows from bytes of any content.
func FuzzSpool(f *testing.F) {
	f.Add(appendRow(nil, workbook.FromReport(corpusRun(1))))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = readRow(data) })
}

// A workbook that gives no run is named among what was left out: it was passed over in silence.
func TestWorkbookWithoutRunsIsNamed(t *testing.T) {
	dir := t.TempDir()
	samples, none, nothing := filepath.Join(dir, "template.xlsx"), filepath.Join(dir, "none.xlsx"), filepath.Join(dir, "empty.txt")
	if err := Template(t.Context(), samples, "v1", now, false); err != nil {
		t.Fatal(err)
	}
	put(t, nothing, nil)
	if _, err := (Merge{Sources: []string{nothing}, Out: none, Now: now}).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "r.json"), jsonOf(t, corpusRun(1)))
	got, err := Merge{Sources: []string{samples, none, filepath.Join(dir, "r.json")}, Out: filepath.Join(dir, "out.xlsx"), Now: now}.Do(t.Context())
	if err != nil || got.Runs != 1 || len(got.LeftOut) != 2 {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i, want := range []string{"no run in this workbook", "sample rows only"} {
		if !strings.Contains(got.LeftOut[i].Reason, want) {
			t.Errorf("left out %+v, want %q", got.LeftOut[i], want)
		}
	}
}
