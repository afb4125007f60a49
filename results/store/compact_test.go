package store

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"netready/internal/tablefile"
	"netready/probe/facts"
	"netready/report"
	"netready/report/merge"
	"netready/report/workbook"
	"netready/results"
	"netready/thresholds"
)

// tableRows are the run IDs in the tables of a partition: of Runs, and of Ports each once.
func tableRows(tb testing.TB, s *Store, in partition) (runs, ports []string) {
	tb.Helper()
	for i, name := range []string{tableRuns, tablePorts} {
		data, err := s.bucket.ReadAll(tb.Context(), in.table(name))
		if err != nil {
			tb.Fatal(err)
		}
		into := []*[]string{&runs, &ports}[i]
		for _, row := range tablefile.Rows(tb, data) {
			id, _ := row[0].(string)
			*into = append(*into, id)
		}
	}
	return runs, slices.Compact(ports)
}

func idsOf(rows []Row) (ids []string) {
	for _, row := range rows {
		ids = append(ids, row.RunID)
	}
	return ids
}

func compact(tb testing.TB, s *Store, wantTables int) {
	tb.Helper()
	done, err := s.Compact(tb.Context())
	if err != nil || done.Tables != wantTables {
		tb.Fatalf("compacted %+v, %v; want %d tables", done, err, wantTables)
	}
}

func filesOf(tb testing.TB, dir string) (files []string) {
	tb.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

// TestCompactionKeepsEveryRun: index and tables hold what the objects hold, before and
// after; what comes late is taken in, and what is up to date is not touched.
func TestCompactionKeepsEveryRun(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	for n := range 120 {
		put(t, s, []string{"A", "B"}[n%2], day.AddDate(0, 0, n/60), n, []string{"r1", "r2", "r1-x"}[n%3])
	}
	before := collect(t, s.Rows(t.Context(), results.Query{}))
	if err := s.gather(t.Context(), partitionOf("A", day), false); err != nil {
		t.Fatal(err)
	}
	compact(t, s, 4)
	compact(t, s, 0)
	for _, as := range []*Store{s, folderStore(t, dir)} {
		if after := collect(t, as.Rows(t.Context(), results.Query{})); len(after) != 120 || !reflect.DeepEqual(after, before) {
			t.Fatalf("%d rows after compaction, want the same 120", len(after))
		}
	}
	if index := filesOf(t, filepath.Join(dir, "index")); len(index) != 4 {
		t.Errorf("the index has %d files, want a segment for each of 4: %v", len(index), index)
	}
	late := put(t, s, "A", day, 500, "r1")
	compact(t, s, 1)
	runs, ports := tableRows(t, s, partitionOf("A", day))
	if len(runs) != 31 || !slices.Contains(runs, late.RunID) || !slices.Equal(runs, ports) {
		t.Errorf("%d runs and the ports of %d, want 31 with the late one", len(runs), len(ports))
	}
}

// TestTodayIsNotInTables: a day that is not over has no table yet.
func TestTodayIsNotInTables(t *testing.T) {
	s := folderStore(t, t.TempDir())
	s.options.Now = func() time.Time { return day }
	put(t, s, "A", day, 1, "r")
	compact(t, s, 0)
	s.options.Now = func() time.Time { return day.AddDate(0, 0, 1) }
	compact(t, s, 1)
}

// TestADamagedTableIsMadeAgain: cut short, or none at all.
func TestADamagedTableIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	put(t, s, "A", day, 1, "r")
	compact(t, s, 1)
	for i, harm := range []func(string) error{
		func(name string) error { return os.Truncate(name, 60) },
		func(name string) error { return os.Truncate(name, 0) },
		os.Remove,
		func(name string) error { return os.WriteFile(name, bytes.Repeat([]byte("PAR1"), 100), 0o600) },
	} {
		if err := harm(filepath.Join(dir, partitionOf("A", day).table([]string{tableRuns, tablePorts}[i%2]))); err != nil {
			t.Fatal(err)
		}
		compact(t, s, 1)
	}
	compact(t, s, 0)
}

