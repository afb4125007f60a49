package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"

	"netready/probe/facts"
	"netready/report"
	"netready/results"
	"netready/thresholds"
)

// openFolder opens a folder as netready-responder does.
func openFolder(dir string) (*blob.Bucket, error) {
	return fileblob.OpenBucket(dir, &fileblob.Options{CreateDir: true, DirFileMode: 0o700, NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
}

// folderStore is a store in a folder.
func folderStore(tb testing.TB, dir string) *Store {
	tb.Helper()
	bucket, err := openFolder(dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { bucket.Close() })
	s := New(bucket, Options{})
	s.unsynced = true // thousands of files; TestAResultIsStoredOnceAndReadBack brings them to the disk
	return s
}

var day = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)

// result is a run of that number, small and different from every other.
func result(at time.Time, n int, region string) ([]byte, report.Report) {
	id := ulid.ULID{}
	_ = id.SetTime(uint64(at.UnixMilli()))
	copy(id[6:], fmt.Sprintf("%010d", n))
	r := report.New(facts.Result{
		Schema: facts.SchemaVersion, RunID: id.String(), Tool: facts.Tool{Name: "netready", Version: "test"},
		StartedAt: at, FinishedAt: at.Add(30 * time.Second), Organization: "ACME", Location: "Hall 1",
		Machine: facts.Machine{Hostname: fmt.Sprintf("pc-%d", n), OS: "linux"}, Region: facts.Region{ID: region},
		Voice:    facts.Voice{Mode: facts.ModeResponder, Up: &facts.Direction{Sent: 1500, Received: 1500 - n%10, Lost: n % 10, LossPercent: new(float64(n % 10)), JitterMS: new(1.25)}},
		Firewall: []facts.PortRow{{Name: "HTTPS", Protocol: "tls", Status: facts.StatusPass, Required: true}, {Name: "SIP", Protocol: "sip", Status: facts.StatusFail, Reason: "refused", Required: n%2 == 0}},
		Complete: true,
	}, thresholds.Default())
	var b bytes.Buffer
	if err := report.WriteJSON(&b, r); err != nil {
		panic(err)
	}
	return b.Bytes(), r
}

func put(tb testing.TB, s *Store, org string, at time.Time, n int, region string) Stored {
	tb.Helper()
	raw, r := result(at, n, region)
	stored, outcome, err := s.Put(tb.Context(), org, raw, r)
	if err != nil || outcome != Added {
		tb.Fatalf("run %d: %v, %v", n, outcome, err)
	}
	return stored
}

func collect[T any](tb testing.TB, all iter.Seq2[T, error]) (list []T) {
	tb.Helper()
	for one, err := range all {
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, one)
	}
	return list
}

func TestAResultIsStoredOnceAndReadBack(t *testing.T) {
	s := folderStore(t, t.TempDir())
	s.unsynced = false
	raw, r := result(day, 1, "eu-central-1")
	stored, outcome, err := s.Put(t.Context(), "ACME", raw, r)
	if err != nil || outcome != Added {
		t.Fatal(outcome, err)
	}
	if want := "v1/date=2026-11-02/org=ACME/region=eu-central-1/" + r.RunID + ".json"; stored.Key != want {
		t.Errorf("key %s, want %s", stored.Key, want)
	}
	if _, outcome, err := s.Put(t.Context(), "ACME", raw, r); err != nil || outcome != Same {
		t.Errorf("again: %v, %v, want Same", outcome, err)
	}
	if _, _, err := s.Put(t.Context(), "ACME", append(raw, ' '), r); !errors.Is(err, ErrOther) {
		t.Errorf("other content: %v, want ErrOther", err)
	}
	if got, err := s.Read(t.Context(), stored.Key); err != nil || !bytes.Equal(got, raw) {
		t.Errorf("read back %d bytes, %v, want %d", len(got), err, len(raw))
	}
	rows := collect(t, s.Rows(t.Context(), results.Query{}))
	if len(rows) != 1 || rows[0].Stored != stored || rows[0].Machine != "pc-1" || *rows[0].LossUp != 1 || rows[0].PortsFailed != 0 {
		t.Errorf("rows %+v", rows)
	}
	for _, key := range []string{"", "index/check", "v1/../index/check", "v1/date=2026-11-02/org=ACME/region=eu/../x.json", stored.Key + ".tmp"} {
		if _, err := s.Read(t.Context(), key); !errors.Is(err, ErrKey) {
			t.Errorf("%q: %v, want ErrKey", key, err)
		}
	}
	if _, err := s.Read(t.Context(), strings.Replace(stored.Key, "ACME", "other", 1)); !errors.Is(err, ErrNotFound) {
		t.Errorf("of another organisation: %v, want ErrNotFound", err)
	}
}

