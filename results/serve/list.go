// Package serve gives the stored results to readers over the control port, page by page.
package serve

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"netready/probe/responder"
	"netready/results"
	"netready/results/store"
)

// Bounds on results that are handed out.
const (
	// readBytes a second, of all readers and before they are compressed: reading and
	// compressing so many takes a tenth of a core, and calls need it more.
	readBytes    = 24 << 20
	readChunk    = 256 << 10
	readsAtOnce  = 6        // pages under way
	readsOfToken = 2        // of them with one token
	readMemory   = 64 << 20 // bytes of results that are held at once
	pageTime     = 75 * time.Second
	readAgain    = 2 * time.Second
	storeAgain   = 5 * time.Second
)

// Pages hands out results: the handler of GET results.PathResults, behind the responder's
// check of tokens.
type Pages struct {
	store  *store.Store
	log    *slog.Logger
	pace   *rate.Limiter
	memory *semaphore.Weighted

	mu    sync.Mutex // guards the rest
	under map[string]int
	all   int
}

// NewPages makes the handler.
func NewPages(from *store.Store, log *slog.Logger) *Pages {
	return &Pages{store: from, log: log, pace: rate.NewLimiter(readBytes, readChunk), memory: semaphore.NewWeighted(readMemory), under: map[string]int{}}
}

// enter counts a page of a token, or says that there are too many.
func (p *Pages) enter(tokenID string) (done func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all >= readsAtOnce || p.under[tokenID] >= readsOfToken {
		return nil, false
	}
	p.all++
	p.under[tokenID]++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.all--
		if p.under[tokenID]--; p.under[tokenID] == 0 {
			delete(p.under, tokenID)
		}
	}, true
}

// A wish is what a request asks for.
type wish struct {
	results.Query

	after, to string // keys
	keysOnly  bool
}

// words say what was asked for, in the access log.
func (w wish) words() string {
	values := w.Values()
	if w.keysOnly {
		values.Set(results.ParameterKeys, "1")
	}
	return values.Encode()
}

// ServeHTTP hands out a page of results.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who, _ := responder.HolderOf(r.Context())
	asked, no := wished(who, r)
	if no != nil {
		refuse(p.log, w, r, no)
		return
	}
	done, ok := p.enter(who.TokenID)
	if !ok {
		refuse(p.log, w, r, &refusal{http.StatusTooManyRequests, results.Busy, "many results are read at once", readAgain})
		return
	}
	defer done()
	out := newPage(w, r)
	err := p.fill(r.Context(), out, asked)
	if out.results > 0 {
		p.store.Note(store.Access{By: who.TokenID, Org: who.Org, What: store.ReadResults, Of: asked.words(), Results: out.results})
	}
	switch {
	case err == nil:
	case !out.begun:
		p.log.Error("results cannot be read from the store", "token", who.TokenID, "reason", err)
		refuse(p.log, w, r, &refusal{http.StatusServiceUnavailable, results.StoreFailed, "the store cannot be read now", storeAgain})
	default:
		p.log.Warn("a page of results was cut short", "token", who.TokenID, "from", r.RemoteAddr, "reason", err)
		panic(http.ErrAbortHandler) // what was sent must not look like the whole
	}
}

// wished reads a request, and keeps a token to its own organisation.
func wished(who responder.Holder, r *http.Request) (wish, *refusal) {
	values := r.URL.Query()
	q, err := results.ParseQuery(values, time.Now())
	asked := wish{Query: q, after: values.Get(results.ParameterAfter), to: values.Get(results.ParameterTo), keysOnly: values.Get(results.ParameterKeys) == "1"}
	switch {
	case !who.Reads:
		return asked, &refusal{http.StatusForbidden, results.NotAReader, "this invite places calls and reads no results: ask for one that netready-responder invite --read made", 0}
	case err != nil:
		return asked, &refusal{http.StatusBadRequest, results.BadQuery, err.Error(), 0}
	case len(asked.after) > results.LongestKey || len(asked.to) > results.LongestKey:
		return asked, &refusal{http.StatusBadRequest, results.BadQuery, "after or to is longer than any key", 0}
	case who.Org != "" && q.Org != "" && q.Org != who.Org:
		return asked, &refusal{http.StatusForbidden, results.NotAReader, fmt.Sprintf("this invite reads the results of %q, not of %q", who.Org, q.Org), 0}
	case who.Org != "": // without one it reads those of all
		asked.Org = who.Org
	}
	return asked, nil
}

