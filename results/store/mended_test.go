package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"netready/results"
)

// TestRestoredResultsStay: results were lost, the index was made again without them, and
// then they came back from a backup, or from the agent.
func TestRestoredResultsStay(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	kept, lost, sent := put(t, s, "A", day, 1, "r"), put(t, s, "A", day, 2, "r"), put(t, s, "A", day, 3, "r")
	compact(t, s, 1)
	raw, err := s.Read(t.Context(), lost.Key)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{lost.Key, sent.Key} {
		if err := os.Remove(filepath.Join(dir, key)); err != nil {
			t.Fatal(err)
		}
	}
	rebuild := func(want int) {
		t.Helper()
		if found, err := s.Rebuild(t.Context()); found != want || err != nil {
			t.Fatal(found, err)
		}
		compact(t, s, 1)
	}
	rebuild(0)
	if rows := collect(t, s.List(t.Context(), results.Query{}, "")); len(rows) != 1 || rows[0] != kept {
		t.Fatalf("%v, want the one that is there", rows)
	}
	if err := os.WriteFile(filepath.Join(dir, lost.Key), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	put(t, s, "A", day, 3, "r") // as its agent sends it again
	rebuild(1)
	for _, stored := range []Stored{kept, lost, sent} {
		if _, err := s.Read(t.Context(), stored.Key); err != nil {
			t.Error(err)
		}
	}
	if rows := collect(t, s.Rows(t.Context(), results.Query{})); len(rows) != 3 {
		t.Errorf("%d rows, want 3", len(rows))
	}
}

// TestRebuildMendsADamagedIndex: a flipped byte, half a file, none of its lines. What
// was deleted stays so, and the days that follow get their tables all the same.
func TestRebuildMendsADamagedIndex(t *testing.T) {
	for _, byHand := range []bool{true, false} {
		dir := t.TempDir()
		s := folderStore(t, dir)
		for n := range 4 {
			put(t, s, "A", day.AddDate(0, 0, n/2), n, "r")
		}
		compact(t, s, 2)
		in := partitionOf("A", day)
		deleted := put(t, s, "A", day, 5, "r")
		put(t, s, "A", day, 6, "r")
		if err := s.sayGone(t.Context(), in, []string{deleted.Key}); err != nil {
			t.Fatal(err)
		}
		for _, name := range filesOf(t, filepath.Join(dir, in.index())) {
			damage(t, filepath.Join(dir, in.index(), name))
		}
		again := folderStore(t, dir)
		for _, err := range again.Rows(t.Context(), results.Query{}) {
			if !isDamaged(err) {
				t.Fatal(err)
			}
			break
		}
		if byHand {
			if _, err := again.Rebuild(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := again.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows := collect(t, again.Rows(t.Context(), results.Query{})); len(rows) != 5 {
			t.Errorf("%d rows, want 5", len(rows))
		}
	}
}

// damage damages a part of the index; of lines it adds one that makes no sense.
func damage(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, ".jsonl") {
		text = append([]byte("{\"ke\x00\n"), text...)
	} else {
		text[len(text)/2] ^= 0xff
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestADamagedResultHoldsUpItsDayAlone: the days after it get their tables, and the
// error says which result it is.
func TestADamagedResultHoldsUpItsDayAlone(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	bad := put(t, s, "A", day, 1, "r")
	put(t, s, "A", day.AddDate(0, 0, 1), 2, "r")
	if err := os.Truncate(filepath.Join(dir, bad.Key), 20); err != nil {
		t.Fatal(err)
	}
	done, err := s.Compact(t.Context())
	if err == nil || !strings.Contains(err.Error(), bad.Key) || done.Tables != 1 {
		t.Errorf("%+v, %v; want the table of the other day, and the key", done, err)
	}
}

// TestAFullDiskIsEmptied: nothing can be written, and no index can be read.
func TestAFullDiskIsEmptied(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	s.options.Now = func() time.Time { return day.AddDate(0, 0, 100) }
	old, new := put(t, s, "A", day, 1, "r"), put(t, s, "A", day.AddDate(0, 0, 99), 2, "r")
	s.refuse = syscall.ENOSPC
	if n, err := s.expire(t.Context(), 90*24*time.Hour); n != 1 || err == nil {
		t.Errorf("%d went, %v; want 1, and that the access log could not be written", n, err)
	}
	if n, err := s.Delete(t.Context(), Which{Query: results.Query{Org: "A"}}); n != 1 || err == nil {
		t.Errorf("%d went, %v; want 1, and that it could not be written down", n, err)
	}
	for _, stored := range []Stored{old, new} {
		if _, err := s.Read(t.Context(), stored.Key); !errors.Is(err, ErrNotFound) {
			t.Errorf("%v, want ErrNotFound", err)
		}
	}
}

// TestTemporaryFilesGo: after a day wherever they lie, and with a deletion of their day.
func TestTemporaryFilesGo(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	in := partitionOf("A", day)
	stray := func(key string, age time.Duration) string {
		name := filepath.Join(dir, key) + ".123.tmp"
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte("pc-1"), 0o600), os.Chtimes(name, time.Time{}, time.Now().Add(-age))); err != nil {
			t.Fatal(err)
		}
		return name
	}
	stored := put(t, s, "A", day, 1, "r")
	keys := []string{stored.Key, in.table(tableRuns), in.index() + freshFolder + "x.json", accessFolder + "date=2026-11-02/x.jsonl", indexFolder + "check"}
	for _, key := range keys {
		stray(key, 25*time.Hour)
	}
	young := stray(stored.Key+"-young", time.Hour)
	if err := s.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := func(want ...string) {
		t.Helper()
		var got []string
		for _, file := range filesOf(t, dir) {
			if strings.HasSuffix(file, ".tmp") {
				got = append(got, filepath.Join(dir, file))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v are left, want %v", got, want)
		}
	}
	left(young)
	if n, err := s.Delete(t.Context(), Which{RunIDs: []string{stored.RunID}}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	left()
}

// TestALongNameOutlivesItsIndex: made again, the index knows the name as it was cut.
func TestALongNameOutlivesItsIndex(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	long := strings.Repeat("長", 100)
	put(t, s, long, day, 1, "r")
	if err := os.RemoveAll(filepath.Join(dir, "index")); err != nil {
		t.Fatal(err)
	}
	s = folderStore(t, dir)
	if found, err := s.Rebuild(t.Context()); found != 1 || err != nil {
		t.Fatal(found, err)
	}
	query := results.Query{Org: long}
	if rows := collect(t, s.Rows(t.Context(), query)); len(rows) != 1 || rows[0].Org != long {
		t.Errorf("%d rows, want its one", len(rows))
	}
	if n, err := s.Delete(t.Context(), Which{Query: query}); n != 1 || err != nil {
		t.Errorf("%d deleted, %v, want 1", n, err)
	}
}

// blocking is a log whose writer blocks at the end of the nightly work.
type blocking struct {
	slog.Handler
	night, morning chan bool
}

func (b blocking) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "nightly work") {
		close(b.night)
		<-b.morning
	}
	return nil
}

func (b blocking) Enabled(context.Context, slog.Level) bool { return true }

// TestTheNightHoldsUpNoLineOfTheAccessLog: the work took hours, and the lines of reads in
// that time were only in memory.
func TestTheNightHoldsUpNoLineOfTheAccessLog(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	synctest.Test(t, func(t *testing.T) {
		log := blocking{slog.DiscardHandler, make(chan bool), make(chan bool)}
		s := New(s.bucket, Options{Log: slog.New(log)})
		s.unsynced = true
		ctx, cancel := context.WithCancel(t.Context())
		var keeping sync.WaitGroup
		keeping.Go(func() { s.Keep(ctx, 0) })
		<-log.night
		s.Note(Access{By: "k3v7m2qa", What: ReadResults, Results: 1})
		time.Sleep(2 * flushEach)
		if files := filesOf(t, filepath.Join(dir, "access")); len(files) != 1 {
			t.Errorf("%d files of the access log, want 1", len(files))
		}
		close(log.morning)
		cancel()
		keeping.Wait()
	})
}

// A stick or a share without hard links cannot keep two programs apart: the check at the
// start says so, and a single program can still store results.
func TestCheckTellsOfAFolderWithoutLinks(t *testing.T) {
	for _, links := range []bool{true, false} {
		dir := t.TempDir()
		for start := range 3 { // each with what the one before has left
			s := folderStore(t, dir)
			if !links {
				s.link = noLinks
			}
			err := s.Check(t.Context())
			if told := err != nil && strings.Contains(err.Error(), "hard links"); told == links || links && err != nil {
				t.Errorf("start %d, links %v: %v", start+1, links, err)
			}
			raw, r := result(day, start, "eu-central-1")
			for _, want := range []Outcome{Added, Same} {
				if _, got, err := s.Put(t.Context(), "ACME", raw, r); err != nil || got != want {
					t.Errorf("%v, %v; want %v", got, err, want)
				}
			}
		}
		if left, _ := filepath.Glob(filepath.Join(dir, checkPrefix+"*")); len(left) > 0 {
			t.Errorf("%v is left of the checks", left)
		}
	}
}

// noLinks makes hard links as Linux does where there are none: whether the name is taken
// is looked at first.
func noLinks(_, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return syscall.EEXIST
	}
	return syscall.EPERM
}

// foldedStore is a store in a folder in which each name can be read in small letters, too.
func foldedStore(t *testing.T, dir string) *Store {
	t.Helper()
	s := folderStore(t, dir)
	s.link = func(from, to string) error {
		small := filepath.Join(filepath.Dir(to), strings.ToLower(filepath.Base(to)))
		return errors.Join(os.Link(from, to), os.Symlink(to, small))
	}
	return s
}

// TestAStoreThatIgnoresCapitalsIsRefused: the folders of ACME and acme would be one, and
// gathering for one would remove the other's rows.
func TestAStoreThatIgnoresCapitalsIsRefused(t *testing.T) {
	dir := t.TempDir()
	before := put(t, folderStore(t, dir), "ACME", day, 1, "r")
	files := filesOf(t, filepath.Join(dir, indexFolder))
	s := foldedStore(t, dir)
	for range 2 {
		if err := s.Check(t.Context()); !errors.Is(err, ErrCapitals) {
			t.Errorf("%v, want ErrCapitals", err)
		}
	}
	raw, r := result(day, 2, "r")
	if _, _, err := s.Put(t.Context(), "acme", raw, r); !errors.Is(err, ErrCapitals) {
		t.Errorf("storing: %v, want ErrCapitals", err)
	}
	s.options.Now = func() time.Time { return time.Now().Add(2 * rowAlone) }
	if _, err := s.Compact(t.Context()); !errors.Is(err, ErrCapitals) {
		t.Errorf("compacting: %v, want ErrCapitals", err)
	}
	if _, err := s.Rebuild(t.Context()); err != nil {
		t.Errorf("comparing what agrees: %v", err)
	}
	left := slices.DeleteFunc(filesOf(t, filepath.Join(dir, indexFolder)), func(name string) bool {
		return strings.Contains(name, "check-") // the second names of the checks
	})
	if !slices.Equal(left, files) {
		t.Errorf("the index has %v, want %v untouched", left, files)
	}
	if got, err := s.Read(t.Context(), before.Key); err != nil || len(got) == 0 {
		t.Errorf("what was stored before: %d bytes, %v", len(got), err)
	}
}

// TestWhatAKilledCheckLeftGoes: after a day, and what earlier releases left for good.
func TestWhatAKilledCheckLeftGoes(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	for _, key := range []string{checkPrefix, checkPrefix + "-01ARZ3NDEKTSV4RRFFQ69G5FAV", accessFolder + "date=2026-11-02/x.jsonl"} {
		if err := s.write(t.Context(), key, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		age  time.Duration
		want int
	}{{time.Hour, 3}, {25 * time.Hour, 1}} {
		s.options.Now = func() time.Time { return time.Now().Add(c.age) }
		if err := s.tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if files := filesOf(t, dir); len(files) != c.want {
			t.Errorf("after %s: %v are left, want %d", c.age, files, c.want)
		}
	}
}

// TestGatheringForgetsNoRow: more rows wait than are kept in memory, of one organisation
// or of many, and they are old enough to be removed if they had no run.
func TestGatheringForgetsNoRow(t *testing.T) {
	for _, orgs := range []int{1, 7} {
		dir := t.TempDir()
		s := folderStore(t, dir)
		s.maxFresh = 10
		const runs = 56
		for n := range runs {
			put(t, s, fmt.Sprint("org", n%orgs), day, n, "r")
		}
		s.options.Now = func() time.Time { return time.Now().Add(2 * rowAlone) }
		for n := range orgs {
			if err := s.gather(t.Context(), partitionOf(fmt.Sprint("org", n), day), false); err != nil {
				t.Fatal(err)
			}
		}
		for _, as := range []*Store{s, folderStore(t, dir)} {
			if rows := collect(t, as.Rows(t.Context(), results.Query{})); len(rows) != runs {
				t.Errorf("%d organisations: %d rows after gathering, want %d", orgs, len(rows), runs)
			}
		}
		if files := filesOf(t, filepath.Join(dir, indexFolder)); len(files) != orgs {
			t.Errorf("%d organisations: the index has %d files, want a segment for each", orgs, len(files))
		}
	}
}

// TestARetryBesideGatheringIsKnown: a row lay without its run for hours. Then the agent
// sends the run again, while the row is removed: all of it before the removal, or its object
// after that.
func TestARetryBesideGatheringIsKnown(t *testing.T) {
	for _, first := range []string{"the retry", "the removal"} {
		dir := t.TempDir()
		gathering, storing := folderStore(t, dir), folderStore(t, dir)
		raw, r := result(day, 1, "r")
		row, in := rowOf("A", raw, r), partitionOf("A", day)
		if err := storing.writeRow(t.Context(), freshKey(in, row), row); err != nil {
			t.Fatal(err)
		}
		retry := sync.OnceFunc(func() {
			if _, outcome, err := storing.Put(t.Context(), "A", raw, r); err != nil || outcome != Added {
				t.Error(outcome, err)
			}
		})
		gather := sync.OnceFunc(func() {
			if err := gathering.gather(t.Context(), in, false); err != nil {
				t.Error(err)
			}
		})
		gathering.options.Now = func() time.Time { // asked once the row is found to be alone
			if first == "the retry" {
				retry()
			}
			return time.Now().Add(2 * rowAlone)
		}
		if first == "the retry" {
			gather()
		} else {
			storing.link = func(from, to string) error { gather(); return os.Link(from, to) }
			retry()
		}
		if rows := collect(t, folderStore(t, dir).Rows(t.Context(), results.Query{})); len(rows) != 1 {
			t.Errorf("%s first: %d rows, want that of the run", first, len(rows))
		}
	}
}

// TestARowWithoutItsRunGoes: nobody sends the run again, and its row is removed.
func TestARowWithoutItsRunGoes(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	raw, r := result(day, 1, "r")
	row, in := rowOf("A", raw, r), partitionOf("A", day)
	if err := s.writeRow(t.Context(), freshKey(in, row), row); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		age  time.Duration
		want int
	}{{time.Hour, 1}, {rowAlone + time.Minute, 0}} {
		s.options.Now = func() time.Time { return time.Now().Add(c.age) }
		if err := s.gather(t.Context(), in, false); err != nil {
			t.Fatal(err)
		}
		if files := filesOf(t, dir); len(files) != c.want {
			t.Errorf("after %s: %v, want %d", c.age, files, c.want)
		}
	}
}

// TestWhatIsNotedIsBounded: a responder runs for years, with new folders each day. What it
// forgets costs a little work and no result.
func TestWhatIsNotedIsBounded(t *testing.T) {
	s := folderStore(t, t.TempDir())
	s.unsynced = false
	s.maxNoted = 10
	const days = 25
	for n := range days {
		put(t, s, "A", day.AddDate(0, 0, n), n, "r")
	}
	if len(s.synced) > 10 || len(s.waiting) > 10 || len(s.synced) == 0 || len(s.waiting) == 0 {
		t.Errorf("%d folders and %d partitions are noted, want 1 to 10", len(s.synced), len(s.waiting))
	}
	if rows := collect(t, s.Rows(t.Context(), results.Query{})); len(rows) != days {
		t.Errorf("%d rows, want %d", len(rows), days)
	}
	if _, err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.waiting) != 0 {
		t.Errorf("%d partitions wait after all were gathered", len(s.waiting))
	}
}

