package netready

import (
	"bytes"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/valyala/quicktemplate/parser"
)

// templates are the files that are compiled into Go.
func templates(t *testing.T) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) == ".qtpl" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d templates: %v", len(paths), err)
	}
	return paths
}

func TestTemplatesAreCompiled(t *testing.T) {
	for _, path := range templates(t) {
		source, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer source.Close()
		var compiled bytes.Buffer
		if err := parser.ParseNoLineComments(&compiled, source, path, filepath.Base(filepath.Dir(path))); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		want, err := format.Source(bytes.ReplaceAll(compiled.Bytes(), []byte(path), []byte(filepath.Base(path))))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if got, err := os.ReadFile(path + ".go"); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s.go is not what %s says now (%v): go generate ./%s", path, path, err, filepath.Dir(path))
		}
	}
}

// The tags escape a value for text and for an attribute in quotes whose value is not an
// address, a script or a style. So a template must not have a value anywhere else.
func TestTemplatesEscapeWhatTheyPrint(t *testing.T) {
	asItIs := []string{"v.Style", "d.Style", "v.Frame", "v.Views", "v.Start"} // style sheets and a script of ours
	tag := regexp.MustCompile(`\{%-?\s*([a-z=]+)\s+(.*?)\s*-?%\}`)
	unsafe := regexp.MustCompile(`(?i)=\s*\{%|\b(href|src\w*|action|formaction|style|on\w+|http-equiv)\s*=\s*("[^"]*|'[^']*)\{%`)
	known := []string{"s", "d", "=", "if", "elseif", "else", "endif", "for", "endfor", "switch", "case", "default", "endswitch", "func", "endfunc", "import"}
	for _, path := range templates(t) {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tag.FindAllStringSubmatch(string(source), -1) {
			if !slices.Contains(known, m[1]) && (m[1] != "s=" || !slices.Contains(asItIs, m[2])) {
				t.Errorf("%s writes a value as it is: %s", path, m[0])
			}
		}
		text := strings.ReplaceAll(string(source), `{%s address %}`, "") // of this very server, in the file that opens the page
		for _, m := range unsafe.FindAllString(text, -1) {
			t.Errorf("%s has a value where its escape is another: %s", path, m)
		}
	}
}
