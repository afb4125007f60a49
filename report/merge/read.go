package merge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"netready/report"
	"netready/report/workbook"
)

// A reader turns one source after the other into rows.
type reader struct {
	buf bytes.Buffer
}

// chunk is how many rows of a workbook are sent at once.
const chunk = 256

// read reads a source and hands over its outcome.
func (r *reader) read(s source, place int32, send func(reading)) {
	if s.workbook {
		r.workbook(s, place, send)
		return
	}
	result := reading{place: place}
	data, err := r.load(s)
	if err == nil {
		result.rows, err = r.parse(s.name, data)
	}
	if err == nil {
		err = belongs(s, result.rows)
	}
	if err != nil && s.runID != "" {
		result.rows = nil // nothing of what may be somebody else's
	}
	if err != nil {
		left := workbook.LeftOut{Source: s.name, Reason: err.Error()}
		if at, ok := errors.AsType[*report.LineError](err); ok {
			left.Line, left.Reason = at.Line, at.Err.Error()
		}
		result.leftOut = []workbook.LeftOut{left}
	}
	send(result)
}

// load reads the whole source, bounded, as UTF-8.
func (r *reader) load(s source) ([]byte, error) {
	content, err := s.open()
	if err != nil {
		return nil, errors.New(reason(err))
	}
	defer content.Close()
	r.buf.Reset()
	if _, err := r.buf.ReadFrom(io.LimitReader(content, maxResult+1)); err != nil {
		return nil, errors.New(reason(err))
	}
	if r.buf.Len() > maxResult {
		return nil, fmt.Errorf("larger than %d MB: not a result of netready", maxResult>>20)
	}
	data, err := report.Decode(r.buf.Bytes())
	if err == nil && len(bytes.TrimSpace(data)) == 0 { // a byte order mark alone is an empty file, too
		err = errors.New("the file is empty: copy it again, or run netready again on that machine")
	}
	return data, err
}

// parse tells JSON from text.
func (r *reader) parse(name string, data []byte) ([]rankedRow, error) {
	if start := bytes.TrimSpace(data); start[0] == '{' || start[0] == '[' {
		return r.json(name, data)
	}
	return r.text(name, data)
}

// workbook reads the runs of another workbook.
func (r *reader) workbook(s source, place int32, send func(reading)) {
	old, err := workbook.Open(s.name)
	if err != nil {
		send(reading{place: place, leftOut: []workbook.LeftOut{{Source: s.name, Reason: err.Error()}}})
		return
	}
	defer old.Close()
	result, samples, found := reading{place: place, firewall: old.Firewall}, false, false
	for _, rows := range []iter.Seq2[workbook.Row, error]{old.Rows(), old.Pasted()} {
		for row, err := range rows {
			result.workbookRow(s.name, row, err)
			samples = samples || err == nil && row.IsSample()
			found = found || len(result.rows)+len(result.leftOut) > 0
			if len(result.rows) >= chunk || len(result.leftOut) >= chunk {
				send(result)
				result = reading{place: place}
			}
		}
	}
	switch {
	case found:
	case samples:
		result.leftOut = []workbook.LeftOut{{Source: s.name, Reason: "it has sample rows only: paste results into it, or give the TXT or JSON of the runs"}}
	default:
		result.leftOut = []workbook.LeftOut{{Source: s.name, Reason: "there is no run in this workbook"}}
	}
	send(result)
}

// workbookRow takes a row of another workbook, or why there is none.
func (r *reading) workbookRow(name string, row workbook.Row, err error) {
	switch {
	case err != nil:
		r.leftOut = append(r.leftOut, workbook.LeftOut{Source: name, Reason: err.Error()})
	case row.IsSample():
	case row.RunID() == "":
		r.leftOut = append(r.leftOut, workbook.LeftOut{Source: name, Line: row.OldRow, Reason: "the row has no Run ID"})
	case row.Started().IsZero():
		r.leftOut = append(r.leftOut, workbook.LeftOut{Source: name, Line: row.OldRow, Reason: "the row does not say when the run began: give the TXT or JSON of the run"})
	default:
		for _, doubt := range row.Doubts {
			r.leftOut = append(r.leftOut, doubtOf(row, doubt, name))
		}
		row.Extra, row.Styled, row.OldRow = nil, nil, 0
		r.rows = append(r.rows, rankedRow{row, rankWorkbook})
	}
}