// onRecord is a log that does something at each of its lines.
type onRecord struct {
	slog.Handler
	do func(slog.Record)
}

func (o onRecord) Handle(_ context.Context, r slog.Record) error { o.do(r); return nil }

func (o onRecord) Enabled(context.Context, slog.Level) bool { return true }

// TestADayThatExpiresIsNotShown: the deletion is cut off before the first result goes. Then
// nothing shows the day any more, and the next night completes it, however old it is.
func TestADayThatExpiresIsNotShown(t *testing.T) {
	for _, ago := range []int{91, 200} {
		dir := t.TempDir()
		s := folderStore(t, dir)
		s.options.Now = func() time.Time { return day }
		old, young := put(t, s, "A", day.AddDate(0, 0, -ago), 1, "r"), put(t, s, "A", day.AddDate(0, 0, -89), 2, "r")
		compact(t, s, 2)
		put(t, s, "A", day.AddDate(0, 0, -ago), 3, "r") // not gathered yet
		ctx, cancel := context.WithCancel(t.Context())
		s.options.Log = slog.New(onRecord{slog.DiscardHandler, func(slog.Record) { cancel() }})
		if _, err := s.expire(ctx, 90*24*time.Hour); err == nil {
			t.Fatal("it was not cut off")
		}
		if _, err := s.Read(t.Context(), old.Key); err != nil {
			t.Errorf("%d days: %v, want that it was cut off before the first result went", ago, err)
		}
		if rows := collect(t, s.List(t.Context(), results.Query{}, "")); len(rows) != 1 || rows[0] != young {
			t.Errorf("%d days: %v are shown, want the young one", ago, rows)
		}
		if there, err := s.bucket.Exists(t.Context(), partitionOf("A", old.Started).table(tableRuns)); there || err != nil {
			t.Errorf("%d days: the table is there: %v, %v", ago, there, err)
		}
		if n, err := s.expire(t.Context(), 90*24*time.Hour); n != 2 || err != nil {
			t.Errorf("%d days: %d went, %v, want 2", ago, n, err)
		}
		if files := filesOf(t, dir); slices.ContainsFunc(files, func(name string) bool { return strings.Contains(name, "date="+old.Started.Format(time.DateOnly)) }) {
			t.Errorf("%d days: left are %v", ago, files)
		}
	}
}

// TestReadingGoesOnWhileOthersGather: rows that were listed are gathered by another program
// before they are read, which with many rows takes longer than any number of new listings.
func TestReadingGoesOnWhileOthersGather(t *testing.T) {
	for _, whole := range []bool{false, true} {
		dir := t.TempDir()
		writer := folderStore(t, dir)
		for n := range 6 {
			put(t, writer, "A", day, n, "r")
		}
		reader, in := folderStore(t, dir), partitionOf("A", day)
		listed, err := reader.one(t.Context(), in)
		if err != nil || len(listed.fresh) != 6 {
			t.Fatal(listed, err)
		}
		if err := writer.gather(t.Context(), in, whole); err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		if err := reader.merge(t.Context(), listed, "", func(row Row) bool { seen[row.Key]++; return true }); err != nil {
			t.Fatal(err)
		}
		if err := reader.gatherListed(t.Context(), listed, whole, nil); err != nil {
			t.Fatal(err)
		}
		rows := collect(t, reader.Rows(t.Context(), results.Query{}))
		if len(seen) != 6 || len(rows) != 6 {
			t.Errorf("whole %v: %d rows were read and %d are left, want 6", whole, len(seen), len(rows))
		}
	}
}