// fill writes a page, with its last line.
func (p *Pages) fill(ctx context.Context, out *page, asked wish) error {
	until := time.Now().Add(pageTime)
	most := results.PageLines
	if asked.keysOnly {
		most = results.PageKeys
	}
	last, lines := asked.after, 0
	for stored, err := range p.store.List(ctx, asked.Query, asked.after) {
		switch {
		case err != nil:
			return err
		case asked.to != "" && stored.Key > asked.to:
			return out.end(results.Line{End: true})
		case asked.Org != "" && stored.Org != asked.Org:
			return fmt.Errorf("the store listed %s for the organisation %q", stored.Key, asked.Org)
		case lines == most, out.bytes >= results.PageBytes, lines > 0 && time.Now().After(until):
			return out.end(results.Line{Next: last})
		}
		if err := p.line(ctx, out, stored, asked.keysOnly); err != nil {
			return err
		}
		last = stored.Key
		lines++
	}
	return out.end(results.Line{End: true})
}

// line writes a result. One that was deleted meanwhile is left out.
func (p *Pages) line(ctx context.Context, out *page, stored store.Stored, keysOnly bool) error {
	switch {
	case keysOnly:
		return out.write(ctx, p.pace, results.Line{Key: stored.Key}, nil)
	case stored.Size > results.Largest:
		return out.write(ctx, p.pace, results.Line{Key: stored.Key, Code: results.TooLarge}, nil)
	}
	// Held are the object, and the same without its spaces.
	size := min(2*max(stored.Size, 64<<10), readMemory)
	if err := p.memory.Acquire(ctx, size); err != nil {
		return err
	}
	defer p.memory.Release(size)
	raw, err := p.store.Read(ctx, stored.Key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return out.write(ctx, p.pace, results.Line{Key: stored.Key}, raw)
}

// A page is an answer under way.
type page struct {
	to      io.Writer
	zip     *gzip.Writer // nil: not compressed
	begun   bool         // something was written
	results int          // of which a part went out, or the key
	bytes   int          // before compression
	line    bytes.Buffer
}

func newPage(w http.ResponseWriter, r *http.Request) *page {
	w.Header().Set("Content-Type", results.PageType)
	w.Header().Set("Cache-Control", "no-store")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		return &page{to: w}
	}
	zip, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // the level is one that there is
	w.Header().Set("Content-Encoding", "gzip")
	return &page{to: zip, zip: zip}
}

// write writes a line with a result, in one line and otherwise as it was stored.
func (p *page) write(ctx context.Context, pace *rate.Limiter, line results.Line, raw []byte) error {
	head, err := json.Marshal(line)
	if err != nil {
		return err
	}
	p.line.Reset()
	p.line.Write(head)
	if raw != nil {
		p.line.Truncate(len(head) - 1)
		p.line.WriteString(`,"result":`)
		if err := json.Compact(&p.line, raw); err != nil { // somebody has put it there
			return p.write(ctx, pace, results.Line{Key: line.Key, Code: results.NotResult}, nil)
		}
		p.line.WriteByte('}')
	}
	p.line.WriteByte('\n')
	defer p.small()
	for rest := p.line.Bytes(); len(rest) > 0; {
		n := min(len(rest), readChunk)
		if err := pace.WaitN(ctx, n); err != nil {
			return err
		}
		p.begun = true
		if len(rest) == p.line.Len() && line.Code == "" {
			p.results++ // a reader that goes away before its last byte has read it all the same
		}
		if _, err := p.to.Write(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	p.bytes += p.line.Len()
	return nil
}

// small gives the memory of a long line back.
func (p *page) small() {
	if p.line.Cap() > 1<<20 {
		p.line = bytes.Buffer{}
	}
}

// end writes the last line.
func (p *page) end(line results.Line) error {
	b, err := json.Marshal(line)
	if err != nil {
		return err
	}
	p.begun = true
	if _, err := p.to.Write(append(b, '\n')); err != nil || p.zip == nil {
		return err
	}
	return p.zip.Close()
}
