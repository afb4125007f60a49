// Package duckdb asks DuckDB, for tests: a database of somebody else that reads our
// files in place.
package duckdb

import (
	"context"
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"netready/internal/need"
)

//go:embed query.mjs
var script string

// A Row is one row of an answer. Large integers, times and decimals are texts.
type Row map[string]any

// Ask asks one question after the other, and returns the rows of the last answer. Its
// packages are those of the browser tests.
func Ask(tb testing.TB, questions ...string) []Row {
	tb.Helper()
	packages := filepath.Join(root(tb), "cmd/netready/page/browsertest")
	need.File(tb, filepath.Join(packages, "node_modules/@duckdb/node-api"))
	list, err := json.Marshal(questions)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tb.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, need.Tool(tb, "node"), "--input-type=module", "--eval", script, "--", packages, string(list))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("asking DuckDB %q: %v", questions, err)
	}
	var rows []Row
	if err := json.Unmarshal(out, &rows); err != nil {
		tb.Fatal(err)
	}
	return rows
}

// root is the top folder of the module that the test is in.
func root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	tb.Fatal("no go.mod above the test")
	return ""
}
