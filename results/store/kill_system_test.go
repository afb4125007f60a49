//go:build system

package store

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"netready/internal/seed"
	"netready/report"
	"netready/results"
)

// What the test binary does when it is started again, in this variable: the work, the
// folder of the store and a number.
const killedVariable = "NETREADY_STORE_KILLED"

func TestMain(m *testing.M) {
	words := strings.Split(os.Getenv(killedVariable), "\n")
	if len(words) != 3 {
		os.Exit(m.Run())
	}
	number, _ := strconv.Atoi(words[2])
	if err := work(words[0], words[1], number); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// work goes on until it is killed. It says on stdout what it begins (try) and what is
// done.
func work(kind, dir string, number int) error {
	var t testing.T
	s := folderStore(&killed{&t}, dir)
	ctx := context.Background()
	fmt.Println("ready")
	for n := number; ; n++ {
		switch kind {
		case "upload":
			raw, r := result(killedDay(n), n, "r")
			fmt.Println("try", r.RunID)
			if _, _, err := s.Put(ctx, "A", raw, r); err != nil {
				return err
			}
			fmt.Println("done", r.RunID)
			if n%7 == 0 {
				s.tend(ctx, 1)
			}
		case "compact":
			if _, err := s.Compact(ctx); err != nil {
				return err
			}
			if err := s.write(ctx, partitionOf("A", killedDay(n)).table(tableRuns), nil); err != nil { // so that there is work
				return err
			}
		case "delete":
			for row, err := range s.Rows(ctx, results.Query{}) {
				if err != nil {
					return err
				}
				if row.RunID[len(row.RunID)-1]%4 != 0 {
					continue
				}
				fmt.Println("try", row.RunID)
				if _, err := s.Delete(ctx, Which{RunIDs: []string{row.RunID}}); err != nil {
					return err
				}
				fmt.Println("done", row.RunID)
			}
		}
	}
}

// killed is what folderStore needs of a test, in a program that is none.
type killed struct{ testing.TB }

func (k *killed) Helper()        {}
func (k *killed) Cleanup(func()) {}

func killedDay(n int) time.Time { return day.AddDate(0, 0, n%3) }

// said are the run IDs that a program named before it was killed.
func said(out []byte, word string) (ids []string) {
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), word+" "); ok && len(id) == 26 {
			ids = append(ids, id)
		}
	}
	return ids
}

// killAfter runs a program on the store and kills it so long after it began.
func killAfter(t *testing.T, dir, kind string, number int, wait time.Duration) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), killedVariable+"="+kind+"\n"+dir+"\n"+strconv.Itoa(number))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	first := make([]byte, 6)
	if _, err := out.Read(first); err != nil {
		t.Fatal(err)
	}
	read := make(chan bool)
	go func() { _, _ = all.ReadFrom(out); close(read) }()
	time.Sleep(wait)
	_ = cmd.Process.Kill()
	<-read
	if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "signal: killed") {
		t.Fatalf("%s ended by itself: %v", kind, err)
	}
	return all.Bytes()
}

// TestKilledAtAnyMoment: uploads, compactions and deletions are killed at 50 random
// moments. No accepted run is lost, none is there twice, and nothing half counts.
func TestKilledAtAnyMoment(t *testing.T) {
	random := rand.New(rand.NewPCG(seed.Of(t), 0))
	dir := t.TempDir()
	state := map[string]string{} // what a run has to be, by its ID: stored, gone or either
	counts := map[string]int{}
	for moment := range 50 {
		kind := []string{"upload", "upload", "compact", "upload", "delete"}[moment%5]
		longest := 100 * time.Millisecond
		if kind == "delete" { // which writes the tables again
			longest *= 4
		}
		out := killAfter(t, dir, kind, moment*10_000, time.Duration(random.Int64N(int64(longest))))
		tried, done := said(out, "try"), said(out, "done")
		counts[kind] += len(done)
		counts["try "+kind] += len(tried)
		for _, id := range tried {
			state[id] = "either"
		}
		for _, id := range done {
			state[id] = map[string]string{"upload": "stored", "delete": "gone"}[kind]
		}
		checkKilled(t, folderStore(t, dir), state)
		if t.Failed() {
			t.Fatalf("after moment %d, %s", moment, kind)
		}
	}
	s := folderStore(t, dir)
	if _, err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkKilled(t, s, state)
	checkTables(t, s)
	t.Logf("%d uploads were accepted, %d deletions begun, %d done, %d runs are left", counts["upload"], counts["try delete"], counts["delete"], len(collect(t, s.Rows(t.Context(), results.Query{}))))
	if counts["upload"] < 25 || counts["try delete"] < 5 {
		t.Error("too little was done to tell")
	}
}

func checkKilled(t *testing.T, s *Store, state map[string]string) {
	t.Helper()
	seen := map[string]int{}
	for row, err := range s.Rows(t.Context(), results.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		seen[row.RunID]++
		raw, err := s.Read(t.Context(), row.Key)
		if err != nil {
			t.Fatal(err)
		}
		r, _, err := report.ReadJSON(bytes.NewReader(raw))
		if err != nil || r.RunID != row.RunID || int64(len(raw)) != row.Size {
			t.Errorf("%s is not whole: %v", row.Key, err)
		}
	}
	for id, want := range state {
		if n := seen[id]; n > 1 || want == "stored" && n != 1 || want == "gone" && n != 0 {
			t.Errorf("run %s is there %d times, and is to be %s", id, n, want)
		}
	}
	for id := range seen {
		if state[id] == "" {
			t.Errorf("run %s was never sent", id)
		}
	}
}

// checkTables compares the tables with the index, and the index with the objects.
func checkTables(t *testing.T, s *Store) {
	t.Helper()
	for at := range 3 {
		in := partitionOf("A", killedDay(at))
		want := idsOf(collect(t, s.Rows(t.Context(), results.Query{Since: in.day(), Until: in.day().AddDate(0, 0, 1)})))
		if len(want) == 0 {
			continue
		}
		runs, ports := tableRows(t, s, in)
		if !slices.Equal(runs, want) || !slices.Equal(ports, want) {
			t.Errorf("%s: %d runs in the table, ports of %d, want %d", in, len(runs), len(ports), len(want))
		}
	}
	if found, err := s.Rebuild(t.Context()); found != 0 || err != nil {
		t.Errorf("the index did not know %d runs, %v", found, err)
	}
}

func (p partition) day() time.Time {
	at, _ := time.Parse(time.DateOnly, p.date)
	return at
}
