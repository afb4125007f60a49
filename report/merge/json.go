package merge

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"netready/probe"
	"netready/report"
	"netready/report/workbook"
	"netready/thresholds"
)

// lean skips what no row needs: half of a result is its timeline. Duplicate
// names and bad UTF-8 are read as encoding/json reads them.
var lean = json.JoinOptions(
	json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(func(d *jsontext.Decoder, _ *[]probe.Second) error { return skip(d) }),
		json.UnmarshalFromFunc(func(d *jsontext.Decoder, _ *[]probe.CallPair) error { return skip(d) }),
		json.UnmarshalFromFunc(func(d *jsontext.Decoder, _ *[]probe.DNSAnswer) error { return skip(d) }),
		json.UnmarshalFromFunc(readFindings),
		json.UnmarshalFromFunc(readPort),
	)),
	jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true),
)

// skip passes over a value. Decoder.SkipValue goes token by token, which takes
// four times as long.
func skip(d *jsontext.Decoder) error {
	_, err := d.ReadValue()
	return err
}

// readFindings reads findings up to the first that is no pass: a row tells
// that one alone.
func readFindings(d *jsontext.Decoder, list *[]thresholds.Finding) error {
	if d.PeekKind() != '[' {
		var none []struct{}
		return json.UnmarshalDecode(d, &none) // null, or the error for what is no list
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	found := false
	for d.PeekKind() != ']' {
		if found {
			if err := skip(d); err != nil {
				return err
			}
			continue
		}
		var one thresholds.Finding
		if err := json.UnmarshalDecode(d, &one); err != nil {
			return err
		}
		*list = append(*list, one)
		found = one.Level != thresholds.Pass
	}
	_, err := d.ReadToken()
	return err
}

// readPort reads what a row and the sheet Firewall tell of a port.
func readPort(d *jsontext.Decoder, row *probe.PortRow) error {
	if d.PeekKind() != '{' {
		var none struct{}
		return json.UnmarshalDecode(d, &none) // null, or the error for what is no object
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	*row = probe.PortRow{}
	for d.PeekKind() != '}' {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		var into any
		switch string(name) {
		case `"name"`:
			into = &row.Name
		case `"family"`:
			into = &row.Family
		case `"status"`:
			into = &row.Status
		case `"reason"`:
			into = &row.Reason
		case `"required"`:
			into = &row.Required
		default:
			if err := skip(d); err != nil {
				return err
			}
			continue
		}
		if err := readPlain(d, into); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// readPlain reads a text or a truth value; anything odd goes the long way.
func readPlain(d *jsontext.Decoder, into any) error {
	kind := d.PeekKind()
	text, isText := into.(*string)
	truth, isTruth := into.(*bool)
	switch {
	case isText && kind == jsontext.KindString:
		token, err := d.ReadToken()
		if err == nil {
			*text = token.String()
		}
		return err
	case isTruth && (kind == jsontext.KindTrue || kind == jsontext.KindFalse):
		token, err := d.ReadToken()
		if err == nil {
			*truth = token.Bool()
		}
		return err
	}
	return json.UnmarshalDecode(d, into)
}

// json reads results: one, several after each other (run --repeat), or a list.
func (r *reader) json(name string, data []byte) ([]rankedRow, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(data), lean)
	if d.PeekKind() == '[' {
		if _, err := d.ReadToken(); err != nil {
			return nil, jsonError(data, d, err)
		}
	}
	var rows []rankedRow
	for d.PeekKind() == '{' {
		start := d.InputOffset()
		var found report.Report
		if err := json.UnmarshalDecode(d, &found); err != nil {
			return rows, jsonError(data, d, err)
		}
		row, err := r.reportRow(name, found)
		if err != nil {
			return rows, &lineError{lineAt(data, start), err}
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
		return rows, &lineError{lineAt(data, d.InputOffset()), errors.New("no result of netready")}
	default:
		return rows, jsonError(data, d, err)
	}
}

// reportRow checks that a result is one of ours and makes its row.
func (r *reader) reportRow(name string, found report.Report) (rankedRow, error) {
	switch {
	case found.Schema == 0 && found.RunID == "":
		return rankedRow{}, report.ErrNotResult
	case found.Schema > probe.SchemaVersion:
		return rankedRow{}, errNewer(found.Schema)
	case found.Schema < probe.SchemaVersion:
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
	row.Label(name, remarks(edited))
	return row
}

func jsonError(data []byte, d *jsontext.Decoder, err error) error {
	line := lineAt(data, d.InputOffset())
	var bad *json.SemanticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &lineError{line, errors.New("cut short: copy the file again")}
	case errors.As(err, &bad):
		return &lineError{lineAt(data, bad.ByteOffset), fmt.Errorf("field %s does not hold what it should (%s): not written by this version of netready, or edited", bad.JSONPointer, bad.JSONKind)}
	}
	return &lineError{line, fmt.Errorf("not valid JSON, edited or damaged: %w", err)}
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(int64(len(data)), max(0, offset))], []byte("\n"))
}
