package merge

import (
	"bytes"
	"errors"
	"fmt"

	"netready/report"
	"netready/report/workbook"
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
	if errors.Is(err, report.ErrCutShort) {
		return nil, copyAgain(&report.LineError{Line: 1 + bytes.Count(bytes.TrimRight(data, "\r\n"), []byte("\n")), Err: err})
	}
	if err := usable(found, note, err); err != nil {
		return nil, err
	}
	row := rankedRow{workbook.FromFile(name, found, note), rankText}
	if note.Changed() {
		row.rank = rankEdited
	} else if note.Signed == report.SignedWhole {
		row.rank = rankSignedText
	}
	return []rankedRow{row}, nil
}

// copyAgain adds what to do about a file that is cut short.
func copyAgain(err error) error {
	if at, ok := errors.AsType[*report.LineError](err); ok {
		return &report.LineError{Line: at.Line, Err: fmt.Errorf("%w: copy the file again", at.Err)}
	}
	return err
}
