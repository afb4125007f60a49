// Package store keeps results in a bucket: a folder, or an object store that
// several responders share. docs/store.md has the layout.
//
// One object a run is the truth, written once. Beside it lies an index, so that a
// day is shown and handed out without looking at each of its objects: a run's row
// is written before its object and counts as soon as the object is there, so that a
// program killed at any moment leaves no run that the index does not know and no
// row that counts without its run. Rows are gathered into segments; what several
// programs gather at once is the same rows twice, and counts once.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// A Store keeps results in a bucket. Its methods may be called at once.
type Store struct {
	bucket   *blob.Bucket
	options  Options
	unsynced bool                        // in tests: what is written need not outlive the machine
	refuse   error                       // in tests: what each write fails with
	link     func(from, to string) error // in tests: of a file system without hard links
	linkless atomic.Bool                 // the folder's file system has shown that it has none
	folds    atomic.Bool                 // the store takes capitals and small letters for the same: nothing is stored
	maxFresh int                         // mostFresh; in tests fewer
	maxNoted int                         // mostNoted; in tests fewer
	wake     chan struct{}               // tells Keep that rows wait to be gathered

	mu      sync.Mutex        // guards the rest
	fresh   map[string]Row    // rows by their key in the index, whose objects are there
	waiting map[partition]int // rows that this store has added to a partition since it was gathered
	synced  map[string]bool   // folders whose entries are on the disk
	access  []Access          // not written yet
}

// Options of a Store. The zero value will do.
type Options struct {
	Now  func() time.Time // nil: time.Now
	Log  *slog.Logger     // nil: nothing is logged
	Name string           // of this program among those that share the store, for the access log
	// Folder is that of the bucket, where it is one: its disk is not filled up. "": whatever
	// room there is is used.
	Folder string
}

// A Stored is a result in the store.
type Stored struct {
	Key     string    `json:"key"` // v1/date=…/org=…/region=…/RUNID.json
	RunID   string    `json:"run_id"`
	Org     string    `json:"org"`    // organisation that it is kept for: the token's
	Region  string    `json:"region"` // as the result names it; "_" where it names none
	Started time.Time `json:"started"`
	Size    int64     `json:"size"` // bytes
}

// An Outcome is what became of a result that was put into the store.
type Outcome int

// The outcomes.
const (
	Added Outcome = iota // it is stored now
	Same                 // it was stored before, with the same content
)

// What can be wrong with a result.
var (
	ErrOther    = errors.New("its run ID is stored already, with other content")
	ErrNotFound = errors.New("no such result is stored")
	ErrGone     = errors.New("it was deleted, and is not stored again")
	ErrKey      = errors.New("not the key of a result")
	ErrCapitals = errors.New("the store takes capitals and small letters for the same (FAT, shares of Windows), so that the results of ACME and acme would mix: nothing is stored; give a folder on another file system with --store")
)

// New makes a Store of a bucket. The caller closes the bucket when the Store is
// not used any more.
func New(b *blob.Bucket, opts Options) *Store {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Store{
		bucket: b, options: opts, link: os.Link, wake: make(chan struct{}, 1), maxFresh: mostFresh, maxNoted: mostNoted,
		fresh: map[string]Row{}, waiting: map[partition]int{}, synced: map[string]bool{},
	}
}

// Read is a result as it was stored, byte for byte.
func (s *Store) Read(ctx context.Context, key string) ([]byte, error) {
	if _, ok := parseKey(key); !ok {
		return nil, fmt.Errorf("%w: %q", ErrKey, key)
	}
	return s.read(ctx, key)
}

func (s *Store) read(ctx context.Context, key string) ([]byte, error) {
	b, err := s.bucket.ReadAll(ctx, key)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, key)
	}
	if err != nil {
		return nil, fmt.Errorf("reading from the store: %w", err)
	}
	return b, nil
}

// Check says whether the store can be reached, and whether it writes once where it
// is told to, which keeps a result from being replaced. A folder without hard links can be
// used all the same: the error says for what. After ErrCapitals nothing is stored.
func (s *Store) Check(ctx context.Context) error {
	// A new name each time: of one that is taken nobody learns whether it could be made.
	key := checkPrefix + "-" + ulid.Make().String()
	if err := s.writeOnce(ctx, key, []byte("written at each start, to see that it is not written twice\n")); err != nil {
		return fmt.Errorf("writing to the store: %w", err)
	}
	return errors.Join(s.checkAgain(ctx, key), s.removeKeys(ctx, []string{key}), s.hasRoom(false))
}

// checkPrefix begins the names of what Check writes. Tidy removes those of a check that
// was killed.
const checkPrefix = indexFolder + "check"

// checkAgain looks at a key that is written already.
func (s *Store) checkAgain(ctx context.Context, key string) error {
	folds, err := s.bucket.Exists(ctx, strings.ToLower(key)) // an ID is in capitals
	if err != nil {
		return fmt.Errorf("reading from the store: %w", err)
	}
	if folds {
		s.folds.Store(true)
		return ErrCapitals
	}
	switch err := s.writeOnce(ctx, key, []byte("twice\n")); {
	case isThere(err) && s.linkless.Load():
		return errors.New("the folder's file system has no hard links (some network shares): where two programs store a run at the same moment, one result could replace the other; give a folder on another file system with --store, or let one responder alone use it")
	case isThere(err):
		return nil
	case err == nil:
		return errors.New("the store takes no conditional writes (If-None-Match): a result could be replaced by another one; use one that does")
	default:
		return fmt.Errorf("writing to the store: %w", err)
	}
}

// isThere says that an object was not written because there is one.
func isThere(err error) bool {
	return gcerrors.Code(err) == gcerrors.FailedPrecondition || errors.Is(err, errTaken)
}

func isMissing(err error) bool {
	return gcerrors.Code(err) == gcerrors.NotFound || errors.Is(err, ErrNotFound)
}
