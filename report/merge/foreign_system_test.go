//go:build system

package merge

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"netready/internal/need"
)

// TestSystemForeignSheetsStay adds to a workbook into which people have put
// sheets of their own, made by another library: conditional formats,
// validations, comments, merged cells, pictures, charts, links, names, styles.
func TestSystemForeignSheetsStay(t *testing.T) {
	need.Tool(t, "python3")
	dir := t.TempDir()
	out, before := filepath.Join(dir, "team.xlsx"), filepath.Join(dir, "before.xlsx")
	writeCorpus(t, filepath.Join(dir, "in"), 5)
	do(t, Merge{Sources: []string{filepath.Join(dir, "in")}, Out: out}, 5)
	script(t, "make.py", out, before)
	script(t, "make.py", out, out)
	for round := range 3 {
		put(t, filepath.Join(dir, "more", "r.json"), jsonOf(t, corpusRun(900+round)))
		do(t, Merge{Sources: []string{filepath.Join(dir, "more")}, Out: out, Append: true}, 6+round)
	}
	said := script(t, "compare.py", before, out)
	var compared, differ int
	last := said[strings.LastIndex(strings.TrimSpace(said), "\n")+1:]
	if _, err := fmt.Sscanf(last, "%d compared, %d differ", &compared, &differ); err != nil || differ > 0 || compared < 60 {
		t.Errorf("%v, of more than 60 to compare:\n%s", err, said)
	}
	office(t, out, "pdf")
}

// script runs one of the scripts that play the people.
func script(t *testing.T, name string, args ...string) string {
	t.Helper()
	path := filepath.Join("testdata", "foreign", name)
	out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", append([]string{"-W", "ignore", path}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}
