package merge

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"netready/internal/atomicfile"
	"netready/report"
	"netready/report/workbook"
)

// write makes the files that were asked for.
func (c *collection) write(ctx context.Context) error {
	if err := c.nothing(); err != nil {
		return err
	}
	if err := c.spool.flush(); err != nil {
		return err
	}
	for _, name := range c.skipped() {
		c.cleared = append(c.cleared, atomicfile.RemoveLeftovers(name)...)
	}
	if c.merge.CSV != "" {
		if err := c.writeTo(c.merge.CSV, c.csv); err != nil {
			return err
		}
	}
	if c.merge.JSON != "" {
		if err := c.writeTo(c.merge.JSON, c.json); err != nil {
			return err
		}
	}
	if c.merge.Parquet != "" {
		if err := c.parquet(ctx); err != nil {
			return err
		}
	}
	if c.merge.Out == "" {
		return nil
	}
	return c.workbook(ctx)
}

// workbook writes the workbook, and keeps the one that was there.
func (c *collection) workbook(ctx context.Context) error {
	var err error
	if c.old != nil {
		c.kept, err = keepBefore(c.merge.Out)
	} else {
		c.kept, err = keepOld(c.merge.Out)
	}
	if err != nil {
		return err
	}
	err = writeFile(c.merge.Out, func(w io.Writer) error {
		return workbook.Writer{
			Limits: c.limits, Version: c.merge.Version, Made: c.merge.Now, Sources: c.merge.shown(), Zone: c.merge.Zone,
			Old: c.old, Firewall: c.firewall, MaxRows: c.merge.MaxRows,
		}.Write(w, len(c.entries), until(ctx, c.rows), c.leftOut)
	})
	if err != nil && c.kept != "" {
		_ = os.Remove(c.kept) // the old workbook is still in its place
		c.kept = ""
	}
	if err == nil && c.old != nil {
		removeOldest(c.merge.Out)
	}
	return err
}

// nothing says why there is nothing to write.
func (c *collection) nothing() error {
	switch {
	case len(c.entries) > 0 || c.old != nil:
		return nil
	case slices.ContainsFunc(c.takings, func(t Taking) bool { return t.Failed }):
		return ErrNoneCame
	case len(c.leftOut) > 0:
		return nil
	case c.merge.Only != (Filter{}):
		return errNoneTaken
	case len(c.takings) > 0:
		return errNoneThere
	}
	return errNothing
}

// writeTo writes to a file, or to standard output.
func (c *collection) writeTo(name string, write func(io.Writer) error) error {
	if name == "-" {
		out := bufio.NewWriter(c.merge.Stdout)
		return errors.Join(write(out), out.Flush())
	}
	return writeFile(name, write)
}

// until ends a loop over rows when ctx ends.
func until(ctx context.Context, rows iter.Seq2[workbook.Row, error]) iter.Seq2[workbook.Row, error] {
	return func(yield func(workbook.Row, error) bool) {
		for row, err := range rows {
			if ctx.Err() != nil {
				yield(workbook.Row{}, context.Cause(ctx))
				return
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// csv writes the rows for other programs: UTF-8 with a byte order mark, which Excel
// needs to recognise it, CRLF, times in RFC 3339.
func (c *collection) csv(w io.Writer) error {
	if _, err := io.WriteString(w, "\xEF\xBB\xBF"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	headers := workbook.Headers()
	if err := out.Write(headers); err != nil {
		return err
	}
	line := make([]string, len(headers))
	for row, err := range c.rows {
		if err != nil {
			return err
		}
		for i, cell := range row.Finished(c.limits) {
			line[i] = csvText(cell)
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// csvText keeps spreadsheets from taking a text for a formula, and the file in
// UTF-8.
func csvText(cell any) string {
	switch v := cell.(type) {
	case string:
		return report.Guard(strings.ToValidUTF8(v, "\uFFFD"))
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		return v.Format(time.RFC3339)
	case nil:
		return ""
	}
	return fmt.Sprint(cell)
}

// json writes a list of objects, a run a line, null for what was not measured.
func (c *collection) json(w io.Writer) error {
	if _, err := io.WriteString(w, "["); err != nil {
		return err
	}
	headers := workbook.Headers()
	var line []byte
	first := true
	for row, err := range c.rows {
		if err != nil {
			return err
		}
		line = append(line[:0], ",\n{"...)
		if first {
			line, first = append(line[:0], "\n{"...), false
		}
		for i, cell := range row.Finished(c.limits) {
			if i > 0 {
				line = append(line, ',')
			}
			line = appendJSON(append(appendJSON(line, headers[i]), ':'), cell)
		}
		if _, err := w.Write(append(line, '}')); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "\n]\n")
	return err
}

func appendJSON(b []byte, cell any) []byte {
	switch v := cell.(type) {
	case float64:
		return strconv.AppendFloat(b, v, 'f', -1, 64)
	case time.Time:
		return append(v.AppendFormat(append(b, '"'), time.RFC3339), '"')
	case nil:
		return append(b, "null"...)
	}
	quoted, _ := jsontext.AppendQuote(b, fmt.Sprint(cell)) // bad UTF-8 becomes U+FFFD
	return quoted
}

// openExisting opens the workbook to add to; there may be none yet.
func openExisting(name string) (*workbook.Old, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // no workbook is a fine start
	}
	if err != nil {
		return nil, fmt.Errorf("opening workbook: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("opening workbook %s: not a file", name)
	}
	return workbook.Open(name)
}