// TestManyProgramsWorkOnOneStore: they store, gather and compact at once; each run is
// there once at every moment.
func TestManyProgramsWorkOnOneStore(t *testing.T) {
	dir := t.TempDir()
	first := folderStore(t, dir)
	for n := range 50 {
		put(t, first, "A", day, n, "r")
	}
	ctx := context.WithoutCancel(t.Context())
	var all sync.WaitGroup
	for i := range 3 {
		s := folderStore(t, dir)
		all.Go(func() {
			for n := range 20 {
				raw, r := result(day, 1000*(i+1)+n, "r")
				if _, _, err := s.Put(ctx, "A", raw, r); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			for n := range 5 {
				if err := s.gather(ctx, partitionOf("A", day), n%2 == 1); err != nil {
					t.Error(err)
				}
				if _, err := s.Compact(ctx); err != nil {
					t.Error(err)
				}
			}
		})
	}
	counts := make(chan int, 1000)
	done := make(chan bool)
	go func() {
		defer close(counts)
		for {
			select {
			case <-done:
				return
			case counts <- len(collect(t, first.Rows(ctx, results.Query{}))):
			}
		}
	}()
	all.Wait()
	close(done)
	least := 50
	for n := range counts {
		if n < least || n > 110 {
			t.Fatalf("%d rows, after there were %d", n, least)
		}
		least = n
	}
	if rows := collect(t, folderStore(t, dir).Rows(ctx, results.Query{})); len(rows) != 110 {
		t.Fatalf("%d rows, want 110", len(rows))
	}
	if _, err := first.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	if runs, _ := tableRows(t, first, partitionOf("A", day)); len(runs) != 110 || len(slices.Compact(slices.Sorted(slices.Values(runs)))) != 110 {
		t.Errorf("%d runs in the table, want 110", len(runs))
	}
}

func TestWhatIsDeletedIsNowhere(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	for n := range 40 {
		put(t, s, []string{"A", "SecretOrg"}[n%2], day.AddDate(0, 0, n/20), n, "r")
	}
	compact(t, s, 4)
	rows := collect(t, s.Rows(t.Context(), results.Query{Org: "A"}))
	gone := rows[3]
	which := Which{RunIDs: []string{gone.RunID, "01ARZ3NDEKTSV4RRFFQ69G5FAV"}}
	if would := collect(t, s.Matching(t.Context(), which)); len(would) != 1 || would[0].RunID != gone.RunID {
		t.Fatalf("would delete %v", idsOf(would))
	}
	if n, err := s.Delete(t.Context(), which); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := s.Read(t.Context(), gone.Key); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v, want ErrNotFound", err)
	}
	if runs, _ := tableRows(t, s, partitionOf("A", gone.Started)); slices.Contains(runs, gone.RunID) || len(runs) != 9 {
		t.Errorf("%d runs in the table, want 9 without the deleted one", len(runs))
	}
	raw, r := result(gone.Started, 6, "r")
	if r.RunID != gone.RunID {
		t.Fatal(r.RunID, gone.RunID)
	}
	if _, _, err := s.Put(t.Context(), "A", raw, r); !errors.Is(err, ErrGone) {
		t.Errorf("stored again: %v, want ErrGone", err)
	}
	if n, err := s.Delete(t.Context(), Which{Query: results.Query{Org: "SecretOrg"}}); n != 20 || err != nil {
		t.Fatal(n, err)
	}
	if left := collect(t, s.Rows(t.Context(), results.Query{})); len(left) != 19 {
		t.Errorf("%d rows are left, want 19", len(left))
	}
	for _, file := range filesOf(t, dir) {
		if strings.Contains(file, "SecretOrg") && !strings.Contains(file, gonePrefix) {
			t.Errorf("%s is left", file)
		}
	}
	s.options.Now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	if _, err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, file := range filesOf(t, dir) {
		if strings.Contains(file, "SecretOrg") || strings.Contains(file, gonePrefix) {
			t.Errorf("%s is left after a day", file)
		}
	}
}

// TestADeletionThatIsCutOffIsCompleted: the program ended after it had written down
// what goes.
func TestADeletionThatIsCutOffIsCompleted(t *testing.T) {
	s := folderStore(t, t.TempDir())
	a, b := put(t, s, "A", day, 1, "r"), put(t, s, "A", day, 2, "r")
	compact(t, s, 1)
	if err := s.sayGone(t.Context(), partitionOf("A", day), []string{a.Key, "index/check", "../x"}); err != nil {
		t.Fatal(err)
	}
	if rows := collect(t, s.List(t.Context(), results.Query{}, "")); len(rows) != 1 || rows[0] != b {
		t.Errorf("%v, want what is not deleted", rows)
	}
	compact(t, s, 1)
	if _, err := s.Read(t.Context(), a.Key); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v, want ErrNotFound", err)
	}
}

