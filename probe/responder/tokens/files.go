package tokens

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"netready/internal/atomicfile"
)

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
	_ = atomicfile.Inherit(s.path(fileLock)) // where it fails, the next lock of the other user reports it
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
		case len(list) > most:
			return nil, info, fmt.Errorf("reading %s: it has %d tokens, more than %d; remove old ones", s.path(fileTokens), len(list), most)
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

// lookEvery is how often the file is looked at for changes.
const lookEvery = 100 * time.Millisecond

// Refresh applies what the commands and other responders changed. On an error nothing
// changes; each bad file is reported once.
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

// isNew says whether a file is neither the one that was read nor the one that could not
// be read. A file that cannot be found out about now is not new.
func (s *Store) isNew(name string, read fs.FileInfo) bool {
	info, err := os.Stat(s.path(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	return !same(info, read) && (info == nil || !same(info, s.failed[name]))
}

// same says whether a file is the one that was read. Each change makes a new file.
func same(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
