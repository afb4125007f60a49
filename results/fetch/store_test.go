package fetch

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"gocloud.dev/blob/fileblob"

	"netready/probe/invite"
	"netready/probe/responder"
	"netready/probe/responder/tokens"
	"netready/report"
	"netready/report/merge"
	"netready/report/workbook"
	"netready/results"
	"netready/results/serve"
	"netready/results/store"
)

// A keeper is a responder with a store in a folder, and its tokens.
type keeper struct {
	config responder.Config
	server *responder.Server
	store  *store.Store
	tokens *tokens.Store
}

func keep(t *testing.T) *keeper {
	t.Helper()
	bucket, err := fileblob.OpenBucket(t.TempDir(), &fileblob.Options{NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	k := &keeper{store: store.New(bucket, store.Options{})}
	if k.tokens, err = tokens.Open(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	k.config = responder.Local()
	k.config.Tokens = k.tokens
	if k.config.Identity, err = responder.NewIdentity(); err != nil {
		t.Fatal(err)
	}
	k.config.Results = func(*responder.Server) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("GET "+results.PathResults, serve.NewPages(k.store, slog.New(slog.DiscardHandler)))
		return mux
	}
	k.start(t)
	t.Cleanup(func() { _ = k.server.Close() })
	return k
}

func (k *keeper) start(t *testing.T) {
	t.Helper()
	var err error
	for range 100 { // its port may be in use for a moment after it was closed
		if k.server, err = responder.Start(context.WithoutCancel(t.Context()), k.config); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	k.config.Control = k.server.ControlAddr()
}

// invite is one with a token as asked for.
func (k *keeper) invite(t *testing.T, asked tokens.Token, life time.Duration) invite.Invite {
	t.Helper()
	to := k.server.Invite()
	var err error
	if to.Token, _, err = k.tokens.Make(asked, time.Now(), life); err != nil {
		t.Fatal(err)
	}
	time.Sleep(150 * time.Millisecond) // the responder looks at its tokens ten times a second
	return to
}

// put stores runs, and writes them as files where a folder is named.
func (k *keeper) put(t *testing.T, folder, org string, from, to int) {
	t.Helper()
	const atOnce = 32 // a disk is waited for
	var all sync.WaitGroup
	for worker := range atOnce {
		all.Go(func() {
			for i := from + worker; i < to; i += atOnce {
				raw := run(t, runID(i), "Named "+org, monday.Add(time.Duration(i)*5*time.Minute))
				one, _, err := report.ReadJSON(bytes.NewReader(raw))
				if err == nil {
					_, _, err = k.store.Put(t.Context(), org, raw, one)
				}
				if err == nil && folder != "" {
					err = os.WriteFile(filepath.Join(folder, runID(i)+".json"), raw, 0o600)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// merged merges sources into a workbook.
func merged(t *testing.T, m merge.Merge, from ...Source) merge.Report {
	t.Helper()
	for i := range from {
		m.Sources = append(m.Sources, fmt.Sprint("store ", i))
	}
	m.Now = monday
	m.Elsewhere = func(argument string) (merge.Place, bool) {
		for i, s := range from {
			if argument == fmt.Sprint("store ", i) {
				return s.Place(), true
			}
		}
		return merge.Place{}, false
	}
	got, err := m.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// cells are those of a workbook but what says where a run came from.
func cells(t *testing.T, name string) map[string][][]string {
	t.Helper()
	f, err := excelize.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string][][]string{}
	for _, sheet := range f.GetSheetList() {
		if sheet == workbook.SheetAbout {
			continue // it names the sources
		}
		if all[sheet], err = f.GetRows(sheet, excelize.Options{RawCellValue: true}); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range all[workbook.SheetRuns][1:] {
		for i, header := range all[workbook.SheetRuns][0] {
			if header == "Source" && i < len(row) {
				row[i] = ""
			}
		}
	}
	return all
}

// Two thousand results from a store are the same workbook as from their files; and what
// is added later is all that is asked for then.
func TestStoreEqualsFiles(t *testing.T) {
	k, dir := keep(t), t.TempDir()
	files := filepath.Join(dir, "files")
	if err := os.Mkdir(files, 0o700); err != nil {
		t.Fatal(err)
	}
	k.put(t, files, "ACME", 0, 800)
	k.put(t, "", "Other Ltd", 5000, 5020)
	of := Source{Invite: k.invite(t, tokens.Token{Org: "ACME", Right: tokens.Read}, time.Hour)}
	fromFiles, fromStore := filepath.Join(dir, "files.xlsx"), filepath.Join(dir, "store.xlsx")
	merged(t, merge.Merge{Sources: []string{files}, Out: fromFiles})
	got := merged(t, merge.Merge{Out: fromStore}, of)
	if got.Runs != 800 || len(got.LeftOut) > 0 || got.Places[0] != (merge.Taking{Name: of.Name(), Read: 800}) {
		t.Fatalf("%d runs, %+v, left out %v", got.Runs, got.Places, got.LeftOut)
	}
	want, have := cells(t, fromFiles), cells(t, fromStore)
	for sheet := range want {
		if a, b := fmt.Sprint(want[sheet]), fmt.Sprint(have[sheet]); a != b {
			t.Errorf("%s differs: files %.300q, store %.300q", sheet, a, b)
		}
	}
	k.put(t, "", "ACME", 800, 803)
	k.put(t, "", "ACME", 7000, 7001) // far from the others
	got = merged(t, merge.Merge{Out: fromStore, Append: true}, of)
	if got.Added != 4 || got.Runs != 804 || got.Places[0].Known != 800 || got.Places[0].Read != 4 {
		t.Errorf("appended: %d added, %d runs, %+v", got.Added, got.Runs, got.Places)
	}
}

// The query is the responder's to answer: a reader of all gets what is asked for and no
// more, and other sources go through the same filter.
func TestQueries(t *testing.T) {
	k := keep(t)
	k.put(t, "", "ACME", 0, 30)
	k.put(t, "", "Other Ltd", 100, 110)
	all := k.invite(t, tokens.Token{AllOrgs: true, Right: tokens.Read}, time.Hour)
	for want, q := range map[int]results.Query{
		40: {},
		30: {Org: "ACME"},
		10: {Org: "Other Ltd", Region: "eu-central-1"},
		7:  {Org: "ACME", Since: monday, Until: monday.Add(35 * time.Minute)},
		0:  {Region: "us-east-1"},
	} {
		got := merge.Report{}
		for item, err := range (Source{Invite: all, Query: q}).items(t.Context(), nil) {
			if err != nil || item.Data == nil {
				t.Errorf("%+v: %v", q, err)
			}
			got.Runs++
		}
		if got.Runs != want {
			t.Errorf("%+v: %d results, want %d", q, got.Runs, want)
		}
	}
}

// An organisation whose name is too long for the key of its results is asked for like any
// other: what the responder hands out for it passes the filter of the merge, whatever
// organisation the results name themselves.
func TestAnOrganisationOfALongName(t *testing.T) {
	k := keep(t)
	const cyrillic = "Открытое акционерное общество «Российские железные дороги», Октябрьская дирекция связи"
	cjk := strings.Repeat("東日本電信電話", 8)
	k.put(t, "", cyrillic, 0, 5)
	k.put(t, "", cjk, 100, 103)
	k.put(t, "", cyrillic+" 2", 200, 202) // cut at the same letter
	k.put(t, "", "ACME", 300, 304)
	all := k.invite(t, tokens.Token{AllOrgs: true, Right: tokens.Read}, time.Hour)
	for org, want := range map[string]int{cyrillic: 5, cjk: 3, cyrillic + " 2": 2, "ACME": 4} {
		out := filepath.Join(t.TempDir(), "of.xlsx")
		// As merge LINK --org does it: the responder is asked, and every source is filtered.
		got := merged(t, merge.Merge{Out: out, Only: merge.Filter{Org: org}}, Source{Invite: all, Query: results.Query{Org: org}})
		if got.Runs != want || len(got.LeftOut) > 0 {
			t.Errorf("%s: %d runs, want %d; left out %v", org, got.Runs, want, got.LeftOut)
		}
	}
}

// Whose invite does not read, or not this, is told so in one line, and sees nothing.
func TestInvitesThatDoNotRead(t *testing.T) {
	k := keep(t)
	k.put(t, "", "ACME", 0, 3)
	reader := tokens.Token{Org: "Other Ltd", Right: tokens.Read}
	good := k.invite(t, reader, time.Hour)
	revoked := k.invite(t, reader, time.Hour)
	id, _, _ := strings.Cut(revoked.Token, "~")
	if _, err := k.tokens.Revoke(id, time.Now()); err != nil {
		t.Fatal(err)
	}
	wrong := good
	wrong.Token = good.Token[:len(good.Token)-1] + "_"
	expired := good
	var err error
	if expired.Token, _, err = k.tokens.Make(reader, time.Now().Add(-time.Hour), time.Minute); err != nil {
		t.Fatal(err)
	}
	time.Sleep(150 * time.Millisecond)
	for name, tt := range map[string]struct {
		from Source
		says string
	}{
		"expired":                {Source{Invite: expired}, "token_expired"},
		"revoked":                {Source{Invite: revoked}, "token_revoked"},
		"unknown":                {Source{Invite: wrong}, "missing or wrong"},
		"an invite for calls":    {Source{Invite: k.invite(t, tokens.Token{Org: "ACME"}, time.Hour)}, "invite --read"},
		"the operator's own":     {Source{Invite: k.server.Invite()}, "invite --read"},
		"another organisation's": {Source{Invite: good, Query: results.Query{Org: "ACME"}}, `of "Other Ltd", not of "ACME"`},
	} {
		t.Run(name, func(t *testing.T) {
			count, said := 0, ""
			for item, err := range tt.from.items(t.Context(), nil) {
				if count++; err != nil {
					said = err.Error()
				}
				if item.Data != nil {
					t.Error("it was given a result")
				}
			}
			if count != 1 || !strings.Contains(said, tt.says) || strings.Contains(said, tt.from.Invite.Token) {
				t.Errorf("%d lines, %q, want %q", count, said, tt.says)
			}
		})
	}
	for range (Source{Invite: good}).items(t.Context(), nil) {
		t.Error("a reader of another organisation was given something")
	}
}

// A responder that dies in the middle of a page and comes back costs some seconds, and
// nothing is given twice.
func TestResponderDiesAndComesBack(t *testing.T) {
	k := keep(t)
	k.put(t, "", "ACME", 0, 60)
	k.server.Close()
	pages, died := k.config.Results, make(chan struct{})
	k.config.Results = func(s *responder.Server) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-died:
			default:
				w = &dying{w, 8 << 10, func() {
					close(died)
					go func() {
						_ = s.Close()
						k.start(t)
					}()
					<-r.Context().Done()
				}}
			}
			pages(s).ServeHTTP(w, r)
		})
	}
	k.start(t)
	r := k.invite(t, tokens.Token{Org: "ACME", Right: tokens.Read}, time.Hour)
	seen := map[string]bool{}
	for item, err := range (Source{Invite: r}).items(t.Context(), nil) {
		if err != nil || seen[item.RunID] {
			t.Fatalf("%s again, or %v", item.RunID, err)
		}
		seen[item.RunID] = true
	}
	select {
	case <-died:
	default:
		t.Error("it never died")
	}
	if len(seen) != 60 {
		t.Errorf("%d results of 60", len(seen))
	}
}

// dying is an answer of which so many bytes come.
type dying struct {
	http.ResponseWriter
	left int
	die  func()
}

func (d *dying) Write(b []byte) (int, error) {
	if d.left -= len(b); d.left < 0 {
		d.ResponseWriter.(http.Flusher).Flush()
		d.die()
		panic(http.ErrAbortHandler)
	}
	return d.ResponseWriter.Write(b)
}
