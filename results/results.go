// Package results is what agents, responders and readers agree on about results
// that are sent home: the paths, the codes of a refusal, and which results are
// asked for.
package results

import (
	"regexp"
	"time"
)

// Paths of a responder, below https://host:port. Each request shows a token, as
// those of a call do.
const (
	// PathResults takes a result (POST) and hands results out (GET, with a Query). None is
	// removed here: that is for whoever has the store itself.
	PathResults = "/v1/results"
	// PathPage is the page for support; what it needs lies below it.
	PathPage = "/results"
)

// Largest is how many bytes one result may have as JSON. An hour's run with two
// hundred calls has 4 MB.
const Largest = 16 << 20

var runIDForm = regexp.MustCompile(`^[0-9A-Z]{26}$`)

// IsRunID says whether a text has the form of a run's ID.
func IsRunID(id string) bool { return runIDForm.MatchString(id) }

// Codes of a refusal, in the field "code" of its JSON. What is wrong with the
// token has the codes of every other request.
const (
	NotResult    = "not_result"    // the body is no result of netready
	TooLarge     = "too_large"     // it has more than Largest bytes
	NewerSchema  = "newer_schema"  // of a later release than the responder's
	OlderSchema  = "older_schema"  // of a schema that is not stored any more
	Edited       = "edited"        // it is not what was signed
	WrongClock   = "wrong_clock"   // its start is long ago or to come, by the responder's clock
	Foreign      = "foreign"       // another responder signed it
	OtherContent = "other_content" // its run ID is stored already, with other content
	Deleted      = "deleted"       // it was stored, and deleted since
	NoStore      = "no_store"      // this responder stores no results
	StoreFailed  = "store_failed"  // the store did not take it now: try again
	StoreFull    = "store_full"    // the store has no room for more results: later, when its operator has made some
	ReadOnly     = "read_only"     // the token reads and does not store
	NotAReader   = "not_a_reader"  // the token does not read, or not this organisation
	OtherInvite  = "other_invite"  // the run was made with the invite of another organisation
	Incomplete   = "incomplete"    // the body ended early, or came too slowly: try again
	Unsigned     = "unsigned"      // the runs of the token are used up, and nobody signed the result
	DayFull      = "day_full"      // the token has stored the most that it may in a day
	Busy         = "busy"          // too many at once: try again
)

// ParameterInvite of a result that is sent names the invite that its run was made with, by
// the part before the "~", which is no secret; it is empty for the operator's own invite.
// Without the parameter, it is the invite whose token is shown. A result that was kept for
// a while may be sent with a later invite, but only with one of the same organisation.
const ParameterInvite = "invite"

// A Problem is the body of a refusal.
type Problem struct {
	Error string        `json:"error"`              // one sentence for the user
	Code  string        `json:"code"`               // one of the codes above
	After time.Duration `json:"after_ns,omitempty"` // when to try again
}

// IsFinal says whether a refusal stands: sending the same again does not help.
func IsFinal(code string) bool {
	switch code {
	case NotResult, TooLarge, OlderSchema, Edited, WrongClock, OtherContent, Deleted:
		return true
	}
	return false // no store yet, a newer release, a key that is named later, a token that is good for something else
}

// MeetsAll says whether every other result of the same sender would be refused too, as long as
// the reason lasts: then it does not help to send the next one now.
func MeetsAll(code string) bool {
	switch code {
	case NoStore, StoreFull, ReadOnly, DayFull:
		return true
	}
	return false
}

// Accepted is the answer to a result that is stored.
type Accepted struct {
	Key  string `json:"key"`  // where it lies in the store
	Same bool   `json:"same"` // it was stored before, with the same content
}
