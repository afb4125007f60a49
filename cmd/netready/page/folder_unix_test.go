//go:build unix

package page

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFolderOfTraps: a pipe in the folder of results kept a request waiting for
// ever, and files of 30 MB were read whole, each time.
func TestFolderOfTraps(t *testing.T) {
	sc, cfg := quickScript(t)
	for n := range int64(3) {
		if err := save(sc.dir, judged(sc.result(n, Options{Region: "local", Duration: time.Second, Calls: 1}))); err != nil {
			t.Fatal(err)
		}
	}
	base := func(n int64) string { return filepath.Join(sc.dir, "netready_"+ulid(n)[18:]) }
	pipe := func(name string) {
		t.Helper()
		if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Skip(err)
		}
	}
	pipe(base(1) + ".txt") // beside a result
	pipe(filepath.Join(sc.dir, "a pipe.json"))
	for i, name := range []string{"zero.json", "null.txt"} {
		if err := os.Symlink([]string{"/dev/zero", "/dev/null"}[i], filepath.Join(sc.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	large := bytes.Repeat([]byte(`{"run_id":"`), 30<<20/11)
	for _, name := range []string{"large.json", "larger.json", filepath.Base(base(2)) + ".txt"} {
		if err := os.WriteFile(filepath.Join(sc.dir, name), large, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, cfg)
	_, list := request{method: "GET", path: "/api/results"}.do(t, s) // or it runs into the request's time limit
	var found []entry
	if err := json.Unmarshal([]byte(list), &found); err != nil || len(found) != 3 {
		t.Errorf("got %d results, %v; want 3: %.200s", len(found), err, list)
	}
	for path, want := range map[string]string{
		ulid(1) + "/txt": "not a file, but a pipe", ulid(2) + "/txt": "larger than 8 MB", ulid(1) + "/view": `aria-label="VOIP"`, ulid(2) + "/view": `aria-label="VOIP"`,
	} {
		if _, body := (request{method: "GET", path: "/api/results/" + path}).do(t, s); !strings.Contains(body, want) {
			t.Errorf("%s: got %.200q, want %q", path, body, want)
		}
	}
	for name, k := range s.folder.known {
		if k.size > largest && k.isResult {
			t.Errorf("%s was read", name)
		}
	}
}

// TestListReadsOnlyWhatChanged, and at most so much at once: two hundred files of
// eight megabytes were 1.6 GB for each click.
func TestListReadsOnlyWhatChanged(t *testing.T) {
	sc, _ := quickScript(t)
	padding := strings.Repeat("A", 7<<20)
	const files = 20 // 140 MB: more than twice what one list reads
	for n := range int64(files) {
		text := `{"run_id":"` + ulid(n) + `","verdict":"ready","started_at":"2026-11-24T09:30:00Z","location":"` + padding + `"}`
		if err := os.WriteFile(filepath.Join(sc.dir, ulid(n)+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := &folder{dir: sc.dir}
	counts := make([]int, 0, 4)
	for range 4 {
		found, err := f.list()
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, len(found))
		for _, e := range found {
			if len(e.Location) > longest {
				t.Fatalf("a text of %d bytes is in the list", len(e.Location))
			}
		}
	}
	if counts[0] == 0 || counts[0] > budget/(7<<20) || counts[3] != files {
		t.Errorf("got %v results by and by, want at most %d at first and %d at the end", counts, budget/(7<<20), files)
	}
	// One that has changed is read again.
	if err := os.WriteFile(filepath.Join(sc.dir, ulid(3)+".json"), []byte(`{"run_id":"`+ulid(3)+`","location":"Hamburg"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := f.list()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range found {
		if e.ID == ulid(3) && e.Location != "Hamburg" {
			t.Errorf("an old state is shown: %.20s", e.Location)
		}
	}
}
