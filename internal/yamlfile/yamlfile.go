// Package yamlfile reads the settings that people write by hand: strictly, and
// with errors that name the file, the line and the way out.
package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxSize bounds a settings file in bytes. The longest useful one has a hundredth of it.
const maxSize = 1 << 20

// A File is a document that was read, with the lines of its values.
type File struct {
	Name string
	Root *yaml.Node // nil: the file holds nothing but comments
}

// Read reads a file of at most maxSize bytes.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, cause(err))
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("reading %s: this is a folder; name a YAML file", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, cause(err))
	}
	return data, nil
}

// cause drops the path that the system's error repeats.
func cause(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// Decode reads data into a struct. Keys that the struct does not have, duplicate keys and a
// second document are errors. UTF-8, and UTF-16 with a byte order mark, are accepted, as
// Notepad writes them. An empty document does not change into and gives a File without a Root.
func Decode(name string, data []byte, into any) (File, error) {
	file := File{Name: name}
	if len(data) > maxSize {
		return file, file.Errorf(nil, "the file is larger than %d KiB; is this the right one?", maxSize>>10)
	}
	var document yaml.Node
	switch err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&document); {
	case errors.Is(err, io.EOF):
		return file, nil
	case err != nil:
		return file, file.explain(err, into)
	}
	if err := file.checkNumbers(&document); err != nil {
		return file, err
	}
	strict := yaml.NewDecoder(bytes.NewReader(data))
	strict.KnownFields(true)
	if err := strict.Decode(into); err != nil {
		return file, file.explain(err, into)
	}
	if err := strict.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return file, file.Errorf(nil, `a second document begins behind "---" or "..."; write one file for each`)
	}
	if len(document.Content) > 0 && document.Content[0].Tag != "!!null" {
		file.Root = document.Content[0]
	}
	return file, nil
}

// Errorf is an error at a place in the file; without a place it is about the whole file.
// Secrets of invites are removed.
func (f File) Errorf(at *yaml.Node, format string, args ...any) error {
	place := f.Name
	if at != nil && at.Line > 0 {
		place = fmt.Sprintf("%s: line %d", place, at.Line)
	}
	return errors.New(place + ": " + redact(fmt.Sprintf(format, args...)))
}

// At follows keys and indexes down the tree to the place of a value; if one does not exist it
// is the last place before it.
func (f File) At(path ...any) *yaml.Node {
	node := f.Root
	for _, step := range path {
		next := down(node, step)
		if next == nil {
			return node
		}
		node = next
	}
	return node
}

func down(node *yaml.Node, step any) *yaml.Node {
	for node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node == nil {
		return nil
	}
	switch step := step.(type) {
	case int:
		if node.Kind == yaml.SequenceNode && step < len(node.Content) {
			return node.Content[step]
		}
	case string:
		for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i+1]
			}
		}
	}
	return nil
}

var (
	secret  = regexp.MustCompile(`#[A-Za-z0-9_~-][A-Za-z0-9._~-]*`)
	line    = regexp.MustCompile(`(?s)^line (\d+): (.*)$`)
	foreign = regexp.MustCompile(`(?s)^field (.*) not found in type (.*)$`)
	kind    = regexp.MustCompile("(?s)^cannot unmarshal (.*?)(?: `(.*)`)? into (.*)$")
	twice   = regexp.MustCompile(`(?s)^mapping key (".*") already defined at line (\d+)$`)
)

// redact removes what may be an invite's secret, and line breaks.
func redact(s string) string {
	return secret.ReplaceAllString(strings.Join(strings.Fields(s), " "), "#…")
}

// explain translates the library's errors into plain words. Of several errors it reports the
// first: the others often follow from it.
func (f File) explain(err error, into any) error {
	words := strings.TrimPrefix(err.Error(), "yaml: ")
	if many, ok := errors.AsType[*yaml.TypeError](err); ok && len(many.Errors) > 0 {
		words = many.Errors[0]
	}
	place := f.Name
	if m := line.FindStringSubmatch(words); m != nil {
		place, words = fmt.Sprintf("%s: line %s", place, m[1]), m[2]
	}
	return errors.New(place + ": " + redact(translate(words, into)))
}

func translate(words string, into any) string {
	switch {
	case foreign.MatchString(words):
		m := foreign.FindStringSubmatch(words)
		return fmt.Sprintf("unknown key %q%s", clip(m[1]), suggest(m[1], keysOf(into, m[2])))
	case twice.MatchString(words):
		m := twice.FindStringSubmatch(words)
		return fmt.Sprintf("the key %s is there twice, first in line %s; remove one", clip(m[1]), m[2])
	case kind.MatchString(words):
		m := kind.FindStringSubmatch(words)
		got, known := kinds[strings.TrimPrefix(m[1], "!!")]
		if !known {
			got = "a value of the kind " + clip(m[1])
		}
		if m[2] != "" {
			got += " (" + clip(m[2]) + ")"
		}
		return fmt.Sprintf("found %s where %s is expected", strings.TrimSpace(got), wanted(m[3]))
	case strings.Contains(words, "UTF-8") || strings.Contains(words, "UTF-16") || strings.Contains(words, "control characters"):
		return words + "; save the file as UTF-8 text"
	case strings.Contains(words, "excessive aliasing"):
		return "its aliases (*name) expand to far too many values; write the values out"
	case strings.Contains(words, "cannot start any token"):
		return words + "; indent with spaces, not with tabs, and put text with special characters in quotes"
	}
	return "this is not valid YAML: " + words + "; compare the indentation and the quotes with the lines around it"
}

// kinds are the types of YAML in words.
var kinds = map[string]string{
	"map": "a mapping (key: value)", "seq": "a list", "str": "text", "int": "a number", "float": "a number",
	"bool": "true or false", "null": "nothing", "timestamp": "a date",
}

// wanted is a Go type in words.
func wanted(t string) string {
	switch {
	case strings.HasPrefix(t, "[]"):
		return "a list"
	case t == "string":
		return "text"
	case t == "bool":
		return "true or false"
	case t == "int":
		return "a whole number"
	case t == "time.Duration":
		return "a length of time with its unit (60ms, 30s, 5m)"
	case strings.HasPrefix(t, "float"):
		return "a number"
	}
	return "a mapping (key: value)"
}

func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// Folder is the folder of the program, symbolic links resolved, where its settings files
// are. "" if that is not known.
func Folder() string {
	exe, err := os.Executable()
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(exe); err == nil {
		exe = real
	}
	return filepath.Dir(exe)
}

// suggest names the key that was probably meant, or lists all keys.
func suggest(got string, keys []string) string {
	if near := Nearest(got, keys); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	if len(keys) == 0 {
		return ""
	}
	return "; the keys here are " + strings.Join(keys, ", ")
}

// Nearest is the word that differs least from what was written, "" if none is near: at most
// a third of its letters wrong, or two letters swapped.
func Nearest(got string, words []string) string {
	best, least := "", 0
	for _, w := range slices.Sorted(slices.Values(words)) {
		if d, near := Near(got, w); near && (best == "" || d < least) {
			best, least = w, d
		}
	}
	return best
}

// Near counts the letters by which a word differs from what was written, and
// says whether it may have been meant.
func Near(got, word string) (letters int, near bool) {
	got = strings.ToLower(strings.TrimSpace(got))
	if len(got) > 64 || len(word) > 64 {
		return 0, false
	}
	most := len(got) / 3
	if len(got) > 3 {
		most = max(most, 2)
	}
	letters = distance(got, strings.ToLower(word))
	return letters, letters <= most
}

// distance counts the letters to insert, delete or change (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
