package workbook

import (
	"errors"

	"github.com/xuri/excelize/v2"
)

// howTo writes the first sheet of a template: how to work with it.
func (b *book) howTo() error {
	s, err := b.open(sheetHowTo, "A1:B24")
	if err != nil {
		return err
	}
	st := b.style
	if err := errors.Join(s.widths(6, 110),
		s.addRow(excelize.RowOpts{Height: 32}, excelize.Cell{StyleID: st.title, Value: "How to work with this workbook"}), s.add()); err != nil {
		return err
	}
	for _, part := range []struct {
		title string
		steps []string
	}{
		{"Paste one result", []string{
			"Open the TXT that netready wrote (netready-results on that machine), select all (Ctrl+A), copy (Ctrl+C).",
			"In the sheet Runs, select the first empty cell of column A under the last row (or A1 of a new sheet), paste (Ctrl+V), save, close.",
			"netready merge -o THIS-FILE.xlsx --append: it finds the run in what was pasted, even if this program changed its numbers and dates, and puts it in order.",
		}},
		{"Or let netready do it, for any number of results", []string{
			"Put all TXT or JSON files into one folder (folders in it and zip files are fine).",
			"netready merge FOLDER -o THIS-FILE.xlsx --append",
			"The sample rows go away with the first such merge. Notes, your own columns to the right of ours, and your own sheets stay.",
		}},
		{"Where to look", []string{
			"Summary: counts, worst machines, what fails most, pictures.",
			"Runs: one row a run, with filters. Firewall: every port of every machine. By hour: when it is bad.",
			"About: the limits (edit the yellow numbers, everything follows), and what each word means.",
		}},
	} {
		if err := s.add(excelize.Cell{StyleID: st.heading, Value: part.title}); err != nil {
			return err
		}
		for i, step := range part.steps {
			if err := s.addRow(excelize.RowOpts{Height: 30}, excelize.Cell{StyleID: st.text, Value: i + 1}, excelize.Cell{StyleID: st.wrap, Value: step}); err != nil {
				return err
			}
		}
		if err := s.add(); err != nil {
			return err
		}
	}
	return s.Flush()
}
