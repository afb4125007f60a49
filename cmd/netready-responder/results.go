package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // azblob://
	"gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/gcsblob" // gs://
	_ "gocloud.dev/blob/s3blob"  // s3://

	"netready/internal/span"
	"netready/results/store"
)

// noStore as --store: results are not kept.
const noStore = "none"

// keeping is how long results are kept; 0: until they are deleted.
type keeping time.Duration

// longestKeeping is the most that --keep takes.
const longestKeeping = 10 * 365 * span.Day

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *keeping) UnmarshalText(b []byte) error {
	d, err := span.Parse(string(b))
	if err != nil || !strings.HasSuffix(string(b), "d") || d < span.Day || d > longestKeeping {
		return fmt.Errorf("%q: give 1d to %dd, as in 90d, or leave it out", b, longestKeeping/span.Day)
	}
	*k = keeping(d)
	return nil
}

// checkStore says what is wrong with where results are kept.
func (s settings) checkStore() *wrong {
	scheme, _, isURL := strings.Cut(s.Store, "://")
	if !isURL || slices.Contains([]string{"s3", "gs", "azblob", "file"}, scheme) {
		return nil
	}
	return &wrong{"store", fmt.Sprintf("%q: give a folder, s3://BUCKET?region=…, gs://BUCKET, azblob://CONTAINER, or none", s.Store)}
}

// openStore opens where results are kept; nil where they are not. close is never nil.
func (s settings) openStore(ctx context.Context, log *slog.Logger) (*store.Store, func() error, error) {
	none := func() error { return nil }
	if s.Store == noStore {
		return nil, none, nil
	}
	bucket, err := s.openBucket(ctx)
	if err != nil {
		if s.Store == "" { // in the folder of --data
			return nil, none, fmt.Errorf("--data: %w; name another folder", err)
		}
		return nil, none, fmt.Errorf("--store: %w", err)
	}
	host, _ := os.Hostname() // only a name in the access log
	return store.New(bucket, store.Options{Log: log, Name: strings.Trim(s.Region+" "+host, " "), Folder: s.storeFolder()}), bucket.Close, nil
}

func (s settings) openBucket(ctx context.Context) (*blob.Bucket, error) {
	if strings.Contains(s.Store, "://") {
		return blob.OpenBucket(ctx, s.Store)
	}
	// Temporary files lie beside the others, so that each is on its own file system, and
	// nothing is written but the objects.
	bucket, err := fileblob.OpenBucket(s.storeFolder(), &fileblob.Options{
		CreateDir: true, DirFileMode: 0o700, NoTempDir: true, Metadata: fileblob.MetadataDontWrite,
	})
	if err != nil && s.Store != "" {
		return nil, fmt.Errorf("%w; name another folder (the usual one is in that of --data), or none", err)
	}
	return bucket, err
}

// storeFolder is the folder of the store; "" where the store is not a folder.
func (s settings) storeFolder() string {
	switch {
	case strings.HasPrefix(s.Store, "file://"):
		if at, err := url.Parse(s.Store); err == nil {
			return at.Path
		}
		return ""
	case strings.Contains(s.Store, "://"):
		return ""
	case s.Store == "":
		return filepath.Join(s.Data, "results")
	}
	return s.Store
}

// startStore opens the store of a responder that runs and says in the log what is
// wrong with it. One that cannot be reached now may be later: calls go on without.
func (s *service) startStore(ctx context.Context) (err error) {
	if s.results, s.closeResults, err = s.now.openStore(ctx, s.log); err != nil || s.results == nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // calls that drain still bring results
	var working sync.WaitGroup
	working.Go(func() { s.results.Keep(ctx, time.Duration(s.now.Keep)) })
	working.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if err := s.results.Check(ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.log.Error("results cannot be stored as they should", "reason", err)
		}
	})
	closeBucket := s.closeResults
	s.closeResults = func() error {
		cancel()
		working.Wait()
		return closeBucket()
	}
	return nil
}
