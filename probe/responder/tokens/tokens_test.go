package tokens

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"netready/probe/invite"
)

var day = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)

func opened(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func made(t *testing.T, dir, org string, life time.Duration, runs int) (string, Token) {
	t.Helper()
	secret, token, err := opened(t, dir).Make(Token{Org: org, MaxRuns: runs}, day, life)
	if err != nil {
		t.Fatal(err)
	}
	return secret, token
}

// Each way in which a token ends is told only to its holder.
func TestStates(t *testing.T) {
	dir := t.TempDir()
	secret, token := made(t, dir, "ACME", 24*time.Hour, 2)
	other, _ := made(t, dir, "Other Ltd", 48*time.Hour, 0)
	s := opened(t, dir)
	want := func(when string, shown string, now time.Time, want State) {
		t.Helper()
		if id, got := s.Check(shown, now); got != want || (got != Unknown) != (id != "") {
			t.Errorf("%s: %v %q, want %v", when, got, id, want)
		}
	}
	want("fresh", secret, day, Good)
	want("without its secret", token.ID, day, Unknown)
	want("another's secret", token.ID+other[8:], day, Unknown)
	want("nobody's", "aaaaaaaa~AAAAAAAAAAAAAAAAAAAAAA", day, Unknown)
	want("nothing", "", day, Unknown)
	for i := range 3 {
		if state, err := s.Use(token.ID, day); err != nil || (state == Good) != (i < 2) {
			t.Errorf("run %d: %v, %v", i+1, state, err)
		}
	}
	want("after two runs of two", secret, day, UsedUp)
	want("another one", other, day, Good)
	if err := s.GiveBack(token.ID); err != nil {
		t.Error(err)
	}
	want("after one that never began", secret, day, Good)
	want("at its end", secret, day.Add(24*time.Hour), Expired)
	if _, err := opened(t, dir).Revoke(token.ID, day); err != nil {
		t.Error(err)
	}
	want("revoked by another process, not looked at yet", secret, day, Good)
	if err := s.Refresh(time.Now()); err != nil {
		t.Error(err)
	}
	want("revoked", secret, day, Revoked)
	s = opened(t, dir)
	if state, _ := s.Use(token.ID, day); state != Revoked {
		t.Errorf("a run after a restart: %v", state)
	}
	if list, err := s.List(day); err != nil || len(list) != 2 || list[0].Runs+list[1].Runs != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := s.Revoke("nobody", day); err == nil || !strings.Contains(err.Error(), "list") {
		t.Errorf("revoking what is not there: %v", err)
	}
}

// A reading token places no calls; a file with rights that this release does not know does
// not give the right to call. Old files are read.
func TestRights(t *testing.T) {
	dir := t.TempDir()
	secret, acme, err := opened(t, dir).Make(Token{Org: "ACME", Right: Read}, day, time.Hour)
	if err != nil || acme.Right != Read || acme.AllOrgs || acme.Org != "ACME" {
		t.Fatalf("%+v, %v", acme, err)
	}
	_, all, err := opened(t, dir).Make(Token{AllOrgs: true, Right: Read}, day, time.Hour)
	if err != nil || all.Right != Read || !all.AllOrgs {
		t.Fatalf("%+v, %v", all, err)
	}
	s := opened(t, dir)
	if id, state := s.Check(secret, day); id != acme.ID || state != Good {
		t.Errorf("%q %v", id, state)
	}
	if state, err := s.Use(acme.ID, day); state == Good || err != nil {
		t.Errorf("a run of a reading token: %v, %v", state, err)
	}
	if _, state := s.Check(secret, day.Add(time.Hour)); state != Expired {
		t.Errorf("at its end: %v", state)
	}
	const hash = `"sha256":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=","created":"2026-11-26T09:00:00Z","expires":"2026-12-26T09:00:00Z","max_runs":`
	for file, good := range map[string]bool{
		`[{"id":"a","org":"ACME",` + hash + `3}]`:                                      true, // of the first release
		`[{"id":"a","org":"ACME",` + hash + `0,"right":"read"}]`:                       true,
		`[{"id":"a","org":"",` + hash + `0,"right":"read","all_orgs":true}]`:           true,
		`[{"id":"a","org":"",` + hash + `0,"right":"read"}]`:                           false,
		`[{"id":"a","org":"ACME",` + hash + `0,"right":"read","all_orgs":true}]`:       false,
		`[{"id":"a","org":"ACME",` + hash + `0,"all_orgs":true}]`:                      false,
		`[{"id":"a","org":"ACME",` + hash + `0,"right":"delete"}]`:                     false,
		`[{"id":"a","org":"ACME",` + hash + `0,"right":"read","regions":["us-east"]}]`: false,
	} {
		if err := os.WriteFile(filepath.Join(dir, "tokens.json"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); (err == nil) != good {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// A process that had not yet read a new token took the token's runs for runs of no token,
// and forgot them.
func TestRunsOfTokensMadeMeanwhileStay(t *testing.T) {
	dir := t.TempDir()
	_, early := made(t, dir, "ACME", time.Hour, 0)
	first := opened(t, dir)
	_, late := made(t, dir, "Other Ltd", time.Hour, 2)
	second := opened(t, dir)
	for range 2 {
		if state, err := second.Use(late.ID, day); state != Good || err != nil {
			t.Fatal(state, err)
		}
	}
	if state, err := first.Use(early.ID, day); state != Good || err != nil { // it has not read the other token yet
		t.Fatal(state, err)
	}
	if state, err := opened(t, dir).Use(late.ID, day); state != UsedUp || err != nil {
		t.Errorf("a third run of two: %v, %v", state, err)
	}
}

// Two responders that share a folder each granted all the runs of a token, because each
// used its own count; and one of them did not see what the other had returned.
func TestRespondersOfOneFolderCountTogether(t *testing.T) {
	dir := t.TempDir()
	secret, token := made(t, dir, "ACME", time.Hour, 2)
	first, second := opened(t, dir), opened(t, dir)
	uses := func(s *Store, want State) {
		t.Helper()
		if state, err := s.Use(token.ID, day); state != want || err != nil {
			t.Errorf("%v, %v, want %v", state, err, want)
		}
	}
	uses(first, Good)
	uses(second, Good)
	uses(first, UsedUp)
	if err := second.GiveBack(token.ID); err != nil {
		t.Error(err)
	}
	if err := first.Refresh(time.Now()); err != nil {
		t.Error(err)
	}
	if _, state := first.Check(secret, day); state != Good {
		t.Errorf("the first, after the second gave one back: %v", state)
	}
	uses(first, Good)
	uses(second, UsedUp)
}

// In a folder that can only be read each counts for itself, and what the commands change
// there is taken into use.
func TestFolderThatIsOnlyRead(t *testing.T) {
	dir := t.TempDir()
	secret, token := made(t, dir, "ACME", time.Hour, 1)
	before, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		counts := t.TempDir()
		s, err := OpenApart(dir, counts)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []State{Good, UsedUp} {
			if state, err := s.Use(token.ID, day); state != want || err != nil {
				t.Errorf("%v, %v, want %v", state, err, want)
			}
		}
		if s, err = OpenApart(dir, counts); err != nil {
			t.Fatal(err)
		}
		if _, state := s.Check(secret, day); state != UsedUp {
			t.Errorf("after a restart: %v", state)
		}
	}
	if after, err := os.ReadDir(dir); err != nil || len(after) != len(before) {
		t.Errorf("%v in the folder, %v", after, err)
	}
}

// The files on disk are private, and no secret can be read from them.
func TestSecretsAreHashedAtRest(t *testing.T) {
	dir := t.TempDir()
	var secrets []string
	for i := range 5 {
		secret, token := made(t, dir, fmt.Sprint("Org ", i), time.Hour, 3)
		if err := invite.CheckToken(secret); err != nil || len(secret) < 22 {
			t.Errorf("%q: %v", secret, err)
		}
		secrets = append(secrets, secret)
		if _, err := opened(t, dir).Use(token.ID, day); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 3 {
		t.Errorf("%v, %v", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		info, err2 := os.Stat(f)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if runtime.GOOS != "windows" && filepath.Ext(f) == ".json" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f, info.Mode())
		}
		for _, secret := range secrets {
			if strings.Contains(string(b), secret) || strings.Contains(string(b), secret[9:]) {
				t.Errorf("%s holds a secret", f)
			}
		}
	}
}

// Commands and a responder that counts use the folder at the same time, and nothing is
// lost: no token, no run, no revocation.
func TestProcessesAtOnce(t *testing.T) {
	dir := t.TempDir()
	_, token := made(t, dir, "first", time.Hour, 25)
	var wg sync.WaitGroup
	var mu sync.Mutex
	granted := 0
	for i := range 4 {
		counting := opened(t, dir)
		wg.Go(func() {
			for range 5 {
				if state, err := counting.Use(token.ID, day); err != nil {
					t.Error(err)
				} else if state == Good {
					mu.Lock()
					granted++
					mu.Unlock()
				}
			}
		})
		commands := opened(t, dir)
		wg.Go(func() {
			for range 5 {
				_, made, err := commands.Make(Token{Org: fmt.Sprint("org ", i)}, day, time.Hour)
				if err != nil {
					t.Error(err)
				}
				if _, err := commands.Revoke(made.ID, day); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	list, err := opened(t, dir).List(day)
	if err != nil || len(list) != 21 {
		t.Fatalf("%d tokens, %v", len(list), err)
	}
	for _, l := range list {
		if l.ID == token.ID && l.Runs != granted {
			t.Errorf("%d runs are on disk, %d were granted", l.Runs, granted)
		}
		if l.ID != token.ID && l.State != Revoked {
			t.Errorf("%s is %v", l.ID, l.State)
		}
	}
}

// A file that cannot be read gives an error that names it; a running responder goes on with
// what it knows, and logs this once.
func TestDamagedFiles(t *testing.T) {
	good := func() string {
		dir := t.TempDir()
		made(t, dir, "ACME", time.Hour, 1)
		b, err := os.ReadFile(filepath.Join(dir, fileTokens))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}()
	var list []Token
	if err := json.Unmarshal([]byte(good), &list); err != nil {
		t.Fatal(err)
	}
	twice, err := json.Marshal(append(list, list...))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty": "", "cut short": good[:len(good)/2], "not a list": "{}", "foreign key": `[{"idd":"x"}]`, "no hash": `[{"id":"x"}]`, "twice": string(twice),
	} {
		dir := t.TempDir()
		secret, _ := made(t, dir, "ACME", time.Hour, 1)
		s := opened(t, dir)
		path := filepath.Join(dir, fileTokens)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Refresh(time.Now()); err == nil {
			t.Errorf("%s: not told", name)
		}
		if err := s.Refresh(time.Now().Add(time.Minute)); err != nil {
			t.Errorf("%s: told twice: %v", name, err)
		}
		if _, state := s.Check(secret, day); state != Good {
			t.Errorf("%s: the token is %v", name, state)
		}
	}
}
