package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"netready/probe/facts"

	"netready/thresholds"
)

// maxFile is far more than the longest run with the most calls takes.
const maxFile = 64 << 20

// maxValues is how many objects and nulls one result may hold: the longest call
// has some 11,000 objects. A file of 8 MB could hold three million, each of which
// takes a hundred times its room in memory.
const maxValues = 1 << 16

// Note is what is odd about a file that could be read all the same.
type Note struct {
	Edited bool // its checksum does not match: somebody changed it by hand
	Newer  bool // of a later schema: fields may be missing here
	Older  bool // of an earlier schema
}

// WriteJSON writes the report as one indented document.
func WriteJSON(w io.Writer, r Report) error { return encode(w, whole(r)) }

// WriteJSONArray writes several reports as one document.
func WriteJSONArray(w io.Writer, reports []Report) error {
	all := make([]Report, 0, len(reports))
	for _, r := range reports {
		all = append(all, whole(r))
	}
	return encode(w, all)
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

// whole gives every list an element-less array in place of null.
func whole(r Report) Report {
	fill(&r.Parts)
	fill(&r.Voice.Assumptions)
	fill(&r.Voice.PerCall)
	fill(&r.Voice.Timeline)
	fill(&r.Voice.PathChanges)
	fill(&r.Ping)
	fill(&r.Firewall)
	fill(&r.NotMeasured)
	fill(&r.Environment.DNS)
	fill(&r.Findings)
	directions := []*facts.Direction{r.Voice.Up, r.Voice.Down}
	for _, pair := range r.Voice.PerCall {
		directions = append(directions, pair.Up, pair.Down)
	}
	for _, d := range directions {
		if d != nil {
			fill(&d.Shifts)
			fill(&d.Unreliable)
		}
	}
	r.Firewall = slices.Clone(r.Firewall)
	for i := range r.Firewall {
		fill(&r.Firewall[i].FailedPorts)
	}
	for i := range r.Environment.DNS {
		fill(&r.Environment.DNS[i].Addresses)
	}
	return r
}

func fill[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

// ErrNotResult is a file that holds something else.
var ErrNotResult = errors.New("not a result of netready")

// ReadJSON reads one report.
func ReadJSON(from io.Reader) (Report, Note, error) {
	b, err := plainText(from)
	if err != nil {
		return Report{}, Note{}, err
	}
	if bytes.Count(b, []byte("{"))+bytes.Count(b, []byte("null")) > maxValues {
		return Report{}, Note{}, fmt.Errorf("%w: it holds more values than any result does", ErrNotResult)
	}
	var r Report
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&r); err != nil {
		return Report{}, Note{}, jsonError(b, d.InputOffset(), err)
	}
	if d.More() {
		return Report{}, Note{}, &LineError{lineAt(b, d.InputOffset()), errors.New("more than one JSON document")}
	}
	note, err := r.check()
	return r, note, err
}

// check refuses what cannot be a result.
func (r *Report) check() (Note, error) {
	note := Note{Newer: r.Schema > facts.SchemaVersion, Older: r.Schema < facts.SchemaVersion}
	switch {
	case r.Schema == 0 && r.RunID == "":
		return note, fmt.Errorf("%w: it has neither schema nor run_id", ErrNotResult)
	case r.RunID == "":
		return note, errors.New(`the field "run_id" is missing: without it a run cannot be told from another`)
	case r.StartedAt.IsZero():
		return note, errors.New(`the field "started_at" is missing`)
	case r.StartedAt.Unix() <= 0 || r.StartedAt.UTC().Year() > 9999:
		return note, fmt.Errorf(`the field "started_at" is %v, which no run can have begun at`, r.StartedAt)
	}
	switch r.Verdict {
	case thresholds.Ready, thresholds.NotReady, thresholds.Undetermined:
		return note, nil
	}
	return note, fmt.Errorf(`the field "verdict" is %q: it has to be ready, not_ready or undetermined`, r.Verdict)
}

// A LineError is what is wrong in a line of a file.
type LineError struct {
	Line int // the first is 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// jsonError names the line, and the field where it is known.
func jsonError(b []byte, offset int64, err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return &LineError{lineAt(b, syntax.Offset), err}
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return &LineError{lineAt(b, kind.Offset), fmt.Errorf("the field %q holds a %s", strings.TrimPrefix(kind.Field, "Result."), kind.Value)}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		if len(bytes.TrimSpace(b)) == 0 {
			return fmt.Errorf("%w: it is empty", ErrNotResult)
		}
		return &LineError{lineAt(b, int64(len(b))), errors.New("the file is cut short")}
	}
	return &LineError{lineAt(b, offset), err}
}

func lineAt(b []byte, offset int64) int {
	return 1 + bytes.Count(b[:min(max(offset, 0), int64(len(b)))], []byte("\n"))
}

// plainText reads a file as UTF-8 without a byte order mark, whatever an
// editor has saved it as.
func plainText(from io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("it is larger than %d MiB, which no result is", maxFile>>20)
	}
	return Decode(b)
}
