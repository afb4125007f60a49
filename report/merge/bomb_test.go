//go:build system && linux

package merge

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// packed writes a zip with the parts of a workbook, some of them written anew.
func packed(t *testing.T, workbook []byte, change map[string]func(w io.Writer, whole []byte), more func(w *zip.Writer)) []byte {
	t.Helper()
	files, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.BestSpeed) })
	for _, file := range files.File {
		content, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		to, err := w.Create(file.Name)
		if err != nil {
			t.Fatal(err)
		}
		if write := change[file.Name]; write != nil {
			write(to, data)
			continue
		}
		_, _ = to.Write(data) // into memory
	}
	if more != nil {
		more(w)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// before writes megabytes of filling into a part before a mark.
func before(mark, filling string, megabytes int) func(io.Writer, []byte) {
	block := []byte(strings.Repeat(filling, (1<<20)/len(filling)))
	return func(w io.Writer, whole []byte) {
		head, rest, _ := bytes.Cut(whole, []byte(mark))
		_, _ = w.Write(head)
		for range megabytes {
			_, _ = w.Write(block)
		}
		_, _ = fmt.Fprintf(w, "%s%s", mark, rest)
	}
}

// A workbook of 1 MB that unpacks to gigabytes took 2.4 GB of memory. Whatever part is
// large, it is left out with a clear reason, the rest is read, and memory stays small;
// adding to such a workbook is refused.
func TestBombsAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "good.json"), jsonOf(t, corpusRun(1)))
	first := filepath.Join(dir, "first.xlsx")
	do(t, Merge{Sources: []string{filepath.Join(dir, "good.json")}, Out: first}, 1)
	plain, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	const runs = "xl/worksheets/sheet2.xml"
	for name, c := range map[string]struct {
		data func() []byte
		want string
	}{
		"spaces.xlsx": {func() []byte {
			return packed(t, plain, map[string]func(io.Writer, []byte){runs: before("</sheetData>", " ", 120)}, nil)
		}, "bomb"},
		"one-cell.xlsx": {func() []byte {
			return packed(t, plain, map[string]func(io.Writer, []byte){runs: before("</t>", "a", 40)}, nil)
		}, "longer than a cell"},
		"styles.xlsx": {func() []byte {
			return packed(t, plain, map[string]func(io.Writer, []byte){"xl/styles.xml": before("<cellXfs", " ", 60)}, nil)
		}, "bomb"},
		"workbook.xlsx": {func() []byte {
			return packed(t, plain, map[string]func(io.Writer, []byte){"xl/workbook.xml": before("</sheets>", `<sheet name="x" sheetId="9" r:id="rId1"/>`, 40)}, nil)
		}, "bomb"},
		"parts.xlsx": {func() []byte {
			return packed(t, plain, nil, func(w *zip.Writer) {
				for i := range maxEntries >> 5 {
					_, _ = w.Create(fmt.Sprintf("xl/media/%d.png", i))
				}
			})
		}, "parts"},
		"pictures.xlsx": {func() []byte {
			return packed(t, plain, nil, func(w *zip.Writer) {
				for i := range 80 {
					to, _ := w.Create(fmt.Sprintf("xl/media/%d.png", i))
					_, _ = to.Write(make([]byte, 2<<20))
				}
			})
		}, "bomb"},
		"texts.xlsx": {func() []byte {
			return packed(t, plain, nil, func(w *zip.Writer) {
				to, _ := w.Create("xl/sharedStrings.xml")
				_, _ = io.WriteString(to, "<sst>")
				for range 150 {
					_, _ = to.Write(bytes.Repeat([]byte("<si><t>abcdefghi</t></si>\n      "), 1<<15))
				}
				_, _ = io.WriteString(to, "</sst>")
			})
		}, "bomb"},
		"entities.xlsx": {func() []byte {
			return packed(t, plain, map[string]func(io.Writer, []byte){runs: func(w io.Writer, whole []byte) {
				_, _ = w.Write(bytes.Replace(whole, []byte("<worksheet"), []byte(`<!DOCTYPE l [<!ENTITY a "lol">]><worksheet`), 1))
			}}, nil)
		}, "DOCTYPE"},
		"far.xlsx": {func() []byte {
			return packed(t, plain, map[string]func(io.Writer, []byte){runs: before("</sheetData>", `<row r="4294967296"><c r="ZZZZZZ9"><v>1</v></c></row>`, 1)}, nil)
		}, "damaged"},
		"lists.json": {func() []byte {
			return slicesOf(`{"schema":1,"run_id":"X","started_at":"2026-01-01T00:00:00Z","verdict":"ready","firewall":[`, "{},", "{}]}")
		}, "more values"},
		"lists2.json": {func() []byte {
			return slicesOf(`{"schema":1,"run_id":"Y","started_at":"2026-01-01T00:00:00Z","verdict":"ready","not_measured":[`, "{},", "{}]}")
		}, "more values"},
		"huge.json": {func() []byte { return bytes.Repeat([]byte(" "), maxResult+9) }, "larger than"},
		"huge.txt":  {func() []byte { return bytes.Repeat([]byte("NETREADY\n"), 1<<20) }, "larger than"},
		"zeros.gz":  {func() []byte { return gzipped(t, make([]byte, 40<<20)) }, "larger than"},
		"nested.zip": {func() []byte {
			return zipOf(t, map[string][]byte{"a.zip": zipOf(t, map[string][]byte{"b.zip": zipOf(t, nil)})})
		}, "in an archive"},
		"files.tgz": {func() []byte { return gzipped(t, tarOf(t, 20, 15<<20)) }, "bomb"},
	} {
		t.Run(name, func(t *testing.T) {
			data := c.data()
			bomb, out := put(t, filepath.Join(dir, "x", name), data), filepath.Join(dir, "out.xlsx")
			defer os.RemoveAll(filepath.Dir(bomb))
			defer os.Remove(out)
			cmd := self(t, bomb, out, filepath.Join(dir, "good.json"))
			said, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			var peak int
			if _, rest, ok := strings.Cut(string(said), "VmHWM:"); !ok {
				t.Errorf("no memory measured: %s", said)
			} else if _, err := fmt.Sscan(rest, &peak); err != nil || peak>>10 > 330 {
				t.Errorf("%d MB of memory at most (%v)", peak>>10, err)
			}
			if !strings.Contains(string(said), name) || !strings.Contains(string(said), c.want) || !strings.Contains(string(said), "1 runs") {
				t.Errorf("it said %s, want %s, %q and one run", said, name, c.want)
			}
			if filepath.Ext(name) != ".xlsx" {
				return
			}
			_, err = Merge{Sources: []string{filepath.Join(dir, "good.json")}, Out: bomb, Append: true, Now: now}.Do(t.Context())
			if after, readErr := os.ReadFile(bomb); err == nil || readErr != nil || !bytes.Equal(after, data) {
				t.Errorf("adding to it: %v, want an error and the file as it was", err)
			}
		})
	}
}

func slicesOf(head, filling, end string) []byte {
	return []byte(head + strings.Repeat(filling, (12<<20)/len(filling)) + end)
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(data) // into memory
	_ = w.Close()
	return out.Bytes()
}

func tarOf(t *testing.T, files, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i := range files {
		if err := w.WriteHeader(&tar.Header{Name: fmt.Sprintf("%d.json", i), Size: int64(size), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(make([]byte, size)) // into memory
	}
	_ = w.Close()
	return out.Bytes()
}
