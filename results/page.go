package results

import (
	"encoding/json"
	"net/url"
	"strings"
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

// A Name is what a key says of its result.
type Name struct {
	Org   string // that it lies under; "" where the key does not tell the whole
	RunID string
}

// ReadKey reads a key, v1/date=YYYY-MM-DD/org=ORG/region=REGION/RUNID.json with its parts
// percent-encoded; a part that was too long is cut and holds a "~". ok is false where it
// is none.
func ReadKey(key string) (n Name, ok bool) {
	parts := strings.Split(key, "/")
	if len(key) > LongestKey || len(parts) != 5 || parts[0] != "v1" {
		return n, false
	}
	org, isOrg := strings.CutPrefix(parts[2], "org=")
	run, isRun := strings.CutSuffix(parts[4], ".json")
	if !isOrg || !isRun || !strings.HasPrefix(parts[1], "date=") || !strings.HasPrefix(parts[3], "region=") {
		return n, false
	}
	plainOrg, err := url.PathUnescape(org)
	plainRun, err2 := url.PathUnescape(run)
	if err != nil || err2 != nil || plainRun == "" {
		return n, false
	}
	if strings.Contains(org, "~") {
		plainOrg = ""
	}
	return Name{Org: plainOrg, RunID: plainRun}, true
}
