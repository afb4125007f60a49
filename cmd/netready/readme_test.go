package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"netready/thresholds"
)

var update = flag.Bool("update", false, "write the samples in README.md and docs/result.md again, from a real run")

const (
	readmePath = "../../README.md"
	resultPath = "../../docs/result.md"
)

// The samples in README.md and docs/result.md come from a real run, and a real
// run still looks like them: the same lines on the terminal but for their
// figures, the same JSON fields.
func TestReadmeSamples(t *testing.T) {
	readme, err := os.ReadFile(readmePath)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(resultPath)
	if err != nil {
		t.Fatal(err)
	}
	stdout, document := calmRun(t)
	terminal := "```\n$ make run\n" + strings.Trim(stdout, "\n") + "\n```"
	sample := "```json\n" + shortened(t, document) + "\n```"
	if *update {
		readme = replaced(t, readme, "terminal", terminal)
		page = replaced(t, page, "json", sample)
		if err := errors.Join(os.WriteFile(readmePath, readme, 0o644), os.WriteFile(resultPath, page, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	figures := regexp.MustCompile(`[0-9][0-9.:-]*| +|\b[GM]bit/s`)
	shape := func(s string) string { return figures.ReplaceAllString(s, " ") }
	want := shape(block(t, readme, "terminal"))
	for line := range strings.Lines(stdout) {
		// The first line names the machine.
		if words := strings.TrimSpace(shape(line)); words != "" && !strings.Contains(line, "local (This machine)") && !strings.Contains(want, words) {
			t.Errorf("a real run prints %q, the README has no such line: go test ./cmd/netready -run Readme -update", strings.TrimSpace(line))
		}
	}
	if got, want := fieldsOf(t, []byte(shortened(t, document))), fieldsOf(t, []byte(fenced(block(t, page, "json")))); !slices.Equal(got, want) {
		t.Errorf("a real run has the fields %v, the sample in docs/result.md %v: go test ./cmd/netready -run Readme -update", got, want)
	}
}

// calmRun is what a run prints and its JSON: of one that does not say that this computer was too
// busy, if there is such a one among three.
func calmRun(t *testing.T) (printed string, document []byte) {
	t.Helper()
	for range 3 {
		dir := t.TempDir()
		var stdout, stderr bytes.Buffer
		if status := run(t.Context(), []string{"run", "--region", "local", "--duration", "10s", "--org", "Example Ltd", "--location", "Berlin", "--out", dir}, nil, &stdout, &stderr); status != exitReady {
			t.Fatalf("exit status %d\n%s%s", status, stdout.String(), stderr.String())
		}
		found, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil || len(found) != 1 {
			t.Fatalf("%d JSON files, %v", len(found), err)
		}
		if document, err = os.ReadFile(found[0]); err != nil {
			t.Fatal(err)
		}
		printed = stdout.String()
		var judged struct {
			Findings []thresholds.Finding `json:"findings"`
		}
		if err := json.Unmarshal(document, &judged); err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(judged.Findings, func(f thresholds.Finding) bool { return f.What == thresholds.WhatCause }) {
			break
		}
	}
	return printed, document
}

// shortened keeps the first element of every list and of a direction's like.
func shortened(t *testing.T, document []byte) string {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(document, &v); err != nil {
		t.Fatal(err)
	}
	voice, ok := v["voice"].(map[string]any)
	if !ok {
		t.Fatal("no voice")
	}
	voice["timeline"], voice["per_call"] = []any{}, []any{}
	for _, way := range []string{"up", "down"} {
		if d, ok := voice[way].(map[string]any); ok {
			d["unreliable"] = []any{} // a busy machine has some, an idle one has none
		}
	}
	v["findings"] = first(v["findings"])
	v["firewall"] = first(v["firewall"])
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

func first(v any) any {
	if list, ok := v.([]any); ok && len(list) > 1 {
		return list[:1]
	}
	return v
}

// fieldsOf lists the paths of all fields, sorted.
func fieldsOf(t *testing.T, document []byte) []string {
	t.Helper()
	var v any
	if err := json.Unmarshal(document, &v); err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	seen := map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, inner := range v {
				// Fields that only some runs have.
				if key != "not_measured" && key != "dns" && key != "ping" && key != "tested_ports" && key != "port" && key != "ports" && key != "note" && key != "by" && key != "row" && key != "code" && key != "rule" && key != "kernel_stamps" && key != "borderline" && key != "settled_by_s" {
					seen[path+"."+key] = true
					walk(path+"."+key, inner)
				}
			}
		case []any:
			for _, inner := range v {
				walk(path+"[]", inner)
			}
		}
	}
	walk("", v)
	var all []string
	for path := range seen {
		all = append(all, path)
	}
	slices.Sort(all)
	return all
}

func bounds(t *testing.T, page []byte, name string) (from, to int) {
	t.Helper()
	start := "<!-- sample:" + name + " -->\n"
	from = bytes.Index(page, []byte(start))
	if from < 0 {
		t.Fatalf("the page has no sample %s", name)
	}
	from += len(start)
	to = bytes.Index(page[from:], []byte("<!-- end -->"))
	if to < 0 {
		t.Fatalf("the page's sample %s has no end", name)
	}
	return from, from + to
}

func block(t *testing.T, page []byte, name string) string {
	t.Helper()
	from, to := bounds(t, page, name)
	return string(page[from:to])
}

func fenced(s string) string {
	s = strings.TrimSpace(s)
	s = strings.TrimPrefix(s, "```json")
	return strings.TrimSuffix(s, "```")
}

func replaced(t *testing.T, page []byte, name, content string) []byte {
	t.Helper()
	from, to := bounds(t, page, name)
	return slices.Concat(page[:from], []byte(content+"\n"), page[to:])
}