// TestNamesOfAnyKindStayApart: organisations whose names a file system or a query
// engine would take for something else.
func TestNamesOfAnyKindStayApart(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	long := strings.Repeat("長", 100)
	orgs := []string{"ACME", "ACME-B", "acme", "..", ".", "a/b", "a%2Fb", "a..b", "A=B&C", "Łódź", "x ", " x", "", "CON", long, long + "a", "a~b", "__HIVE_DEFAULT_PARTITION__", "a\\b", "a:b", "end.", "__0x41__", "___0x2f__", "a__0x"}
	for i, org := range orgs {
		stored := put(t, s, org, day, i, "re/gion..")
		if _, err := os.Stat(filepath.Join(dir, stored.Key)); err != nil {
			t.Errorf("%q: its file has another name than its key: %v", org, err)
		}
		for part := range strings.SplitSeq(stored.Key, "/") {
			if len(part) > 210 || part == ".." || strings.ContainsAny(part, `\:*?"<>| `) {
				t.Errorf("%q: the part %q of its key", org, part)
			}
		}
	}
	for i, org := range orgs {
		if org == "" {
			org = Nameless
		}
		rows := collect(t, s.Rows(t.Context(), results.Query{Org: org}))
		if len(rows) != 1 || rows[0].Machine != fmt.Sprintf("pc-%d", i) || rows[0].Org != org {
			t.Errorf("%q: %d rows", org, len(rows))
		}
	}
	list := collect(t, s.List(t.Context(), results.Query{}, ""))
	if len(list) != len(orgs) || !slices.IsSortedFunc(list, func(a, b Stored) int { return strings.Compare(a.Key, b.Key) }) {
		t.Errorf("%d listed, want %d in the order of keys", len(list), len(orgs))
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "v1", "date=*", "org=*", "region=*", "*.json")); len(found) != len(orgs) {
		t.Errorf("%d files, want %d", len(found), len(orgs))
	}
}

func TestWhatIsMeantIsListed(t *testing.T) {
	s := folderStore(t, t.TempDir())
	for n := range 30 {
		put(t, s, []string{"A", "B"}[n%2], day.AddDate(0, 0, n/10).Add(time.Duration(n)*time.Minute), n, []string{"r1", "r2", "r3"}[n%3])
	}
	for _, c := range []struct {
		name  string
		query results.Query
		want  int
	}{
		{"all", results.Query{}, 30},
		{"an organisation", results.Query{Org: "A"}, 15},
		{"a region", results.Query{Region: "r1"}, 10},
		{"none", results.Query{Org: "C"}, 0},
		{"a day", results.Query{Since: day.AddDate(0, 0, 1).Truncate(24 * time.Hour), Until: day.AddDate(0, 0, 2).Truncate(24 * time.Hour)}, 10},
		{"from a moment", results.Query{Since: day.AddDate(0, 0, 2).Add(25 * time.Minute)}, 5},
		{"until a moment", results.Query{Until: day.Add(5 * time.Minute)}, 5},
	} {
		list := collect(t, s.List(t.Context(), c.query, ""))
		if len(list) != c.want {
			t.Errorf("%s: %d, want %d", c.name, len(list), c.want)
		}
		for at := range list {
			rest := collect(t, s.List(t.Context(), c.query, list[at].Key))
			if !slices.Equal(rest, list[at+1:]) {
				t.Errorf("%s: after %s: %d, want %d", c.name, list[at].Key, len(rest), len(list)-at-1)
			}
		}
	}
}

