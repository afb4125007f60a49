// Package fetch reads the results that a responder has stored, page by page, as a source
// of a merge. The far end may be anybody: whatever it sends is bounded in bytes, lines and
// time, and costs an error at most.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"netready/probe/invite"
	"netready/report/merge"
	"netready/results"
)

// A Source is the store of a responder, as an invite that reads opens it.
type Source struct {
	Invite    invite.Invite
	Query     results.Query   // what is asked for
	Transport *http.Transport // the way there; nil: the proxy that a browser would use

	pause time.Duration // in place of firstPause, in tests
}

// Name is what a workbook calls it, without the secrets.
func (s Source) Name() string { return "https://" + s.Invite.Host }

// Place is the source for a merge.
func (s Source) Place() merge.Place { return merge.Place{Name: s.Name(), Items: s.items} }

// nameOf is what a workbook calls the source of one run.
func (s Source) nameOf(runID string) string { return s.Name() + " run " + runID }

// Bounds on what a far end may send.
const (
	mostResults = 2_000_000 // twice what a sheet holds
	mostPages   = 300_000   // requests: where every ninth result is new, a page takes so many
	mostEmpty   = 100       // pages without a line
	mostStrange = 100       // lines that are not what was asked for
)

// What ends the reading of a list.
var (
	errEnough  = errors.New("the reader has enough") // no failure
	errStrange = errors.New("what answers there is not a store of results of netready, or a broken one")
	errLong    = fmt.Errorf("it lists more than %d results: ask for fewer with --since, --until or --region", mostResults)
)

// items reads the list. An error in it is of one result, or the last and of the rest.
func (s Source) items(ctx context.Context, known func(string) bool) iter.Seq2[merge.Item, error] {
	return func(yield func(merge.Item, error) bool) {
		r := &reading{source: s, yield: yield}
		defer r.hangUp()
		var err error
		if known == nil {
			err = r.span(ctx, span{}, nil)
		} else {
			err = r.unknown(ctx, known)
		}
		switch {
		case err == nil, errors.Is(err, errEnough), ctx.Err() != nil:
		case r.count == 0:
			yield(merge.Item{}, err)
		default:
			yield(merge.Item{}, fmt.Errorf("it broke off after %d results: %w; what came is merged, and merge --append asks for the rest", r.count, err))
		}
	}
}

// A reading is the state of a list that is being read.
type reading struct {
	source  Source
	yield   func(merge.Item, error) bool
	line    connection
	count   int // results so far
	listed  int // keys so far
	pages   int // requests so far
	before  int // keys up to the page before
	empty   int // pages without a line
	strange int // lines that were not what was asked for
}

// A span is a part of the list.
type span struct {
	after, to string // keys: behind after, up to to; "" is no bound
	keysOnly  bool
}

// span hands over the results of a span but those that are there already.
func (r *reading) span(ctx context.Context, s span, have map[string]bool) (err error) {
	for end := false; !end && err == nil; {
		end, err = r.page(ctx, &s, func(line results.Line) error {
			if have[line.Key] {
				return nil
			}
			return r.take(line)
		})
	}
	return err
}

// bridge is how many results that are there already are read again rather than that a
// further request is made.
const bridge = 8

// unknown lists the keys, and reads the results of those that are not there yet.
func (r *reading) unknown(ctx context.Context, known func(string) bool) error {
	keys := span{keysOnly: true}
	for end := false; !end; {
		var wanted []span
		have, before, gap := map[string]bool{}, keys.after, 0
		var err error
		end, err = r.page(ctx, &keys, func(line results.Line) error {
			name, ok := results.ReadKey(line.Key)
			switch {
			case ok && known(r.source.nameOf(name.RunID)):
				have[line.Key] = true
				gap++
			case len(wanted) > 0 && gap <= bridge:
				wanted[len(wanted)-1].to, gap = line.Key, 0
			default:
				wanted, gap = append(wanted, span{after: before, to: line.Key}), 0
			}
			before = line.Key
			return nil
		})
		if err != nil {
			return err
		}
		for _, s := range wanted {
			if err := r.span(ctx, s, have); err != nil {
				return err
			}
		}
	}
	return nil
}

// take hands over one result, or the error that it has.
func (r *reading) take(line results.Line) error {
	name, ok := results.ReadKey(line.Key)
	asked := r.source.Query.Org
	if asked != "" && results.IsCut(name.OrgPart) {
		name.Org = asked // too long for the key; the responder hands out no other's
	}
	var wrong error
	switch {
	case !ok:
		wrong = fmt.Errorf("the responder sent what is not a stored result (its key is %q)", clip(line.Key))
	case asked != "" && name.Org != "" && name.Org != asked:
		wrong = fmt.Errorf("the responder sent a result of another organisation (%q) than was asked for", clip(name.Org))
	case line.Code != "":
		wrong = fmt.Errorf("the responder cannot send it (%s): whoever runs it finds it in the store as %s", clip(line.Code), clip(line.Key))
	case len(line.Result) == 0 || line.Result[0] != '{':
		wrong = errors.New("the responder sent a line without its result")
	}
	item := merge.Item{Name: r.source.nameOf(clip(name.RunID)), RunID: name.RunID, Org: name.Org, Data: line.Result}
	if !ok {
		item.Name = ""
	}
	if wrong != nil {
		item.Data = nil
		if r.strange++; r.strange > mostStrange {
			return errStrange
		}
	} else if r.count++; r.count > mostResults {
		return errLong
	}
	if !r.yield(item, wrong) {
		return errEnough
	}
	return nil
}

// clip shortens what a far end wrote, for an error.
func clip(s string) string { return s[:min(len(s), 100)] }
