package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"netready/results"
)

// Folders of the store. Whoever reads it with other programs relies on the first
// two: docs/store.md.
const (
	objectFolder  = "v1/"
	parquetFolder = "parquet/"
	indexFolder   = "index/"
	accessFolder  = "access/"
)

// Names within a partition of the index.
const (
	freshFolder   = "new/"  // a row each, of runs that no segment has
	segmentPrefix = "rows-" // the rows of many runs
	gonePrefix    = "gone-" // keys of runs that are deleted
	segmentEnd    = ".jsonl.zst"
	objectEnd     = ".json"
)

// Nameless stands where a result names no organisation or region. It is the name of none.
const Nameless = "_"

// A partition is a day's runs of one organisation.
type partition struct {
	date string // YYYY-MM-DD, UTC, of the run's start
	org  string // escaped
}

func (p partition) String() string { return "date=" + p.date + "/org=" + p.org + "/" }
func (p partition) index() string  { return indexFolder + p.String() }

// objects is what the keys of its results begin with.
func (p partition) objects() string { return objectFolder + p.String() }

// table is the key of one of its Parquet files; name is runs or ports.
func (p partition) table(name string) string {
	return parquetFolder + name + "/" + p.String() + name + ".parquet"
}

// partitionOf is where a run of that start is kept for an organisation.
func partitionOf(org string, started time.Time) partition {
	return partition{started.UTC().Format(time.DateOnly), escape(org)}
}

// key is that of a run in the partition.
func (p partition) key(region, runID string) string {
	return p.objects() + "region=" + escape(region) + "/" + escape(runID) + objectEnd
}

// longestPart bounds a part of a key. File systems take 255 bytes, and a temporary
// file's name has 22 more than its file's.
const longestPart = 200

// driverEscape begins what the driver of folders writes for characters of its own choice,
// and whatever looks like it.
const driverEscape = "__0x"

// escape writes a value as a part of a key that every store and file system takes,
// percent-encoded, as query engines read the values of Hive partitions. One that is
// too long is cut, and told apart from others by a digest behind a "~".
func escape(value string) string {
	if value == "" {
		return Nameless
	}
	var b strings.Builder
	for i := range len(value) {
		switch c := value[i]; {
		case c == '_' && i > 0 && strings.HasPrefix(value[i-1:], driverEscape):
			fmt.Fprintf(&b, "%%%02X", c)
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_',
			c == '.' && i > 0 && i < len(value)-1 && value[i-1] != '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	text := b.String()
	if len(text) <= longestPart {
		return text
	}
	sum := sha256.Sum256([]byte(value))
	head := text[:longestPart-33]
	if at := strings.LastIndexByte(head, '%'); at > len(head)-3 {
		head = head[:at]
	}
	return head + "~" + hex.EncodeToString(sum[:16])
}

// An address is what a key says.
type address struct {
	partition
	region, runID string // as they were before they were escaped, unless they were cut
}

// parseKey reads the key of a result. ok is false for any other: a temporary file,
// one that somebody has put there, one that this store would write otherwise.
func parseKey(key string) (a address, ok bool) {
	n, ok := results.ReadKey(key)
	if !ok {
		return a, false
	}
	for part, plain := range map[string]string{n.OrgPart: n.Org, n.RegionPart: n.Region, n.RunPart: n.RunID} {
		if !results.IsCut(part) && escape(plain) != part {
			return a, false
		}
	}
	return address{partition{n.Date, n.OrgPart}, n.Region, n.RunID}, true
}

// IsOf says whether a key is of a result that is kept for an organisation, also where the
// name was too long for the key.
func IsOf(key, org string) bool {
	a, ok := parseKey(key)
	return ok && a.org == escape(org)
}

// partitionIn reads the partition that a key of the index lies in.
func partitionIn(key string) (p partition, name string, ok bool) {
	parts := strings.SplitN(strings.TrimPrefix(key, indexFolder), "/", 3)
	if len(parts) != 3 {
		return p, "", false
	}
	date, isDate := strings.CutPrefix(parts[0], "date=")
	org, isOrg := strings.CutPrefix(parts[1], "org=")
	return partition{date, org}, parts[2], isDate && isOrg
}
