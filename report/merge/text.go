package merge

import (
	"bytes"
	"errors"
	"fmt"

	"netready/probe/facts"

	"netready/report"
)

// maxText is the largest TXT that is read, in bytes: one of 400 ports takes a
// thirtieth of it.
const maxText = 4 << 20

// text reads the TXT of a run, which holds all that a row needs.
func (r *reader) text(name string, data []byte) ([]rankedRow, error) {
	if len(data) > maxText {
		return nil, fmt.Errorf("larger than %d MB: not a TXT of netready", maxText>>20)
	}
	found, note, err := report.ReadText(bytes.NewReader(data))
	switch {
	case note.Newer:
		return nil, errNewer(found.Schema)
	case errors.Is(err, report.ErrCutShort):
		return nil, &report.LineError{Line: 1 + bytes.Count(bytes.TrimRight(data, "\r\n"), []byte("\n")), Err: fmt.Errorf("%w: copy the file again", err)}
	case err != nil:
		return nil, err
	case note.Older:
		return nil, errOlder
	}
	row := rankedRow{r.row(name, found, note.Edited), rankText}
	if note.Edited {
		row.rank = rankEdited
	}
	return []rankedRow{row}, nil
}

var errOlder = errors.New("written by a version of netready that is too old to be read, or not a result of netready: it has no schema")

func errNewer(schema int) error {
	return fmt.Errorf("written by a newer netready (schema %d, this one reads %d): update this program", schema, facts.SchemaVersion)
}
