package store

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/oklog/ulid/v2"
)

// An Access is one line of the access log: who read or deleted what.
type Access struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`            // the token's ID, or who runs a command
	Org     string    `json:"org,omitempty"` // that the token is bound to
	What    string    `json:"what"`          // read, deleted
	Of      string    `json:"of"`            // the query, or the key of one result
	Results int       `json:"results"`       // how many
	On      string    `json:"on"`            // the responder
}

// Values of Access.What.
const (
	ReadResults    = "read"
	DeletedResults = "deleted"
)

// Note adds a line to the access log: to the program's log at once, and to the store
// by the next FlushAccess, which Keep calls every few seconds, whatever else it does.
func (s *Store) Note(a Access) {
	if a.At.IsZero() {
		a.At = s.options.Now().UTC()
	}
	a.On = s.options.Name
	s.options.Log.Info("results "+a.What, "by", a.By, "org", a.Org, "of", a.Of, "results", a.Results)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access = append(s.access, a)
}

// maxAccess bounds the lines that wait for a store that is out of reach.
const maxAccess = 100_000

// flushEach is how often Keep writes the access log.
const flushEach = 5 * time.Second

// keepAccess writes the access log until ctx ends.
func (s *Store) keepAccess(ctx context.Context) {
	ticker := time.NewTicker(flushEach)
	defer ticker.Stop()
	for failed := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := s.FlushAccess(ctx)
		if err != nil && !failed && ctx.Err() == nil {
			s.options.Log.Warn("its lines wait, and are in this log too", "reason", err)
		}
		failed = err != nil
	}
}

// FlushAccess writes the lines of the access log that wait.
func (s *Store) FlushAccess(ctx context.Context) error {
	s.mu.Lock()
	lines := s.access
	s.access = nil
	s.mu.Unlock()
	if len(lines) == 0 {
		return nil
	}
	var text bytes.Buffer
	for _, line := range lines {
		b, err := json.Marshal(line)
		if err != nil {
			return err
		}
		text.Write(append(b, '\n'))
	}
	key := accessFolder + "date=" + s.options.Now().UTC().Format(time.DateOnly) + "/" + ulid.Make().String() + ".jsonl"
	err := s.writeOnce(ctx, key, text.Bytes())
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(lines)+len(s.access) <= maxAccess {
			s.access = append(lines, s.access...)
		}
		return fmt.Errorf("writing the access log: %w", err)
	}
	return nil
}
