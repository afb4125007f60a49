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

	"gocloud.dev/blob"

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

// unsyncedWork ends the name of a work that does not wait for the disk.
const unsyncedWork = " unsynced"

// work goes on until it is killed. It says on stdout what it begins (try) and what is
// done.
func work(kind, dir string, number int) error {
	ctx := context.Background()
	s, err := storeAt(ctx, dir)
	if err != nil {
		return err
	}
	kind, s.unsynced = strings.CutSuffix(kind, unsyncedWork)
	fmt.Println("ready")
	for n := number; ; n++ {
		switch kind {
		case "send": // as agents do: again and again, until it is accepted
			raw, r := result(killedDay(n), n, "r")
			fmt.Println("try", r.RunID)
			for {
				if _, _, err := s.Put(ctx, "A", raw, r); err == nil {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			fmt.Println("done", r.RunID)
			if n%30 == 0 {
				s.gatherFull(ctx, 1)
			}
		case "upload":
			raw, r := result(killedDay(n), n, "r")
			fmt.Println("try", r.RunID)
			if _, _, err := s.Put(ctx, "A", raw, r); err != nil {
				return err
			}
			fmt.Println("done", r.RunID)
			if n%7 == 0 {
				s.gatherFull(ctx, 1)
			}
		case "compact":
			if _, err := s.Compact(ctx); err != nil {
				return err
			}
			if err := s.write(ctx, partitionOf("A", killedDay(n)).table(tableRuns), nil); err != nil { // so that there is work
				return err
			}
		case "expire":
			s.options.Now = nightOfKilled
			if _, err := s.expire(ctx, killedKeep); err != nil {
				return err
			}
			if _, err := s.Compact(ctx); err != nil {
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

// storeAt is a store in a folder or at a URL.
func storeAt(ctx context.Context, at string) (*Store, error) {
	var bucket *blob.Bucket
	var err error
	if strings.Contains(at, "://") {
		bucket, err = blob.OpenBucket(ctx, at)
	} else {
		bucket, err = openFolder(at)
	}
	if err != nil {
		return nil, err
	}
	return New(bucket, Options{}), nil
}

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

// A worker is a program that works on a store.
type worker struct {
	*exec.Cmd
	out  bytes.Buffer // complete when it was killed
	read chan bool
}

// startWorker starts a program on a store and waits until it begins.
func startWorker(t *testing.T, at, kind string, number int) *worker {
	t.Helper()
	w := &worker{Cmd: exec.CommandContext(t.Context(), os.Args[0]), read: make(chan bool)}
	w.Env = append(os.Environ(), killedVariable+"="+kind+"\n"+at+"\n"+strconv.Itoa(number))
	w.Stderr = os.Stderr
	out, err := w.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = w.out.ReadFrom(out); close(w.read) }()
	return w
}

// kill ends it and returns what it has said.
func (w *worker) kill(t *testing.T) []byte {
	t.Helper()
	_ = w.Process.Kill()
	<-w.read
	if err := w.Wait(); err == nil || !strings.Contains(err.Error(), "signal: killed") {
		t.Fatalf("it ended by itself: %v", err)
	}
	return w.out.Bytes()
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
		unsynced := map[bool]string{true: unsyncedWork}[moment%2 == 1]
		w := startWorker(t, dir, kind+unsynced, moment*10_000)
		time.Sleep(time.Duration(random.Int64N(int64(longest))))
		out := w.kill(t)
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
	if counts["upload"] < 10 || counts["try delete"] < 2 { // a busy machine makes 21 uploads between the kills
		t.Error("too little was done to tell")
	}
}

// The days of killedDay are kept, and those before expire.
const killedKeep = 90 * 24 * time.Hour

func nightOfKilled() time.Time { return day.Add(killedKeep) }

// TestKilledWhileDaysExpire: the night's work, which deletes what is older than --keep and
// compacts the rest, is killed at 10 random moments, beside uploads that are killed too. No
// younger run is lost, and at each moment no run is shown, or in a table, whose result is gone.
// In the end nothing of the old days is left.
func TestKilledWhileDaysExpire(t *testing.T) {
	random := rand.New(rand.NewPCG(seed.Of(t), 0))
	dir := t.TempDir()
	state := map[string]string{}
	cut := 0
	for moment := range 10 {
		s := folderStore(t, dir)
		old := []time.Time{day.AddDate(0, 0, -1), day.AddDate(0, 0, -2), day.AddDate(0, 0, -60)} // the last one only the index knows
		for n := range 45 {
			state[put(t, s, "A", old[n%3], 1_000_000+moment*100+n, "r").RunID] = "either"
		}
		if _, err := s.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		unsynced := map[bool]string{true: unsyncedWork}[moment%2 == 1]
		uploads, night := startWorker(t, dir, "upload"+unsynced, moment*10_000), startWorker(t, dir, "expire"+unsynced, 0)
		time.Sleep(time.Duration(random.Int64N(int64(160 * time.Millisecond))))
		night.kill(t)
		out := uploads.kill(t)
		for _, word := range []string{"try", "done"} {
			for _, id := range said(out, word) {
				state[id] = map[string]string{"try": "either", "done": "stored"}[word]
			}
		}
		s = folderStore(t, dir)
		checkKilled(t, s, state)
		left := 0
		for _, at := range old {
			left += checkShown(t, s, partitionOf("A", at))
		}
		if left > 0 {
			cut++
		}
		if t.Failed() {
			t.Fatalf("after moment %d", moment)
		}
	}
	s := folderStore(t, dir)
	s.options.Now = nightOfKilled
	if _, err := s.expire(t.Context(), killedKeep); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkKilled(t, s, state)
	checkTables(t, s)
	for _, file := range filesOf(t, dir) {
		if at, ok := strings.CutPrefix(file[strings.Index(file, "date="):], "date="); ok && !strings.HasPrefix(file, accessFolder) && at[:10] < day.Format(time.DateOnly) {
			t.Errorf("%s is left", file)
		}
	}
	t.Logf("%d of 10 nights were cut off before the old days were gone; %d runs are left", cut, len(collect(t, s.Rows(t.Context(), results.Query{}))))
	if cut < 2 {
		t.Error("too little was done to tell")
	}
}

// checkShown looks at a partition for tables with runs whose results are gone, and returns how
// many results it has.
func checkShown(t *testing.T, s *Store, in partition) (objects int) {
	t.Helper()
	there := map[string]bool{}
	for o, err := range s.list(t.Context(), in.objects(), false) {
		if err != nil {
			t.Fatal(err)
		}
		if a, ok := parseKey(o.Key); ok {
			there[a.runID] = true
		}
	}
	for _, name := range []string{tableRuns, tablePorts} {
		if found, err := s.bucket.Exists(t.Context(), in.table(name)); err != nil || !found {
			return len(there) // tableRows wants both
		}
	}
	runs, ports := tableRows(t, s, in)
	for _, id := range append(runs, ports...) {
		if !there[id] {
			t.Errorf("%s: run %s is in a table and its result is gone", in, id)
		}
	}
	return len(there)
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
