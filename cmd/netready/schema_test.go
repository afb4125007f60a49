package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"netready/report"
)

const schemaPath = "../../docs/result.schema.json"

// always are the fields that every result of every version has: a reader may
// rely on them. All others came later, or are left out where they say nothing.
var always = []string{
	"schema", "run_id", "tool", "started_at", "finished_at", "organization", "location", "machine", "region", "voice", "ping", "bandwidth", "nat",
	"firewall", "limits", "findings", "verdict", "complete",
}

// schemaOf describes a type of the result. A strict one allows no field that is
// not in it: with it our own results are tested. The one for others allows
// more, since later versions have more.
func (d *fieldDocs) schemaOf(typ reflect.Type, strict bool) map[string]any {
	switch typ.Kind() { //nolint:exhaustive // what no result has ends the test below
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{d.schemaOf(typ.Elem(), strict), map[string]any{"type": "null"}}}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": d.schemaOf(typ.Elem(), strict)}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": d.schemaOf(typ.Elem(), strict)}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Int, reflect.Int64, reflect.Uint32:
		return map[string]any{"type": "integer"}
	case reflect.Struct:
		if typ == reflect.TypeFor[time.Time]() {
			return map[string]any{"type": "string", "format": "date-time"}
		}
		return map[string]any{"$ref": "#/$defs/" + typ.Name()}
	}
	d.t.Fatalf("%v: no JSON Schema is known for it", typ)
	return nil
}

// schema is that of a whole result.
func (d *fieldDocs) schema(strict bool) []byte {
	defs := map[string]any{}
	for _, typ := range d.order {
		fields := map[string]any{}
		for _, f := range jsonFields(typ) {
			property := d.schemaOf(f.Type, strict)
			if comment := d.comment(typ, f); comment != "" {
				property["description"] = comment
			}
			fields[jsonName(f)] = property
		}
		object := map[string]any{"type": "object", "properties": fields}
		if strict {
			object["additionalProperties"] = false
		}
		defs[typ.Name()] = object
	}
	top := defs[d.order[0].Name()].(map[string]any)
	delete(defs, d.order[0].Name())
	top["required"] = always
	top["$schema"], top["$defs"] = "https://json-schema.org/draft/2020-12/schema", defs
	top["title"] = "A result of netready"
	top["description"] = "Made from the types by a test. Fields may be added at any time; the number in schema goes up when one changes its meaning."
	properties := top["properties"].(map[string]any)
	properties["verdict"].(map[string]any)["enum"] = []string{"ready", "not_ready", "undetermined"}
	properties["schema"].(map[string]any)["minimum"] = 1
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(top); err != nil {
		d.t.Fatal(err)
	}
	return b.Bytes()
}

func compiled(t *testing.T, schema []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("result.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("result.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fits(t *testing.T, s *jsonschema.Schema, document string) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// docs/result.schema.json describes real runs, signed and not, and every saved
// result; and it refuses everything else.
func TestResultSchema(t *testing.T) {
	d := newFieldDocs(t)
	want := d.schema(false)
	if *update {
		if err := os.WriteFile(schemaPath, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaPath)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("docs/result.schema.json is not that of the types (%v): go test ./cmd/netready -run Result -update", err)
	}
	open, strict := compiled(t, got), compiled(t, d.schema(true))
	_, signed, _ := signedRun(t)
	dir := t.TempDir()
	run(t.Context(), []string{"run", "--region", "local", "--duration", "1s", "--no-bandwidth", "--quiet", "--out", dir}, nil, &bytes.Buffer{}, &bytes.Buffer{})
	unsigned, _ := filepath.Glob(filepath.Join(dir, "*.json"))
	for _, real := range append(unsigned, signed) {
		if err := fits(t, strict, readAll(t, real)); err != nil {
			t.Errorf("a real run: %v", err)
		}
	}
	saved, _ := filepath.Glob("../../report/testdata/*.json")
	corpus, _ := filepath.Glob("../../report/merge/testdata/corpus/*/*.json")
	if len(saved) == 0 || len(corpus) == 0 {
		t.Fatal("there are no saved results")
	}
	for _, path := range append(saved, corpus...) {
		if err := fits(t, open, readAll(t, path)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	whole := readAll(t, signed)
	for name, change := range map[string][2]string{
		"a verdict of its own": {`"verdict": "`, `"verdict": "very_`}, "a figure as a text": {`"loss_percent": 0`, `"loss_percent": "0"`},
		"no run_id": {`"run_id"`, `"run"`}, "not a time": {`"started_at": "`, `"started_at": "on `}, "not a list": {`"firewall": []`, `"firewall": {}`},
	} {
		changed := strings.Replace(whole, change[0], change[1], 1)
		if changed == whole || fits(t, open, changed) == nil {
			t.Errorf("%s passes", name)
		}
	}
}

// Every result of the corpus still reads as it did on the day it was made: signed ones are
// still recognized as unchanged.
func TestCorpusStillVerifies(t *testing.T) {
	for _, ending := range []string{"json", "txt"} {
		files, _ := filepath.Glob("../../report/merge/testdata/corpus/*/*." + ending)
		signed := 0
		for _, path := range files {
			status, v := verifyFile(t, "a."+ending, readAll(t, path))
			if status != 0 {
				t.Errorf("%s: %+v", path, v)
			}
			if v.Status == string(report.SignedWhole) {
				signed++
			}
		}
		if signed == 0 {
			t.Errorf("no %s of the corpus is signed", ending)
		}
	}
}
