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
		rows = append(rows, rankedRow{rowOf(name, found), rankJSON})
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

// rowOf makes the row of a result, with its source and remarks. That a run was
// judged by other limits is marked when the rows are written.
func rowOf(name string, found report.Report, remarks ...string) workbook.Row {
	row := workbook.FromReport(found)
	row.Label(report.OneLine(name), remarks)
	return row
}
