// Package tokens keeps the tokens that a responder accepts, one for each
// organisation: hashed, with an expiry, with a number of runs, and revocable. The
// running responder and the commands that make and revoke tokens share the folder.
package tokens

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"
)

// most bounds the tokens of one folder.
const most = 4096

// Names of the files. Only the commands write the tokens, only the responders write
// the counts; the lock keeps two writers of the same file apart.
const (
	fileTokens = "tokens.json"
	fileRuns   = "runs.json"
	fileLock   = "tokens.lock"
	largest    = 8 << 20 // bytes of one of them
)

// remembered is how long a token is kept after its expiry, so that an agent that
// shows it is told that it has expired.
const remembered = 90 * 24 * time.Hour

// A Token is what is known of one, without its secret.
type Token struct {
	ID      string    `json:"id"`      // its part before the "~", which is no secret
	Org     string    `json:"org"`     // the organisation that it is for
	Hash    []byte    `json:"sha256"`  // of the whole token; 128 random bits need no slower hash
	Created time.Time `json:"created"` // UTC, like the other times
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

// A State says whether a token may be used, and why not.
type State int

// States of a token. Only the holder of its secret is told more than Unknown.
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
	failed  map[string]fs.FileInfo // of a file that could not be read, so that it is reported once
	looked  time.Time
}

// Open reads the tokens of a folder. A folder without tokens is no error. Several
// responders may share the folder, over a network file system too: they count runs
// together.
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
		if len(all) >= most || all[t.ID].ID != "" {
			return fmt.Errorf("there are %d tokens, and %d at most: wait until some have been expired for %d days", len(all), most, remembered/(24*time.Hour))
		}
		all[t.ID] = t
		return nil
	})
	return secret, t, err
}

// Revoke ends a token. For one that is revoked already nothing changes.
func (s *Store) Revoke(id string, now time.Time) (t Token, err error) {
	err = s.change(func(all map[string]Token) error {
		var ok bool
		if t, ok = all[id]; !ok {
			return fmt.Errorf("there is no token %q; netready-responder list shows all tokens", id)
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

// Check says whose token a request shows, in constant time, also where there is no
// token of that ID.
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
