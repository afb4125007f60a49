package merge

import (
	"errors"
	"fmt"

	"netready/probe/facts"
	"netready/report"
	"netready/report/workbook"
)

// json makes rows of results: one, several after each other (run --repeat), or
// a list.
func (r *reader) json(name string, data []byte) (rows []rankedRow, err error) {
	err = report.ReadBriefly(data, func(found report.Report, note report.Note, err error) error {
		if err := usable(found, note, err); err != nil {
			return err
		}
		row := rankedRow{workbook.FromFile(name, found, note), rankJSON}
		if note.Changed() {
			row.rank = rankEdited
		} else if note.Signed == report.SignedWhole {
			row.rank = rankSignedJSON
		}
		rows = append(rows, row)
		return nil
	})
	if errors.Is(err, report.ErrCutShort) {
		err = copyAgain(err)
	}
	return rows, err
}

// usable says why a result of another version, or a file that is not a result, gives no row.
func usable(found report.Report, note report.Note, err error) error {
	switch {
	case note.Newer:
		return fmt.Errorf("written by a newer netready (schema %d, this one reads %d): update this program", found.Schema, facts.SchemaVersion)
	case err != nil:
		return err
	case note.Older:
		return errors.New("written by a version of netready that is too old to be read, or not a result of netready: it has no schema")
	}
	return nil
}
