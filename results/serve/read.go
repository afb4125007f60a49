package serve

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/oklog/ulid/v2"

	"netready/probe/facts"
	"netready/probe/responder"
	"netready/report"
	"netready/results"
)

// Bounds on what is stored, beside those of report.ReadJSON.
const (
	oldestSchema = 1
	deepest      = 64  // lists and objects in each other; a result has some ten
	longestWord  = 400 // bytes of what becomes a part of the key
)

// Bounds on the start of a run, by the responder's clock. A result is stored by the day of
// its start: one of long ago would be shown on no day that anybody looks at and be deleted
// in the next night, one of the years to come would never be.
const (
	oldestYears = 1              // it may wait for its responder, a month in an outbox and longer as a file
	mostAhead   = 48 * time.Hour // a clock set for the wrong time zone is 26 hours ahead at most
)

// read reads one result, and refuses anything else, and a result that was not signed here for
// this organisation.
func (h *handler) read(raw []byte, who responder.Holder) (one report.Report, no *refusal) {
	if one, no = readResult(raw, time.Now()); no != nil {
		return one, no
	}
	switch {
	case one.Signature.Value != "":
	case who.UsedUp: // with it nothing is stored that no run here can have made
		return one, &refusal{http.StatusForbidden, results.Unsigned, "the runs of the invite are used up, and with it a result is stored only if this responder signed it: send it with a later invite", 0}
	default:
		return one, nil // merge marks it as unsigned
	}
	key, _ := base64.RawURLEncoding.DecodeString(one.Signature.Key) // its form was checked with the signature
	if !h.Trusts(facts.KeyID(key)) {
		return one, &refusal{http.StatusUnprocessableEntity, results.Foreign, "another responder signed it: send it to that one, or have this one's operator name its signing key (sister_keys)", 0}
	}
	holder, err := base64.RawURLEncoding.DecodeString(one.Signature.Holder)
	if err != nil || !ed25519.Verify(key, facts.HolderStatement(one.RunID, who.Org), holder) {
		return one, othersRun()
	}
	return one, nil
}

// readResult reads one result, and refuses anything else, and a result that was changed.
func readResult(raw []byte, now time.Time) (one report.Report, no *refusal) {
	refuse := func(code, format string, args ...any) (report.Report, *refusal) {
		return one, &refusal{http.StatusUnprocessableEntity, code, fmt.Sprintf(format, args...), 0}
	}
	switch {
	case !bytes.HasPrefix(raw, []byte("{")):
		return refuse(results.NotResult, "the body is not the JSON of one result")
	case depth(raw) > deepest:
		return refuse(results.NotResult, "it is nested deeper than any result")
	case !jsontext.Value(raw).IsValid(): // two fields of one name, too: readers would differ
		return refuse(results.NotResult, "it is not valid JSON")
	}
	one, note, err := report.ReadJSON(bytes.NewReader(raw))
	switch {
	case note.Newer:
		return refuse(results.NewerSchema, "it was made by a later release (schema %d): the responder has to be brought to that release", one.Schema)
	case err == nil && one.Schema < oldestSchema:
		return refuse(results.OlderSchema, "its schema %d is not stored any more", one.Schema)
	case err != nil && errors.Is(err, report.ErrNotResult):
		return refuse(results.NotResult, "%v", err)
	case err != nil:
		return refuse(results.NotResult, "it is no result: %v", err)
	case !beganWith(one.RunID, one.StartedAt):
		return refuse(results.NotResult, `the field "run_id" is no ULID of the time in "started_at"`)
	case one.StartedAt.Before(now.AddDate(-oldestYears, 0, 0)), one.StartedAt.After(now.Add(mostAhead)):
		return refuse(results.WrongClock, "by the clock of its computer the run began at %s, and by the responder's it is %s now: set that clock and run again", minute(one.StartedAt), minute(now))
	case len(one.Organization) > longestWord || len(one.Region.ID) > longestWord:
		return refuse(results.NotResult, `the field "organization" or "region" is longer than %d bytes`, longestWord)
	case note.Signed == report.SignedEdited:
		return refuse(results.Edited, "its signature does not fit it: it was changed after it was signed")
	}
	return one, nil
}

// beganWith says whether a run ID is of a run that began then: both are made at once, and a
// result is stored by the day of its start.
func beganWith(runID string, started time.Time) bool {
	id, err := ulid.ParseStrict(runID)
	return err == nil && ulid.Time(id.Time()).Sub(started).Abs() <= time.Minute
}

// minute is a time as a user compares it with a clock.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// depth is how many lists and objects lie in each other, without reading them.
func depth(raw []byte) (deepest int) {
	in, inString := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			in++
			deepest = max(deepest, in)
		case c == '}' || c == ']':
			in--
		}
	}
	return deepest
}
