package merge

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A workbook with one damaged byte lost 17 of its 30 rows at an --append that reported no
// error. Whatever is damaged or cut off: afterwards all rows are there, or the file is as
// it was and an error says why.
func TestAppendToADamagedWorkbookLosesNothing(t *testing.T) {
	dir := t.TempDir()
	writeCorpus(t, filepath.Join(dir, "in"), 12)
	put(t, filepath.Join(dir, "more", "r.json"), jsonOf(t, corpusRun(99)))
	good := filepath.Join(dir, "good.xlsx")
	do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: good}, 12)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(18, 1))
	for i := range 40 {
		flipped := bytes.Clone(whole)
		at := r.IntN(len(flipped))
		flipped[at] ^= 1 << r.IntN(8)
		appendDamaged(t, dir, fmt.Sprintf("byte %d flipped", at), flipped)
		if i%3 == 0 {
			cut := r.IntN(len(whole))
			appendDamaged(t, dir, fmt.Sprintf("cut at %d", cut), whole[:cut])
		}
	}
	for range 30 { // what a checksum of the file does not see
		appendDamaged(t, dir, "XML", inPart(t, whole, "xl/worksheets/sheet2.xml", func(xml []byte) []byte {
			at := bytes.Index(xml, []byte("<sheetData>")) + r.IntN(len(xml)/2)
			xml[at] ^= 1 << r.IntN(7)
			return xml
		}))
	}
	for name, change := range map[string]func([]byte) []byte{
		"cut in a row":       func(xml []byte) []byte { return xml[:len(xml)*2/3] },
		"cut behind a row":   func(xml []byte) []byte { return xml[:bytes.LastIndex(xml[:len(xml)/2], []byte("<row"))] },
		"rows taken out":     func(xml []byte) []byte { return cutRows(xml) },
		"a row out of order": func(xml []byte) []byte { return bytes.Replace(xml, []byte(`<row r="9"`), []byte(`<row r="5"`), 1) },
	} {
		if appendDamaged(t, dir, name, inPart(t, whole, "xl/worksheets/sheet2.xml", change)) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// cutRows takes the last rows out and leaves sound XML.
func cutRows(xml []byte) []byte {
	from, to := bytes.Index(xml, []byte(`<row r="8"`)), bytes.Index(xml, []byte("</sheetData>"))
	return append(xml[:from:from], xml[to:]...)
}

// appendDamaged appends to a damaged workbook and returns its error.
func appendDamaged(t *testing.T, dir, what string, data []byte) error {
	t.Helper()
	name := put(t, filepath.Join(dir, "damaged", "team.xlsx"), data)
	defer os.RemoveAll(filepath.Dir(name))
	report, err := Merge{Sources: []string{filepath.Join(dir, "more")}, Out: name, Append: true, Now: now}.Do(t.Context())
	after, readErr := os.ReadFile(name)
	if readErr != nil {
		t.Fatal(readErr)
	}
	switch {
	case err != nil && !bytes.Equal(data, after):
		t.Errorf("%s: refused (%v), and the file was changed", what, err)
	case err != nil && !strings.Contains(err.Error(), "team.xlsx"):
		t.Errorf("%s: the error does not name the workbook: %v", what, err)
	case err == nil && (report.Runs < 13 || len(sheet(t, name)) < 13):
		t.Errorf("%s: %d runs in the report and %d rows in the workbook, want 13", what, report.Runs, len(sheet(t, name)))
	case err == nil:
		kept, err := os.ReadFile(report.Kept)
		if err != nil || !bytes.Equal(kept, data) {
			t.Errorf("%s: no copy of what was there before (%v)", what, err)
		}
	}
	return err
}

// inPart writes a workbook anew with one part changed.
func inPart(t *testing.T, workbook []byte, part string, change func([]byte) []byte) []byte {
	t.Helper()
	files, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, file := range files.File {
		content, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		if file.Name == part {
			data = change(data)
		}
		to, err := w.Create(file.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Before each --append the workbook is kept as it was; the newest nine copies
// stay.
func TestEveryAppendKeepsWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "team.xlsx")
	put(t, filepath.Join(in, "r.json"), jsonOf(t, corpusRun(0)))
	do(t, Merge{Sources: []string{in}, Out: out}, 1)
	for round := 1; round <= 12; round++ {
		before, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(in, "r.json"), jsonOf(t, corpusRun(round)))
		report := do(t, Merge{Sources: []string{in}, Out: out, Append: true}, round+1)
		if kept, err := os.ReadFile(report.Kept); err != nil || !bytes.Equal(kept, before) {
			t.Errorf("round %d: %s is not the workbook as it was (%v)", round, report.Kept, err)
		}
	}
	if copies, err := filepath.Glob(out + ".append-*.bak"); err != nil || len(copies) != keptBefore {
		t.Errorf("%d copies lie there, want %d (%v)", len(copies), keptBefore, err)
	}
}
