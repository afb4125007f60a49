// Package tokens keeps the tokens that a responder has handed out, one for each
// organisation: hashed, with an end, with a number of runs, and revocable. The
// folder is shared by the responder that runs and by the commands that make and
// revoke tokens.
package tokens

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"netready/internal/atomicfile"
)

// Most bounds the tokens of one folder.
const Most = 4096

// Names of the files. The tokens are written by the commands alone, the counts by
// the responders alone; the lock keeps two of the same kind apart.
const (
	fileTokens = "tokens.json"
	fileRuns   = "runs.json"
	fileLock   = "tokens.lock"
	largest    = 8 << 20 // bytes of one of them
)

// remembered is how long a token is kept after its end, so that who shows it is
// told that it has expired.
const remembered = 90 * 24 * time.Hour

// A Token is what is known of one, without its secret.
type Token struct {
	ID      string    `json:"id"`      // its part before the "~", which is no secret
	Org     string    `json:"org"`     // whose it is
	Hash    []byte    `json:"sha256"`  // of the whole token; 128 random bits need no more
	Created time.Time `json:"created"` // UTC, as the others
	Expires time.Time `json:"expires"`
	MaxRuns int       `json:"max_runs"`          // 0: no bound
	Uploads bool      `json:"uploads,omitempty"` // the results of its runs are to be sent to the responder
	Revoked time.Time `json:"revoked,omitzero"`
	Right   Right     `json:"right,omitempty"`
	AllOrgs bool      `json:"all_orgs,omitempty"` // with Read: the results of every organisation, and Org is empty
}

// A Right is what may be done with a token: one thing and not the other.
type Right string

// The rights.
const (
	Call Right = ""     // places calls and stores their results
	Read Right = "read" // reads the results of its organisation, or of all
)

// valid says whether a token is one that this release knows the meaning of. What a
// later one adds must not be taken for the right to call.
func (t Token) valid() bool {
	switch {
	case t.ID == "" || len(t.Hash) != sha256.Size || t.MaxRuns < 0:
		return false
	case t.Right == Read:
		return t.AllOrgs == (t.Org == "") && t.MaxRuns == 0
	}
	return t.Right == Call && !t.AllOrgs
}

// A State is what becomes of who shows a token.
type State int

// States of a token. Only the holder of its secret learns more than Unknown.
const (
	Unknown State = iota
	Good
	Expired
	UsedUp
	Revoked
)

func (s State) String() string {
	return [...]string{"unknown", "good", "expired", "used up", "revoked"}[s]
}

// state is that of a token with so many runs.
func (t Token) state(runs int, now time.Time) State {
	switch {
	case !t.Revoked.IsZero():
		return Revoked
	case !now.Before(t.Expires):
		return Expired
	case t.MaxRuns > 0 && runs >= t.MaxRuns:
		return UsedUp
	}
	return Good
}

// A Listed is a token with its state.
type Listed struct {
	Token
	Runs  int
	State State
}

// A Store is a folder with tokens.
type Store struct {
	dir    string
	counts string // folder of the counts and of the lock: dir, unless that cannot be written

	mu      sync.Mutex // guards the rest
	tokens  map[string]Token
	runs    map[string]int         // as they were read last: what is on disk counts
	read    fs.FileInfo            // of the tokens, as they were read last; nil: there were none
	counted fs.FileInfo            // the same of the counts
	failed  map[string]fs.FileInfo // of a file that could not be read, so that it is told once
	looked  time.Time
}

// Open reads the tokens of a folder. None is no error. Several responders may share
// the folder, over a network file system too: they count runs together.
func Open(dir string) (*Store, error) { return OpenApart(dir, dir) }

// OpenApart is Open for tokens in a folder that is only read: their runs are counted
// in another one.
func OpenApart(dir, counts string) (*Store, error) {
	s := &Store{dir: dir, counts: counts, failed: map[string]fs.FileInfo{}}
	var err error
	if s.tokens, s.read, err = s.readTokens(); err == nil {
		s.runs, s.counted, err = s.readRuns()
	}
	return s, err
}

func (s *Store) path(name string) string {
	if name == fileTokens {
		return filepath.Join(s.dir, name)
	}
	return filepath.Join(s.counts, name)
}