func TestOldDaysExpire(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	now := day.AddDate(0, 0, 100)
	s.options.Now = func() time.Time { return now }
	for n := range 6 {
		put(t, s, "A", now.AddDate(0, 0, -88-n), n, "r") // 88 to 93 days old
	}
	compact(t, s, 6)
	// An object that the index does not know.
	raw, r := result(now.AddDate(0, 0, -95), 9, "r")
	if err := s.write(t.Context(), rowOf("A", raw, r).Key, raw); err != nil {
		t.Fatal(err)
	}
	for _, ago := range []int{400, 300} {
		if err := s.write(t.Context(), accessFolder+"date="+now.AddDate(0, 0, -ago).Format(time.DateOnly)+"/x.jsonl", []byte("{}\n")); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.expire(t.Context(), 90*24*time.Hour); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	if rows := collect(t, s.Rows(t.Context(), results.Query{})); len(rows) != 3 {
		t.Errorf("%d rows, want those of 88 to 90 days", len(rows))
	}
	if files := filesOf(t, dir); len(files) != 3*4+1+4 {
		t.Errorf("%d files, want object, segment and two tables of three days, and of the access log one and those of four deletions: %v", len(files), files)
	}
	if n, err := s.expire(t.Context(), 0); n != 0 || err != nil {
		t.Error("without --keep", n, err)
	}
}

// TestTheIndexIsMadeAgain: lost, in part or whole; foreign files do not harm.
func TestTheIndexIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	long := strings.Repeat("長", 100)
	for n := range 60 {
		put(t, s, []string{"A", "A-B", long}[n%3], day.AddDate(0, 0, n/30), n, []string{"r", "r-1", "r.1"}[n%3])
	}
	before := idsOf(collect(t, s.Rows(t.Context(), results.Query{})))
	compact(t, s, 6)
	if err := os.RemoveAll(filepath.Join(dir, "index")); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, partitionOf("A", day).objects(), "region=r")
	for name, text := range map[string]string{"notes.json": "{}", "a.txt": "x", "half.json": `{"schema":1`} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := folderStore(t, dir)
	if found, err := again.Rebuild(t.Context()); found != 60 || err != nil {
		t.Fatal(found, err)
	}
	if found, err := again.Rebuild(t.Context()); found != 0 || err != nil {
		t.Fatal("again:", found, err)
	}
	if after := idsOf(collect(t, again.Rows(t.Context(), results.Query{}))); !slices.Equal(after, before) {
		t.Errorf("%d rows, want the %d as before", len(after), len(before))
	}
	// A result that somebody removed by hand is no row any more.
	key := collect(t, again.List(t.Context(), results.Query{Org: "A"}, ""))[0].Key
	if err := os.Remove(filepath.Join(dir, key)); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := collect(t, again.Rows(t.Context(), results.Query{})); len(after) != 59 {
		t.Errorf("%d rows, want 59", len(after))
	}
}

