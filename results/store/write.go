package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gocloud.dev/blob"

	"netready/internal/atomicfile"
)

// writeOnce writes an object if there is none of its key; otherwise isThere says so
// of the error. It is durable when writeOnce returns.
func (s *Store) writeOnce(ctx context.Context, key string, content []byte) error {
	w, err := s.create(ctx, key, true)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	if err = w.end(err); errors.Is(err, errDriver) {
		if there, failed := s.bucket.Exists(ctx, key); there && failed == nil {
			return errTaken
		}
	}
	return err
}

// errDriver is a write that failed in Azure's driver, which panics then and gives no reason;
// errTaken is one whose key was taken.
var (
	errDriver = errors.New("the object store did not take it")
	errTaken  = errors.New("an object with this key is there already")
)

// close ends the writing, and a panic of the driver's with it (azureblob: its writer's pipe is
// nil after a failed upload).
func (o *object) close() (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%w: %v", errDriver, reason)
		}
	}()
	return o.Close()
}

// write writes an object, whatever was there.
func (s *Store) write(ctx context.Context, key string, content []byte) error {
	w, err := s.create(ctx, key, false)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return w.end(err)
}

// An object is one that is being written. Nobody sees any of it before its end.
type object struct {
	*blob.Writer
	store  *Store
	key    string
	over   func() error // of the context
	cancel context.CancelFunc
	once   bool
	file   *os.File // of a bucket that is a folder; nil otherwise
}

func (s *Store) create(ctx context.Context, key string, once bool) (*object, error) {
	if s.refuse != nil {
		return nil, s.refuse
	}
	// What an organisation's folder holds may be another's there. Gathering and comparing write
	// before they remove, and so remove nothing. The access log has no such folders.
	if s.folds.Load() && !strings.HasPrefix(key, accessFolder) {
		return nil, ErrCapitals
	}
	o := &object{store: s, key: key, once: once}
	ctx, o.cancel = context.WithCancel(ctx)
	o.over = ctx.Err
	w, err := s.bucket.NewWriter(ctx, key, &blob.WriterOptions{
		ContentType: contentType(key), IfNotExist: once,
		BeforeWrite: func(as func(any) bool) error { as(&o.file); return nil },
	})
	if err != nil {
		o.cancel()
		return nil, err
	}
	o.Writer = w
	return o, nil
}

func contentType(key string) string {
	switch {
	case strings.HasSuffix(key, objectEnd):
		return "application/json"
	case strings.HasSuffix(key, ".jsonl"):
		return "application/jsonl"
	}
	return "application/octet-stream"
}

// end makes the object visible, or with an error leaves nothing of it.
func (o *object) end(err error) error {
	defer o.cancel()
	if err != nil {
		o.cancel() // before Close: nothing is kept then
		_ = o.close()
		return err
	}
	if o.file == nil {
		return o.close()
	}
	return o.endFile()
}

// endFile is end for a folder. The driver writes a temporary file and renames it: not
// brought to the disk, and not safe from another program that writes the same name.
func (o *object) endFile() error {
	temporary := o.file.Name()
	err := o.over()
	if err == nil && !o.store.unsynced {
		err = o.file.Sync()
	}
	if err == nil {
		err = o.store.inherit(temporary, o.key)
	}
	if err != nil {
		o.cancel()
		return errors.Join(err, o.Close())
	}
	linked := false
	if o.once {
		// A link is refused where the name is taken, in one step. File systems
		// without links (sticks) leave it to the driver.
		linkErr := o.store.link(temporary, finalName(temporary))
		linked = linkErr == nil
		if !linked && !errors.Is(linkErr, fs.ErrExist) {
			o.store.linkless.Store(true)
		}
	}
	err = o.Close() // removes the temporary file, and says where the name was taken
	if linked && isThere(err) {
		err = nil // by us
	}
	if o.store.unsynced {
		return err
	}
	return errors.Join(err, o.store.syncFolders(temporary, o.key))
}

// finalName is the name of a file whose temporary name the driver made: behind it are
// the time and an ending.
func finalName(temporary string) string {
	name := strings.TrimSuffix(temporary, ".tmp")
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// folders are those of a bucket that lead to a file, the bucket's own first.
func folders(file, key string) []string {
	list := []string{filepath.Dir(file)}
	for range strings.Count(key, "/") {
		list = append([]string{filepath.Dir(list[0])}, list...)
	}
	return list
}

// inherit gives what root has made to the owner of the bucket's folder.
func (s *Store) inherit(file, key string) error {
	for _, path := range append(folders(file, key)[1:], file) {
		if s.isSynced(path) {
			continue
		}
		if err := atomicfile.Inherit(path); err != nil {
			return err
		}
	}
	return nil
}

// syncFolders brings a file's entry in its folder to the disk, and once those of the
// folders above, which may be new.
func (s *Store) syncFolders(file, key string) error {
	for _, dir := range folders(file, key) {
		if dir != filepath.Dir(file) && s.isSynced(dir) {
			continue
		}
		d, err := os.Open(dir)
		if err != nil {
			return fmt.Errorf("opening a folder of the store: %w", err)
		}
		_ = d.Sync() // not every system can; the file itself is on the disk
		if err := d.Close(); err != nil {
			return err
		}
		s.noteSynced(dir)
	}
	return nil
}

func (s *Store) isSynced(dir string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.synced[dir]
}

func (s *Store) noteSynced(dir string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keep(s.synced, s.maxNoted, dir, true)
}
