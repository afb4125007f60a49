package store

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"
)

// strayEnd ends the names of a folder's temporary files.
const strayEnd = ".tmp"

// tidy removes what programs that were killed have left, once it is a day old: what they
// wrote to check the store, and temporary files, which only a folder has.
func (s *Store) tidy(ctx context.Context) (err error) {
	keys, err := s.oldBelow(ctx, checkPrefix, "", goneFor)
	err = errors.Join(err, s.removeKeys(ctx, keys))
	var info os.FileInfo
	if !s.bucket.As(&info) {
		return err
	}
	var prefixes []string
	for _, folder := range append(partitionFolders(), accessFolder) {
		dates, failed := s.dates(ctx, folder, time.Time{}, time.Time{})
		err = errors.Join(err, failed)
		for _, date := range dates {
			prefixes = append(prefixes, folder+"date="+date+"/")
		}
	}
	for _, prefix := range prefixes {
		keys, failed := s.oldBelow(ctx, prefix, strayEnd, goneFor)
		if err = errors.Join(err, failed, s.removeKeys(ctx, keys)); ctx.Err() != nil {
			break
		}
	}
	return err
}

// partitionFolders are the folders in which each partition has one.
func partitionFolders() []string {
	return []string{objectFolder, parquetFolder + tableRuns + "/", parquetFolder + tablePorts + "/", indexFolder}
}

// leftovers are the temporary files of a partition that nothing was written to for so long.
func (s *Store) leftovers(ctx context.Context, in partition, age time.Duration) (keys []string, err error) {
	for _, folder := range partitionFolders() {
		found, failed := s.oldBelow(ctx, folder+in.String(), strayEnd, age)
		keys, err = append(keys, found...), errors.Join(err, failed)
	}
	return keys, err
}

// oldBelow are the keys with a beginning and an end that nothing was written to for so long.
func (s *Store) oldBelow(ctx context.Context, prefix, end string, age time.Duration) (keys []string, err error) {
	for o, err := range s.list(ctx, prefix, false) {
		if err != nil {
			return keys, err
		}
		if strings.HasSuffix(o.Key, end) && s.options.Now().Sub(o.ModTime) > age {
			keys = append(keys, o.Key)
		}
	}
	return keys, nil
}
