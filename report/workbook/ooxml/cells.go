package ooxml

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// A Cell is one cell as the file has it.
type Cell struct {
	Column  int    // from 1
	Kind    string // the cell's t: str, b, e, d, n; s and inlineStr are resolved to str
	Style   int
	Text    string // the value as it is stored
	Formula string
	Array   bool // its formula is that of an array or a data table
}

// Typed is what the cell holds, as it is stored: string, float64, bool or nil.
func (c Cell) Typed() any {
	switch {
	case c.Text == "":
		return nil
	case c.Kind == "b":
		return IsTrue(c.Text) || strings.EqualFold(c.Text, "true")
	case c.Kind == "n":
		if number, err := strconv.ParseFloat(c.Text, 64); err == nil {
			return number
		}
	}
	return c.Text
}

// IsNumber says whether the cell holds a number.
func (c Cell) IsNumber() bool { return c.Kind == "n" && c.Text != "" }

// IsFigure says whether a cell holds a number, or a formula whose value some
// program has not stored.
func (c Cell) IsFigure() bool { return c.IsNumber() || c.Formula != "" }

// A Row is one row of a sheet.
type Row struct {
	Number int // from 1
	Cells  []Cell
}

// At is the cell in a column; an empty one where there is none.
func (r Row) At(column int) Cell {
	for _, c := range r.Cells {
		if c.Column == column {
			return c
		}
	}
	return Cell{Column: column}
}

// Line is the row as texts.
func (r Row) Line() []string {
	var line []string
	for _, c := range r.Cells {
		for len(line) < c.Column-1 {
			line = append(line, "")
		}
		line = append(line, c.Text)
	}
	return line
}

var errRowsMissing = errors.New("rows are missing")

// A sheetScan goes once through the XML of a sheet.
type sheetScan struct {
	t       *tokens
	texts   *texts
	visitor *Visitor // nil: no visits
	row     Row
	masters map[string]Cell
	rowOf   map[string]int // of the masters
	claimed int            // the last row that the sheet states
}

// ScanLoosely is Scan without the check that as many rows come as the sheet states.
func (p *File) ScanLoosely(part string, visitor *Visitor, take func(Row) error) error {
	err := p.Scan(part, visitor, take)
	if errors.Is(err, errRowsMissing) {
		return nil
	}
	return err
}

// Scan calls take with each row of a sheet, which is valid until the next call. An
// error of take ends the scan and is returned.
func (p *File) Scan(part string, visitor *Visitor, take func(Row) error) error {
	content, err := p.open(part)
	if err != nil {
		return err
	}
	defer content.Close()
	s := &sheetScan{t: newTokens(content), texts: p.texts, visitor: visitor, masters: map[string]Cell{}, rowOf: map[string]int{}}
	err = s.t.walk(func(element xml.StartElement, open []string) error {
		switch {
		case element.Name.Local == "row" && len(open) == 3:
			if err := s.readRow(element); err != nil {
				return fmt.Errorf("row %d: %w", s.row.Number, err)
			}
			return take(s.row)
		case element.Name.Local == "dimension":
			s.claim(Attribute(element, "ref"))
		}
		if s.visitor == nil || element.Name.Local == "row" {
			return nil
		}
		return s.visitor.take(s.t, element)
	})
	if err != nil {
		return err
	}
	return s.agrees()
}

// A Visitor is called with what a sheet has outside its rows.
type Visitor struct {
	Visit func(element xml.StartElement)
	Rule  func(cells, formula string) // of a conditional format
	cells string                      // that the conditional format is for
}

func (b *Visitor) take(t *tokens, element xml.StartElement) error {
	switch element.Name.Local {
	case "conditionalFormatting":
		b.cells = Attribute(element, "sqref")
	case "cfRule":
		if kind := Attribute(element, "type"); kind != "expression" && b.Rule != nil {
			b.Rule(b.cells, kind)
		}
	case "formula":
		if n := len(t.open); n > 1 && t.open[n-2] == "cfRule" && b.Rule != nil {
			formula, err := t.text()
			if err == nil {
				b.Rule(b.cells, formula)
			}
			return err
		}
	}
	b.Visit(element)
	return nil
}