// TestManyAtOnceGetOnePlace: two programs that share a folder store the same run,
// and runs of one ID that differ.
func TestManyAtOnceGetOnePlace(t *testing.T) {
	dir := t.TempDir()
	stores := []*Store{folderStore(t, dir), folderStore(t, dir), folderStore(t, dir)}
	for n := range 20 {
		raw, r := result(day, n, "r")
		var mu sync.Mutex
		accepted := map[string]int{} // by content
		added := 0
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				mine := append(bytes.Clone(raw), bytes.Repeat([]byte(" "), i/3)...)
				_, outcome, err := stores[i%3].Put(context.WithoutCancel(t.Context()), "A", mine, r)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					accepted[string(mine)]++
					if outcome == Added {
						added++
					}
				case !errors.Is(err, ErrOther):
					t.Errorf("run %d: %v", n, err)
				}
			})
		}
		all.Wait()
		if len(accepted) != 1 || added != 1 {
			t.Fatalf("run %d: %d contents accepted, %d times added; want 1 and 1", n, len(accepted), added)
		}
		row := rowOf("A", raw, r)
		if got, err := stores[0].Read(t.Context(), row.Key); err != nil || accepted[string(got)] != 3 {
			t.Fatalf("run %d: what is stored was accepted %d times, %v; want 3", n, accepted[string(got)], err)
		}
	}
	if rows := collect(t, folderStore(t, dir).Rows(t.Context(), results.Query{})); len(rows) != 20 {
		t.Errorf("%d rows, want 20", len(rows))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*", "*", "*", "*", "*.tmp")); len(left) > 0 {
		t.Errorf("%d temporary files are left", len(left))
	}
}

// TestARowWithoutItsRunDoesNotCount: a program ended between the two.
func TestARowWithoutItsRunDoesNotCount(t *testing.T) {
	s := folderStore(t, t.TempDir())
	stored := put(t, s, "A", day, 1, "r")
	raw, r := result(day, 2, "r")
	row := rowOf("A", raw, r)
	if err := s.writeRow(t.Context(), freshKey(partitionOf("A", day), row), row); err != nil {
		t.Fatal(err)
	}
	if list := collect(t, s.List(t.Context(), results.Query{}, "")); len(list) != 1 || list[0] != stored {
		t.Fatalf("%+v, want the one that is stored", list)
	}
	if _, outcome, err := s.Put(t.Context(), "A", raw, r); err != nil || outcome != Added {
		t.Fatal(outcome, err)
	}
	if list := collect(t, s.List(t.Context(), results.Query{}, "")); len(list) != 2 {
		t.Fatalf("%d, want both", len(list))
	}
}

// TestWhatIsAcceptedIsInTheIndex: a row was once taken back while its run was
// stored, after an answer of the store that was lost. Sent again, it is known again.
func TestWhatIsAcceptedIsInTheIndex(t *testing.T) {
	s := folderStore(t, t.TempDir())
	raw, r := result(day, 1, "r")
	row := rowOf("A", raw, r)
	if err := s.writeOnce(t.Context(), row.Key, raw); err != nil {
		t.Fatal(err)
	}
	if _, outcome, err := s.Put(t.Context(), "A", raw, r); err != nil || outcome != Same {
		t.Fatal(outcome, err)
	}
	if list := collect(t, s.List(t.Context(), results.Query{}, "")); len(list) != 1 || list[0].Key != row.Key {
		t.Errorf("%+v, want the run that was accepted", list)
	}
}

func TestCheckFindsAFolderThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	s := folderStore(t, dir)
	for range 2 {
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err == nil {
		t.Error("no error, where the folder is a file")
	}
}
