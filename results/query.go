package results

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"netready/internal/span"
)

// A Query says which results are meant. A zero field is no bound.
type Query struct {
	Since, Until time.Time // of their start: Since <= start < Until
	Org, Region  string    // exactly so
}

// Names of the parameters of a request, and of the flags.
const (
	since  = "since"
	until  = "until"
	org    = "org"
	region = "region"
)

// longestName bounds a parameter, in bytes.
const longestName = 400

// ParseQuery reads the query of a request. Other parameters are
// ignored.
func ParseQuery(values url.Values, now time.Time) (Query, error) {
	q := Query{Org: values.Get(org), Region: values.Get(region)}
	if len(q.Org) > longestName || len(q.Region) > longestName {
		return Query{}, fmt.Errorf("org and region have %d bytes at most", longestName)
	}
	for name, into := range map[string]*time.Time{since: &q.Since, until: &q.Until} {
		text := values.Get(name)
		if text == "" {
			continue
		}
		var err error
		if *into, err = ParseTime(text, now); err != nil {
			return Query{}, fmt.Errorf("%s %w", name, err)
		}
	}
	return q, q.Check()
}

// Check says what is wrong with a query.
func (q Query) Check() error {
	if !q.Since.IsZero() && !q.Until.IsZero() && !q.Since.Before(q.Until) {
		return errors.New("until is not after since, so no result can be meant: change one of them")
	}
	return nil
}

// Values are the parameters of a request that ParseQuery reads back.
func (q Query) Values() url.Values {
	v := url.Values{}
	for name, at := range map[string]time.Time{since: q.Since, until: q.Until} {
		if !at.IsZero() {
			v.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	for name, text := range map[string]string{org: q.Org, region: q.Region} {
		if text != "" {
			v.Set(name, text)
		}
	}
	return v
}

// Holds says whether a result of this start, organisation and region is meant.
func (q Query) Holds(started time.Time, organization, regionID string) bool {
	return (q.Since.IsZero() || !started.Before(q.Since)) && (q.Until.IsZero() || started.Before(q.Until)) &&
		(q.Org == "" || q.Org == organization) && (q.Region == "" || q.Region == regionID)
}

// ParseTime reads a time as a person gives it: so long ago (7d, 36h, 90m), a day
// in UTC (2026-11-01) or a moment (RFC 3339).
func ParseTime(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if ago, err := span.Parse(text); err == nil {
		return now.UTC().Add(-ago), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		if at, err := time.Parse(layout, text); err == nil && at.Year() > 0 {
			return at.UTC(), nil
		}
	}
	if r := []rune(text); len(r) > 40 {
		text = string(r[:40]) + "…"
	}
	return time.Time{}, fmt.Errorf("%q: give how long ago as in 7d or 36h, a day as in 2026-11-01, or a time as in 2026-11-01T08:00:00Z", text)
}