func TestTheAccessLogIsKeptUntilItIsWritten(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	s.options.Name = "eu-1"
	s.Note(Access{By: "k3v7m2qa", Org: "A", What: ReadResults, Of: "since=2026-11-01", Results: 7})
	if err := s.FlushAccess(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Note(Access{By: "operator root", What: DeletedResults, Of: "--org A", Results: 7})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.FlushAccess(cancelled); err == nil {
		t.Fatal("written with a context that is over")
	}
	if err := s.FlushAccess(t.Context()); err != nil {
		t.Fatal(err)
	}
	var text string
	for _, file := range filesOf(t, filepath.Join(dir, "access")) {
		b, err := os.ReadFile(filepath.Join(dir, "access", file))
		if err != nil {
			t.Fatal(err)
		}
		text += string(b)
	}
	for _, want := range []string{`"by":"k3v7m2qa"`, `"of":"since=2026-11-01"`, `"on":"eu-1"`, `"what":"deleted"`} {
		if !strings.Contains(text, want) || strings.Count(text, "\n") != 2 {
			t.Errorf("%s is not in %s", want, text)
		}
	}
}

// TestSegmentsBecomeOne: many gatherings do not make lists slow.
func TestSegmentsBecomeOne(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	for n := range 3*maxSegments + 1 {
		put(t, s, "A", day, n, "r")
		s.gatherFull(t.Context(), 1)
	}
	if files := filesOf(t, filepath.Join(dir, "index")); len(files) > maxSegments+1 {
		t.Errorf("%d files", len(files))
	}
	if rows := collect(t, folderStore(t, dir).Rows(t.Context(), results.Query{})); len(rows) != 3*maxSegments+1 {
		t.Errorf("%d rows, want %d", len(rows), 3*maxSegments+1)
	}
}

// TestTwoContentsOfOneRunInTheIndex: one that gave way was ended before it could take
// its row back.
func TestTwoContentsOfOneRunInTheIndex(t *testing.T) {
	s := folderStore(t, t.TempDir())
	stored := put(t, s, "A", day, 1, "r")
	_, r := result(day, 1, "r")
	r.Machine.Hostname = "another"
	row := rowOf("A", []byte("other"), r)
	if err := s.writeRow(t.Context(), freshKey(partitionOf("A", day), row), row); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"apart", "gathered"} {
		rows := collect(t, s.Rows(t.Context(), results.Query{}))
		if len(rows) != 1 || rows[0].Stored != stored || rows[0].Machine != "pc-1" {
			t.Errorf("%s: %+v, want the one that is stored", when, rows)
		}
		if err := s.gather(t.Context(), partitionOf("A", day), true); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTablesSayWhatTheSheetSays: every cell of a run in Parquet is that of the CSV that merge
// makes of the same results, also where a file was edited or judged by other limits.
func TestTablesSayWhatTheSheetSays(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	put(t, s, "A", day, 1, "r")
	for n, change := range []func(*report.Report){
		func(r *report.Report) { r.Signature = facts.Signature{Value: "AAAA"} },
		func(r *report.Report) { r.Limits.JitterMS = thresholds.Limit{Below: new(99.0)} },
	} {
		_, r := result(day, 2+n, "r")
		change(&r)
		var raw bytes.Buffer
		if err := report.WriteJSON(&raw, r); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Put(t.Context(), "A", raw.Bytes(), r); err != nil {
			t.Fatal(err)
		}
	}
	compact(t, s, 1)
	out := filepath.Join(t.TempDir(), "all.csv")
	if _, err := (merge.Merge{Sources: []string{filepath.Join(dir, objectFolder)}, CSV: out}).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	data, err := s.bucket.ReadAll(t.Context(), partitionOf("A", day).table(tableRuns))
	if err != nil {
		t.Fatal(err)
	}
	rows := tablefile.Rows(t, data)
	if len(rows) != 3 || len(lines) != 4 {
		t.Fatalf("%d runs in the table, %d lines, want 3 and 4", len(rows), len(lines))
	}
	remarks := 0
	for n, row := range rows {
		for i, header := range workbook.Headers() {
			want, got := lines[n+1][i], row[i]
			if at, ok := got.(time.Time); ok {
				got = at.UTC().Format(time.RFC3339)
			}
			if got == nil {
				got = ""
			}
			if header == "Source" {
				want = strings.TrimPrefix(want, dir+"/")
			}
			if header == "Remarks" && want != "" {
				remarks++
			}
			if fmt.Sprint(got) != want {
				t.Errorf("run %d: %s is %q in the table, %q in the CSV", n+1, header, fmt.Sprint(got), want)
			}
		}
	}
	if remarks != 2 {
		t.Errorf("%d runs have remarks, want 2", remarks)
	}
}

// TestTablesOfAnOlderReleaseAreMadeAgain: engines read those of all days as one. Those of a
// later release stay, or two programs would make them in turn.
func TestTablesOfAnOlderReleaseAreMadeAgain(t *testing.T) {
	s := folderStore(t, t.TempDir())
	put(t, s, "A", day, 1, "r")
	compact(t, s, 1)
	now, there, err := s.made(t.Context(), partitionOf("A", day).table(tableRuns))
	if err != nil || !there || now != madeNow(now.from) || now.from == "" {
		t.Fatal(now, there, err)
	}
	for _, c := range []struct {
		mark string
		fits bool
	}{
		{now.String(), true},
		{now.from, false}, // of the first releases
		{made{now.from, now.columns - 1, now.way}.String(), false},
		{made{now.from, now.columns, now.way - 1}.String(), false},
		{made{now.from, now.columns + 1, now.way}.String(), true},
		{made{"rows-other.jsonl.zst", now.columns, now.way}.String(), false},
		{"", false},
	} {
		if got := parseMade(c.mark).fits(now); got != c.fits {
			t.Errorf("%q fits: %v, want %v", c.mark, got, c.fits)
		}
	}
}
