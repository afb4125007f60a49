package responder

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Bounds on the log: on the lines of a kind in a time, and on the bytes of a text from
// somebody else. What is left out is counted.
const (
	linesOfKind = 10
	logWindow   = 10 * time.Second
	mostKinds   = 64
	longestText = 200
)

// sampled is a slog.Handler that passes a limited number of lines of a kind on. A kind is a
// message and its level; beyond mostKinds, all others are one kind.
type sampled struct {
	slog.Handler
	state *samples // shared with the handlers that With returns
}

type samples struct {
	mu    sync.Mutex // guards the rest
	kinds map[kindOfLine]*sample
}

type kindOfLine struct {
	level   slog.Level
	message string
}

// sample is how many messages of a kind came in its window.
type sample struct {
	since       time.Time
	lines, left int // printed; left out
}

func newSampled(h slog.Handler) *sampled {
	return &sampled{h, &samples{kinds: map[kindOfLine]*sample{}}}
}

// Handle implements slog.Handler.
func (h *sampled) Handle(ctx context.Context, r slog.Record) error {
	show, left := h.state.count(kindOfLine{r.Level, r.Message}, time.Now())
	if !show {
		return nil
	}
	short := slog.NewRecord(r.Time, r.Level, clip(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a.Value.Kind() == slog.KindString {
			a.Value = slog.StringValue(clip(a.Value.String()))
		}
		short.AddAttrs(a)
		return true
	})
	if left > 0 {
		short.AddAttrs(slog.Int("left_out_before", left))
	}
	return h.Handler.Handle(ctx, short)
}

func clip(s string) string {
	if len(s) <= longestText {
		return s
	}
	return s[:longestText] + "…"
}

// WithAttrs implements slog.Handler.
func (h *sampled) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &sampled{h.Handler.WithAttrs(attrs), h.state}
}

// WithGroup implements slog.Handler.
func (h *sampled) WithGroup(name string) slog.Handler {
	return &sampled{h.Handler.WithGroup(name), h.state}
}

// count says whether a line is shown, and how many were left out before it.
func (s *samples) count(kind kindOfLine, now time.Time) (show bool, left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kinds[kind] == nil && len(s.kinds) >= mostKinds {
		kind = kindOfLine{}
	}
	k := s.kinds[kind]
	if k == nil {
		k = &sample{since: now}
		s.kinds[kind] = k
	}
	if now.Sub(k.since) >= logWindow {
		k.since, k.lines = now, 0
	}
	if k.lines >= linesOfKind {
		k.left++
		return false, 0
	}
	k.lines++
	left, k.left = k.left, 0
	return true, left
}

// overdue are the counts of lines that were left out and that no line has mentioned since
// their window ended.
func (s *samples) overdue(now time.Time) map[kindOfLine]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all map[kindOfLine]int
	for kind, k := range s.kinds {
		if now.Sub(k.since) < logWindow {
			continue
		}
		if k.left > 0 {
			if all == nil {
				all = map[kindOfLine]int{}
			}
			all[kind] = k.left
		}
		delete(s.kinds, kind)
	}
	return all
}

// tellLeftOut prints how many lines were left out and not mentioned yet.
func (h *sampled) tellLeftOut(ctx context.Context, now time.Time) {
	for kind, left := range h.state.overdue(now) {
		if h.Enabled(ctx, kind.level) {
			r := slog.NewRecord(now, kind.level, "lines like this were left out of the log", 0)
			r.AddAttrs(slog.String("line", clip(kind.message)), slog.Int("left_out", left))
			_ = h.Handler.Handle(ctx, r)
		}
	}
}