// locked does something while no other process changes the files.
func (s *Store) locked(do func() error) error {
	unlock, err := lockedfile.MutexAt(s.path(fileLock)).Lock()
	if err != nil {
		return fmt.Errorf("locking the tokens: %w; make the data folder writable or choose another one with --data", err)
	}
	defer unlock()
	_ = atomicfile.Inherit(s.path(fileLock)) // where it fails the other user's lock says so
	return do()
}

func (s *Store) readTokens() (map[string]Token, fs.FileInfo, error) {
	var list []Token
	info, err := readJSON(s.path(fileTokens), &list)
	if err != nil {
		return nil, info, err
	}
	all := make(map[string]Token, len(list))
	for i, t := range list {
		switch {
		case len(list) > Most:
			return nil, info, fmt.Errorf("reading %s: it has %d tokens, more than %d; remove old ones", s.path(fileTokens), len(list), Most)
		case !t.valid() || all[t.ID].ID != "":
			return nil, info, fmt.Errorf("reading %s: token %d (%q) is damaged, is there twice, or is of a later release; remove it from the file", s.path(fileTokens), i+1, t.ID)
		}
		all[t.ID] = t
	}
	return all, info, nil
}

func (s *Store) readRuns() (map[string]int, fs.FileInfo, error) {
	runs := map[string]int{}
	info, err := readJSON(s.path(fileRuns), &runs)
	return runs, info, err
}

// readJSON reads a file strictly; one that is not there leaves into as it is.
func readJSON(path string, into any) (fs.FileInfo, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the tokens: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the tokens: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(f, largest))
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		err = d.Decode(into)
	}
	if err != nil {
		ends := "its tokens then end"
		if filepath.Base(path) == fileRuns {
			ends = "runs are then counted from zero"
		}
		return info, fmt.Errorf("reading %s: %w; put back a whole copy of the file, or remove it (%s)", path, err, ends)
	}
	return info, nil
}

func (s *Store) write(name string, content any) error {
	b, err := json.MarshalIndent(content, "", " ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", s.path(name), err)
	}
	return atomicfile.PrivateOfFolder(s.path(name), append(b, '\n'))
}

// change reads the tokens, changes them and writes them.
func (s *Store) change(how func(all map[string]Token) error) error {
	return s.locked(func() error {
		all, _, err := s.readTokens()
		if err == nil {
			err = how(all)
		}
		if err != nil {
			return err
		}
		list := make([]Token, 0, len(all))
		for _, t := range all {
			list = append(list, t)
		}
		slices.SortFunc(list, byCreation)
		return s.write(fileTokens, list)
	})
}

func byCreation(a, b Token) int {
	if c := a.Created.Compare(b.Created); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// Make makes a token for what is asked (whose it is and what it is good for), and
// returns its secret, which is kept nowhere.
func (s *Store) Make(asked Token, now time.Time, life time.Duration) (secret string, t Token, err error) {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	t = asked
	t.ID, t.Created, t.Expires = strings.ToLower(rand.Text()[:8]), now.UTC().Round(0), now.Add(life).UTC().Round(0)
	secret = t.ID + "~" + base64.RawURLEncoding.EncodeToString(b[:])
	sum := sha256.Sum256([]byte(secret))
	t.Hash = sum[:]
	err = s.change(func(all map[string]Token) error {
		for id, old := range all {
			if now.Sub(old.Expires) > remembered {
				delete(all, id)
			}
		}
		if len(all) >= Most || all[t.ID].ID != "" {
			return fmt.Errorf("there are %d tokens, and %d at most: wait until some have been expired for %d days", len(all), Most, remembered/(24*time.Hour))
		}
		all[t.ID] = t
		return nil
	})
	return secret, t, err
}

// Revoke ends a token. One that is revoked already stays so.
func (s *Store) Revoke(id string, now time.Time) (t Token, err error) {
	err = s.change(func(all map[string]Token) error {
		var ok bool
		if t, ok = all[id]; !ok {
			return fmt.Errorf("there is no token %q; netready-responder list shows those that there are", id)
		}
		if t.Revoked.IsZero() {
			t.Revoked = now.UTC().Round(0)
		}
		all[id] = t
		return nil
	})
	return t, err
}

// List are all tokens, the oldest first.
func (s *Store) List(now time.Time) ([]Listed, error) {
	all, _, err := s.readTokens()
	if err != nil {
		return nil, err
	}
	runs, _, err := s.readRuns()
	if err != nil {
		return nil, err
	}
	list := make([]Listed, 0, len(all))
	for id, t := range all {
		list = append(list, Listed{t, runs[id], t.state(runs[id], now)})
	}
	slices.SortFunc(list, func(a, b Listed) int { return byCreation(a.Token, b.Token) })
	return list, nil
}

// lookEvery is how often the file is looked at for changes.
const lookEvery = 100 * time.Millisecond

// Refresh takes into use what the commands and other responders changed. On an error
// all stays as it was; each bad file is told once.
func (s *Store) Refresh(now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.looked) < lookEvery && now.After(s.looked) {
		return nil
	}
	s.looked = now
	if s.isNew(fileRuns, s.counted) {
		runs, info, err := s.readRuns()
		if err != nil {
			s.failed[fileRuns] = info
			return err
		}
		s.runs, s.counted = runs, info
	}
	if s.isNew(fileTokens, s.read) {
		all, info, err := s.readTokens()
		if err != nil {
			s.failed[fileTokens] = info
			return err
		}
		s.tokens, s.read = all, info
	}
	return nil
}

