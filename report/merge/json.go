package merge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"netready/probe/facts"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"netready/report"
	"netready/report/workbook"
	"netready/thresholds"
)

// json reads results: one, several after each other (run --repeat), or a list.
func (r *reader) json(name string, data []byte) ([]rankedRow, error) {
	if len(data) > surelySmall {
		if err := checkLists(data); err != nil {
			return nil, err
		}
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(data), lenient)
	if d.PeekKind() == '[' {
		if _, err := d.ReadToken(); err != nil {
			return nil, jsonError(data, d, err)
		}
	}
	var rows []rankedRow
	for d.PeekKind() == '{' {
		start := d.InputOffset()
		r.found = report.Report{Result: facts.Result{Firewall: r.found.Firewall[:0]}} // its memory serves again
		if err := readReport(d, &r.found); err != nil {
			return rows, jsonError(data, d, err)
		}
		row, err := r.reportRow(name, r.found)
		if err != nil {
			return rows, &report.LineError{Line: lineAt(data, start), Err: err}
		}
		rows = append(rows, row)
	}
	if d.PeekKind() == ']' {
		if _, err := d.ReadToken(); err != nil {
			return rows, jsonError(data, d, err)
		}
	}
	switch _, err := d.ReadToken(); {
	case errors.Is(err, io.EOF) && len(rows) > 0:
		return rows, nil
	case err == nil || errors.Is(err, io.EOF):
		return rows, &report.LineError{Line: lineAt(data, d.InputOffset()), Err: errors.New("no result of netready")}
	default:
		return rows, jsonError(data, d, err)
	}
}

// Bounds on what a result holds. A list of three bytes an entry takes a
// hundred times that in memory.
const (
	surelySmall = 256 << 10 // bytes of a file that need no look before
	maxList     = 10_000    // entries of a list or an object in a result
)

// checkLists makes sure that no list of a result is longer than one can be. The
// timelines, which are passed over, and a file's list of results may be.
func checkLists(data []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(data), lenient)
	for {
		if _, err := d.ReadToken(); err != nil {
			return nil //nolint:nilerr // the end, or an error that reading will tell with its line
		}
		depth := d.StackDepth()
		if _, n := d.StackIndex(depth); depth < 2 || n <= 2*maxList {
			continue
		}
		if at := string(d.StackPointer()); !strings.Contains(at, "/timeline/") && !strings.Contains(at, "/per_call/") {
			return &report.LineError{Line: lineAt(data, d.InputOffset()), Err: fmt.Errorf("%.60s: a list that is longer than one of a result can be (%d): not written by netready", at, maxList)}
		}
	}
}

// reportRow checks that a result is one of ours and makes its row.
func (r *reader) reportRow(name string, found report.Report) (rankedRow, error) {
	switch {
	case found.Schema == 0 && found.RunID == "":
		return rankedRow{}, report.ErrNotResult
	case found.Schema > facts.SchemaVersion:
		return rankedRow{}, errNewer(found.Schema)
	case found.Schema < facts.SchemaVersion:
		return rankedRow{}, errOlder
	case found.RunID == "":
		return rankedRow{}, errors.New(`the field "run_id" is missing: without it a run cannot be told from another`)
	case found.StartedAt.IsZero():
		return rankedRow{}, errors.New(`the field "started_at" is missing`)
	}
	switch found.Verdict {
	case thresholds.Ready, thresholds.NotReady, thresholds.Undetermined:
		return rankedRow{r.row(name, found, false), rankJSON}, nil
	}
	return rankedRow{}, fmt.Errorf(`the field "verdict" is %q: it has to be ready, not_ready or undetermined`, found.Verdict)
}

// row makes the row of a result, its source and oddities beside it.
func (r *reader) row(name string, found report.Report, edited bool) workbook.Row {
	row := workbook.FromReport(found)
	row.Label(report.OneLine(name), remarks(edited))
	return row
}

func jsonError(data []byte, d *jsontext.Decoder, err error) error {
	line := lineAt(data, d.InputOffset())
	var bad *json.SemanticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &report.LineError{Line: line, Err: errors.New("cut short: copy the file again")}
	case errors.As(err, &bad):
		return &report.LineError{Line: lineAt(data, bad.ByteOffset), Err: fmt.Errorf("field %s does not hold what it should (%s): not written by this version of netready, or edited", bad.JSONPointer, bad.JSONKind)}
	}
	return &report.LineError{Line: line, Err: fmt.Errorf("not valid JSON, edited or damaged: %w", err)}
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(int64(len(data)), max(0, offset))], []byte("\n"))
}
