package merge

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// An .ods, an empty folder, the second of two names for one file: sources that were named
// and gave nothing were left out without a word, exit status 0.
func TestNamedSourcesAreUsedOrLeftOut(t *testing.T) {
	one, text := jsonOf(t, corpusRun(1)), textOf(t, corpusRun(1))
	ods := zipOf(t, map[string][]byte{"mimetype": []byte("application/vnd.oasis.opendocument.spreadsheet"), "content.xml": []byte("<x/>")})
	for name, c := range map[string]struct {
		files map[string][]byte
		args  []string
		want  string // in the reason of the one left out; "": none is
	}{
		"ods":                      {map[string][]byte{"team.ods": ods}, []string{"team.ods", "1.json"}, ".xlsx"},
		"xls":                      {map[string][]byte{"old.xls": []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1xxxxxxxxx")}, []string{"old.xls", "1.json"}, ".xlsx"},
		"xlsb":                     {map[string][]byte{"b.xlsb": zipOf(t, map[string][]byte{"xl/workbook.bin": {1}})}, []string{"b.xlsb", "1.json"}, ".xlsx"},
		"7z":                       {map[string][]byte{"a.7z": []byte("7z\xBC\xAF\x27\x1Cxx")}, []string{"a.7z", "1.json"}, "unpack"},
		"picture":                  {map[string][]byte{"a.png": []byte("\x89PNG\r\n\x1a\n")}, []string{"a.png", "1.json"}, "picture"},
		"a list of something else": {map[string][]byte{"a.csv": []byte("a;b\n1;2\n")}, []string{"a.csv", "1.json"}, "netready"},
		"empty folder":             {nil, []string{"empty", "1.json"}, "no result"},
		"folder of photos":         {map[string][]byte{"photos/a.jpg": {1}}, []string{"photos", "1.json"}, "no result"},
		"folder of workbooks":      {map[string][]byte{"books/a.xlsx": {1}}, []string{"books", "1.json"}, "named themselves"},
		"zip of photos":            {map[string][]byte{"a.zip": zipOf(t, map[string][]byte{"a.jpg": {1}})}, []string{"a.zip", "1.json"}, "no result"},
		"empty zip":                {map[string][]byte{"a.zip": zipOf(t, nil)}, []string{"a.zip", "1.json"}, "no result"},
		"named twice":              {nil, []string{"1.json", "./1.json"}, "twice"},
		"a copy":                   {map[string][]byte{"copy.json": one}, []string{"1.json", "copy.json"}, "counts once"},
		"the workbook itself":      {map[string][]byte{"out.xlsx": {1}}, []string{"out.xlsx", "1.json"}, "--append"},
		"TXT and JSON are a pair":  {map[string][]byte{"1.txt": text}, []string{"1.txt", "1.json"}, ""},
		"copies in folders":        {map[string][]byte{"a/1.json": one, "b/1.json": one}, []string{"a", "b"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			put(t, "1.json", one)
			if err := os.Mkdir("empty", 0o755); err != nil {
				t.Fatal(err)
			}
			for file, data := range c.files {
				put(t, file, data)
			}
			got := do(t, Merge{Sources: c.args, Out: "out.xlsx"}, 1)
			switch {
			case c.want == "" && len(got.LeftOut) == 0:
			case len(got.LeftOut) != 1 || c.want == "" || !strings.Contains(got.LeftOut[0].Reason, c.want):
				t.Errorf("left out: %v, want one with %q", got.LeftOut, c.want)
			}
		})
	}
}

// A zip's names may be in the letters of DOS. They went into the CSV unchanged, and other
// programs refused the whole file.
func TestNamesInAZip(t *testing.T) {
	t.Chdir(t.TempDir())
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i, head := range []*zip.FileHeader{
		{Name: "B\x81ro.json", NonUTF8: true},
		{Name: "Büro 2.json"},
		{Name: "\u202Egnp.json"},
		{Name: "\x1b[31mred.json", NonUTF8: true},
	} {
		file, err := w.CreateHeader(head)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = file.Write(jsonOf(t, corpusRun(i))) // into memory
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	put(t, "a.zip", b.Bytes())
	do(t, Merge{Sources: []string{"a.zip"}, Out: "out.xlsx", CSV: "out.csv"}, 4)
	data, err := os.ReadFile("out.csv")
	if err != nil || !utf8.Valid(data) {
		t.Fatalf("the CSV is not UTF-8 (%v)", err)
	}
	for _, want := range []string{"a.zip!Büro.json", "a.zip!Büro 2.json", "a.zip!gnp.json", "a.zip! [31mred.json"} {
		if !strings.Contains(string(data), want) {
			t.Errorf("the CSV does not name %q", want)
		}
	}
	if strings.ContainsAny(string(data), "\x1b\u202e") {
		t.Error("the CSV moves the cursor or turns a line around")
	}
}

// What hides the sign of a formula from people hides it from no spreadsheet.
func TestNoCellOfACSVIsAFormula(t *testing.T) {
	t.Chdir(t.TempDir())
	bad := []string{"=1+1", "+1", "-1", "@x", "＝1+1", "＋1", "－1", "＠x", "\u200b=1+1", "\ufeff=1+1", "\u2060+1", "\t=1", "\r=1", " =1", "\u00a0@x", "\u00ad=1", "−1"}
	for i, text := range bad {
		r := corpusRun(i)
		r.Organization, r.Location = text, "x"+text
		put(t, filepath.Join("in", r.RunID+".json"), jsonOf(t, r))
	}
	do(t, Merge{Sources: []string{"in"}, CSV: "out.csv"}, len(bad))
	data, err := os.ReadFile("out.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		if row[1] != "" && !strings.HasPrefix(row[1], "'") || strings.HasPrefix(row[3], "'") {
			t.Errorf("organization %q, location %q", row[1], row[3])
		}
	}
}