// isNew says whether a file is another one than was read, and than could not be read.
// What cannot be looked at now is not.
func (s *Store) isNew(name string, read fs.FileInfo) bool {
	info, err := os.Stat(s.path(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	return !same(info, read) && (info == nil || !same(info, s.failed[name]))
}

// same says whether a file is the one that was read. Each change makes another.
func same(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// Count is how many tokens there are that can be used.
func (s *Store) Count(now time.Time) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range s.tokens {
		if t.state(s.runs[id], now) == Good {
			n++
		}
	}
	return n
}

// Check says whose token it is that a request shows, in constant time whether or
// not there is one of that ID.
func (s *Store) Check(shown string, now time.Time) (id string, state State) {
	id, _, _ = strings.Cut(shown, "~")
	sum := sha256.Sum256([]byte(shown))
	s.mu.Lock()
	defer s.mu.Unlock()
	t, known := s.tokens[id]
	hash := make([]byte, sha256.Size)
	if known {
		hash = t.Hash
	}
	if subtle.ConstantTimeCompare(sum[:], hash) != 1 || !known {
		return "", Unknown
	}
	return id, t.state(s.runs[id], now)
}

// Find is the token of this ID, and whether there is one.
func (s *Store) Find(id string) (Token, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tokens[id]
	return t, ok
}

// Use counts a run of a token, on disk before it returns, or says what stands
// against it. The error is of the disk: nothing is counted then.
func (s *Store) Use(id string, now time.Time) (state State, err error) {
	err = s.count(id, func(t Token, runs int) int {
		if t.Right != Call {
			return runs // it places no calls
		}
		if state = t.state(runs, now); state != Good {
			return runs
		}
		return runs + 1
	})
	return state, err
}

// GiveBack takes back a run that never began.
func (s *Store) GiveBack(id string) error {
	return s.count(id, func(_ Token, runs int) int { return max(0, runs-1) })
}

// count changes the runs of a token that is known, on disk, which is what counts: other
// responders may count there too.
func (s *Store) count(id string, change func(t Token, runs int) int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tokens[id]
	if !ok {
		return nil
	}
	return s.locked(func() error {
		runs, _, err := s.readRuns()
		if err != nil {
			return err
		}
		before := runs[id]
		after := change(t, before)
		if after != before {
			s.forgetOld(runs)
			runs[id] = after
			if err := s.write(fileRuns, runs); err != nil {
				return err
			}
		}
		s.runs = runs
		return nil
	})
}

// forgetOld removes the counts of tokens that are no more. Of what another process has
// made since, the runs stay.
func (s *Store) forgetOld(runs map[string]int) {
	if all, _, err := s.readTokens(); err == nil {
		maps.DeleteFunc(runs, func(known string, _ int) bool { return all[known].ID == "" })
	}
}
