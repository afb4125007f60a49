package page

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"netready/probe/responder"
	"netready/results"
	"netready/results/store"
	"netready/thresholds"
)

// asked is what a request asks for: a day, of an organisation or of all that its token
// reads, and which of the runs the list shows.
type asked struct {
	day    time.Time // its start, UTC
	org    string    // "": all; only with a token that reads all
	filter filter
	before mark // the list goes on below this run
}

// filter is which runs the list shows. A zero field is no bound.
type filter struct {
	Verdict           thresholds.Verdict
	Machine, Location string
	Hour              string // of the start, UTC: 0 to 23
}

// longestText bounds a parameter, in bytes: names in the index are no longer.
const longestText = 500

// read reads a request. A token that is bound to an organisation asks for that one,
// whatever the request says; errOther is where it names another.
func read(values url.Values, who responder.Holder, now time.Time) (a asked, err error) {
	for name := range values {
		if len(values.Get(name)) > longestText {
			return a, fmt.Errorf("%q is longer than any name: open the page again", name[:min(len(name), 20)])
		}
	}
	a.day, a.org = now.UTC().Truncate(24*time.Hour), values.Get("org")
	if text := values.Get("day"); text != "" {
		if a.day, err = time.Parse(time.DateOnly, text); err != nil || a.day.Year() < 2000 {
			return a, errors.New("give the day as in 2026-11-26")
		}
	}
	if who.Org != "" {
		if a.org != "" && a.org != who.Org {
			return a, errOther
		}
		a.org = who.Org
	}
	a.filter = filter{thresholds.Verdict(values.Get("verdict")), values.Get("machine"), values.Get("location"), values.Get("hour")}
	a.before, err = parseMark(values.Get("before"))
	return a, err
}

var errOther = errors.New("this link reads the results of another organization: ask whoever runs the responder for one")

// query is the day in the store.
func (a asked) query() results.Query {
	return results.Query{Since: a.day, Until: a.day.AddDate(0, 0, 1), Org: a.org}
}

// values are the parameters that read reads back. A token's own organisation needs none.
func (a asked) values(who responder.Holder) url.Values {
	v := url.Values{"day": {a.day.Format(time.DateOnly)}}
	for name, text := range map[string]string{
		"verdict": string(a.filter.Verdict), "machine": a.filter.Machine, "location": a.filter.Location, "hour": a.filter.Hour,
	} {
		if text != "" {
			v.Set(name, text)
		}
	}
	if a.org != "" && who.Org == "" {
		v.Set("org", a.org)
	}
	return v
}

// holds says whether the list shows a run.
func (f filter) holds(row store.Row) bool {
	return (f.Verdict == "" || f.Verdict == row.Verdict) && (f.Machine == "" || f.Machine == row.Machine) &&
		(f.Location == "" || f.Location == row.Location) && (f.Hour == "" || f.Hour == strconv.Itoa(row.Started.UTC().Hour()))
}

// mark is a place in the list of runs, the newest first.
type mark struct {
	started int64 // Unix nanoseconds; 0: above all
	key     string
}

func markOf(row store.Row) mark { return mark{row.Started.UnixNano(), row.Key} }

// older says whether a run comes below this place.
func (m mark) older(row store.Row) bool {
	return m.started == 0 || cmp.Or(cmp.Compare(row.Started.UnixNano(), m.started), cmp.Compare(row.Key, m.key)) < 0
}

func (m mark) String() string { return strconv.FormatInt(m.started, 10) + "." + m.key }

func parseMark(text string) (m mark, err error) {
	if text == "" {
		return m, nil
	}
	for i := range len(text) {
		if text[i] == '.' {
			m.started, err = strconv.ParseInt(text[:i], 10, 64)
			m.key = text[i+1:]
			return m, err
		}
	}
	return m, errors.New("the link to the next runs is cut short: open the page again")
}