// claim notes how many rows the sheet states that it has.
func (s *sheetScan) claim(cells string) {
	_, last, found := strings.Cut(cells, ":")
	if !found {
		last = cells
	}
	if _, row, err := excelize.CellNameToCoordinates(last); err == nil {
		s.claimed = row
	}
}

// agrees compares what was read with what the sheet states. It may state an empty
// second row, which a table needs.
func (s *sheetScan) agrees() error {
	if s.claimed > 2 && s.claimed > s.row.Number {
		return fmt.Errorf("%w: it says that it has %d, and the last one is row %d", errRowsMissing, s.claimed, s.row.Number)
	}
	return nil
}

func (s *sheetScan) readRow(start xml.StartElement) error {
	number := s.row.Number + 1
	if r := Attribute(start, "r"); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n < number || n > excelize.TotalRows {
			return fmt.Errorf("the next row has the number %q: the sheet is damaged", r)
		}
		number = n
	}
	s.row.Number, s.row.Cells = number, s.row.Cells[:0]
	return s.t.inside(func(token xml.Token) error {
		if element, ok := token.(xml.StartElement); ok && element.Name.Local == "c" {
			return s.readCell(element)
		}
		return nil
	})
}

func (s *sheetScan) readCell(start xml.StartElement) error {
	last := 0
	if n := len(s.row.Cells); n > 0 {
		last = s.row.Cells[n-1].Column
	}
	c := Cell{Column: last + 1}
	for _, attr := range start.Attr {
		switch attr.Name.Local {
		case "r":
			column, row, err := excelize.CellNameToCoordinates(attr.Value)
			if err != nil || row != s.row.Number || column <= last {
				return fmt.Errorf("a cell is called %q there: the sheet is damaged", attr.Value)
			}
			c.Column = column
		case "s":
			c.Style, _ = strconv.Atoi(attr.Value)
		case "t":
			c.Kind = attr.Value
		}
	}
	if c.Column > excelize.MaxColumns {
		return errors.New("it has more columns than a sheet can have: the sheet is damaged")
	}
	if err := s.content(&c); err != nil {
		return err
	}
	s.row.Cells = append(s.row.Cells, c)
	return nil
}

// content reads a cell's value and formula, to its end.
func (s *sheetScan) content(c *Cell) error {
	err := s.t.inside(func(token xml.Token) (err error) {
		element, ok := token.(xml.StartElement)
		if !ok {
			return nil
		}
		switch element.Name.Local {
		case "v":
			c.Text, err = s.t.text()
		case "is":
			c.Text, err = richText(s.t)
		case "f":
			err = s.formula(c, element)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.resolve(c)
}

// resolve looks texts up and unifies the kinds.
func (s *sheetScan) resolve(c *Cell) (err error) {
	switch c.Kind {
	case "s":
		if c.Kind = "str"; c.Text != "" {
			c.Text, err = s.texts.at(c.Text)
		}
	case "inlineStr":
		c.Kind = "str"
	case "str":
		c.Text = unescaped(c.Text)
	case "":
		c.Kind = "n"
	}
	return err
}

// formula reads the f of a cell. A shared formula is written out for each cell.
func (s *sheetScan) formula(c *Cell, start xml.StartElement) (err error) {
	kind, group := Attribute(start, "t"), Attribute(start, "si")
	if c.Formula, err = s.t.text(); err != nil {
		return err
	}
	switch kind {
	case "array", "dataTable":
		c.Array = true
	case "shared":
		if c.Formula != "" {
			if len(s.masters) < maxParts {
				s.masters[group], s.rowOf[group] = *c, s.row.Number
			}
			return nil
		}
		if master, ok := s.masters[group]; ok {
			c.Formula, ok = shifted(master.Formula, c.Column-master.Column, s.row.Number-s.rowOf[group])
			c.Array = !ok
			return nil
		}
		c.Array = true // we could not write it again
	}
	return nil
}
