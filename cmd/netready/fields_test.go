package main

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"netready/report"
)

// docs/result.md has the comments of the result's own types: a field without a
// sentence, a null without its condition and a page that is older than the code
// fail here.
func TestResultFieldsAreDocumented(t *testing.T) {
	page, err := os.ReadFile(resultPath)
	if err != nil {
		t.Fatal(err)
	}
	d := newFieldDocs(t)
	for name, content := range map[string]string{"fields": d.fields(), "codes": d.codes()} {
		if *update {
			page = replaced(t, page, name, content)
		} else if block(t, page, name) != content+"\n" {
			t.Errorf("the %s in docs/result.md are not what the types' comments say: go test ./cmd/netready -run Result -update", name)
		}
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(resultPath, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// fieldDocs are the types of a result, in the order in which a reader of the
// JSON meets them.
type fieldDocs struct {
	t       *testing.T
	sources map[string]source // by import path
	order   []reflect.Type
	paths   map[reflect.Type][]string
}

func newFieldDocs(t *testing.T) *fieldDocs {
	t.Helper()
	d := &fieldDocs{t: t, sources: map[string]source{}, paths: map[reflect.Type][]string{}}
	d.visit(reflect.TypeFor[report.Report](), "")
	return d
}

// visit notes a type and where it stands in the document, and goes on to the
// types of its fields.
func (d *fieldDocs) visit(typ reflect.Type, path string) {
	if !slices.Contains(d.order, typ) {
		d.order = append(d.order, typ)
	}
	d.paths[typ] = append(d.paths[typ], path)
	d.sourceOf(typ)
	for _, f := range d.shown(typ) {
		inner, list := f.Type, ""
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			if inner.Kind() == reflect.Slice {
				list += "[]"
			}
			inner = inner.Elem()
		}
		if isObject(inner) {
			d.visit(inner, strings.TrimPrefix(strings.TrimSuffix(path+"."+jsonName(f)+list, "."), "."))
		}
	}
}

// jsonFields are the fields of the JSON object, those of embedded types too.
func jsonFields(typ reflect.Type) []reflect.StructField {
	var all []reflect.StructField
	for _, f := range reflect.VisibleFields(typ) {
		if !f.Anonymous && f.IsExported() && jsonName(f) != "-" {
			all = append(all, f)
		}
	}
	return all
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func isObject(typ reflect.Type) bool {
	return typ.Kind() == reflect.Struct && typ != reflect.TypeFor[time.Time]()
}

// fields is the table of each type.
func (d *fieldDocs) fields() string {
	var b strings.Builder
	for _, typ := range d.order {
		if d.paths[typ][0] != "" {
			fmt.Fprintf(&b, "### %s\n\nAt `%s`. %s\n\n", anchor(typ), strings.Join(d.paths[typ], "`, `"), d.sentence(typ))
		}
		b.WriteString("| field | type | unit | meaning | null |\n|---|---|---|---|---|\n")
		for _, f := range d.shown(typ) {
			b.WriteString(d.row(typ, f))
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// shown are the fields in a type's table: of an embedded type one row that names
// it, but at the top, where the document is one object for its readers.
func (d *fieldDocs) shown(typ reflect.Type) []reflect.StructField {
	if d.paths[typ][0] == "" {
		return jsonFields(typ)
	}
	return slices.DeleteFunc(reflect.VisibleFields(typ), func(f reflect.StructField) bool { return len(f.Index) > 1 })
}

func (d *fieldDocs) row(typ reflect.Type, f reflect.StructField) string {
	if f.Anonymous {
		return fmt.Sprintf("| … | | | and every field of %s | |\n", typeName(f.Type))
	}
	meaning, null, hasNull := strings.Cut(d.comment(typ, f), "Null: ")
	if strings.TrimSpace(meaning) == "" {
		d.t.Errorf("%v.%s has no comment", typ, f.Name)
	}
	if nullable := f.Type.Kind() == reflect.Pointer && !strings.Contains(f.Tag.Get("json"), ",omit"); nullable != hasNull {
		d.t.Errorf(`%v.%s: a pointer, and nothing else, has a comment that says when it is null, as in "Null: nothing arrived."`, typ, f.Name)
	}
	if strings.Contains(f.Tag.Get("json"), ",omit") {
		null = "may be left out"
	}
	kind := typeName(f.Type)
	if d.isCode(typ, f) {
		kind = "[code](#codes)"
	}
	row := "|"
	for _, cell := range []string{"`" + jsonName(f) + "`", kind, d.unit(typ, f), upperFirst(meaning), null} {
		cell = strings.ReplaceAll(strings.TrimRight(strings.TrimSpace(cell), "."), "|", `\|`)
		row += strings.TrimRight(" "+cell, " ") + " |"
	}
	return row + "\n"
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// isCode says that a block of constants lists the values of the field.
func (d *fieldDocs) isCode(typ reflect.Type, f reflect.StructField) bool {
	for _, s := range d.sources {
		for _, g := range s.groups {
			list, _, _ := strings.Cut(g.comment+":", ":")
			for _, path := range d.paths[typ] {
				if strings.Contains(list, "`"+strings.TrimPrefix(path+"."+jsonName(f), ".")+"`") {
					return true
				}
			}
		}
	}
	return false
}

// comment is that of a field, of the embedded type where the field is its own.
func (d *fieldDocs) comment(typ reflect.Type, f reflect.StructField) string {
	for _, i := range f.Index[:len(f.Index)-1] {
		typ = typ.Field(i).Type
	}
	return d.sourceOf(typ).fields[typ.Name()][f.Name]
}

// sentence is the comment of a type without its name.
func (d *fieldDocs) sentence(typ reflect.Type) string {
	comment := strings.TrimPrefix(d.sourceOf(typ).types[typ.Name()], "A ")
	for _, verb := range []string{" is ", " are ", " "} {
		if rest, ok := strings.CutPrefix(comment, typ.Name()+verb); ok {
			return upperFirst(rest)
		}
	}
	return comment
}

func typeName(typ reflect.Type) string {
	switch kind := typ.Kind(); {
	case typ == reflect.TypeFor[time.Time]():
		return "time"
	case kind == reflect.Pointer:
		return typeName(typ.Elem())
	case kind == reflect.Slice:
		return "list of " + typeName(typ.Elem())
	case kind == reflect.Struct:
		return fmt.Sprintf("[%s](#%[1]s)", anchor(typ))
	case kind == reflect.String:
		return "text"
	case kind == reflect.Bool:
		return "true, false"
	case kind == reflect.Int, kind == reflect.Int64:
		return "integer"
	}
	return "number"
}

func anchor(typ reflect.Type) string { return strings.ToLower(typ.Name()) }

// unit is told by a field's name, or by that of the object that it is in.
func (d *fieldDocs) unit(typ reflect.Type, f reflect.StructField) string {
	if typ := typeName(f.Type); typ == "time" {
		return "UTC, RFC 3339"
	} else if typ != "number" && typ != "integer" {
		return ""
	}
	units := map[string]string{"ms": "ms", "s": "s", "percent": "%", "mbps": "Mbit/s", "ppm": "ppm", "mb": "MB", "dbm": "dBm", "bytes": "bytes", "mtu": "bytes"}
	holder := d.paths[typ][0]
	if len(d.paths[typ]) > 1 {
		holder = "" // several, of several units
	}
	for word := range strings.SplitSeq(jsonName(f)+"_"+holder, "_") {
		if unit := units[word]; unit != "" {
			return unit
		}
	}
	return ""
}

// codes is the list of each group of constants.
func (d *fieldDocs) codes() string {
	var b strings.Builder
	var paths []string
	for path := range d.sources {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		for _, g := range d.sources[path].groups {
			d.checkPaths(g.comment)
			fmt.Fprintf(&b, "%s\n\n| code | meaning |\n|---|---|\n", g.comment)
			for _, c := range g.codes {
				if c[1] == "" {
					d.t.Errorf("the code %q of %s has no comment", c[0], path)
				}
				fmt.Fprintf(&b, "| `%s` | %s |\n", c[0], strings.TrimRight(strings.TrimSpace(c[1]), "."))
			}
			b.WriteString("\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// checkPaths wants a comment to say which fields have these values, and the
// fields to exist.
func (d *fieldDocs) checkPaths(comment string) {
	first, _, _ := strings.Cut(comment+" ", ". ")
	first, _, _ = strings.Cut(first, "; ")
	named := regexp.MustCompile("`[a-z_.\\[\\]]+`").FindAllString(first, -1)
	if !strings.HasPrefix(comment, "Values of `") || len(named) == 0 {
		d.t.Errorf("constants of texts with the comment %q: begin it with \"Values of `path.of.the.field`\"", comment)
	}
	for _, quoted := range named {
		path := strings.Trim(quoted, "`")
		known := slices.ContainsFunc(d.order, func(typ reflect.Type) bool {
			return slices.ContainsFunc(jsonFields(typ), func(f reflect.StructField) bool {
				return slices.ContainsFunc(d.paths[typ], func(at string) bool {
					return strings.TrimPrefix(at+"."+jsonName(f), ".") == path || jsonName(f) == path
				})
			})
		})
		if !known {
			d.t.Errorf("%q: the result has no field %s", comment, path)
		}
	}
}
