package results

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

// Parameters of a request for results, beside those of a Query.
const (
	ParameterAfter = "after" // only what comes behind this key
	ParameterTo    = "to"    // only what comes up to this key, itself included
	ParameterKeys  = "keys"  // "1": the keys, without the results
)

// BadQuery is the code of a request whose parameters cannot be understood.
const BadQuery = "bad_query"

// Bounds of a page, which is the answer to one request.
const (
	PageLines  = 500      // with results
	PageKeys   = 5000     // without
	PageBytes  = 32 << 20 // after which a page ends; the last result may go beyond
	LongestKey = 1024     // bytes
)

// PageType is the content type of a page: a JSON object in each line.
const PageType = "application/jsonl"

// A Line is one line of a page: a result with its key, and at the end where the next page
// begins or that there is none. A page without such a last line was cut short. Keys rise,
// by their bytes, from line to line and from page to page.
type Line struct {
	Key    string          `json:"key,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Code   string          `json:"code,omitempty"` // why there is no result, where one was asked for
	Next   string          `json:"next,omitempty"` // ask for what is after this
	End    bool            `json:"end,omitempty"`
}

// A Name is what a key says of its result. A part that was too long for the key is cut
// there, and is not known whole.
type Name struct {
	Date   string // YYYY-MM-DD, UTC, of the run's start
	Org    string // that it is kept for; "" where it was cut
	Region string // as far as the key tells
	RunID  string // likewise

	OrgPart, RegionPart, RunPart string // as the key has them, percent-encoded
}

// ReadKey reads a key, v1/date=YYYY-MM-DD/org=ORG/region=REGION/RUNID.json with its parts
// percent-encoded; one that was cut holds a "~". ok is false for any other text.
func ReadKey(key string) (n Name, ok bool) {
	parts := strings.Split(key, "/")
	if len(key) > LongestKey || len(parts) != 5 || parts[0] != "v1" {
		return Name{}, false
	}
	var isDate, isOrg, isRegion, isRun bool
	n.Date, isDate = strings.CutPrefix(parts[1], "date=")
	n.OrgPart, isOrg = strings.CutPrefix(parts[2], "org=")
	n.RegionPart, isRegion = strings.CutPrefix(parts[3], "region=")
	n.RunPart, isRun = strings.CutSuffix(parts[4], ".json")
	if _, err := time.Parse(time.DateOnly, n.Date); err != nil || !isDate || !isOrg || !isRegion || !isRun || n.RunPart == "" {
		return Name{}, false
	}
	for into, part := range map[*string]string{&n.Org: n.OrgPart, &n.Region: n.RegionPart, &n.RunID: n.RunPart} {
		var err error
		if *into, err = url.PathUnescape(part); err != nil {
			return Name{}, false
		}
	}
	if IsCut(n.OrgPart) {
		n.Org = ""
	}
	return n, true
}

// IsCut says whether a part of a key was too long for it.
func IsCut(part string) bool { return strings.Contains(part, "~") }
