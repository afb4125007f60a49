package workbook

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// A sheetCell is one cell as it stands in the file.
type sheetCell struct {
	column  int    // from 1
	kind    string // the cell's t: str, b, e, d, n; s and inlineStr are resolved to str
	style   int
	text    string // the value as it is stored
	formula string
	array   bool // its formula is that of an array or a data table
}

// isNumber says whether the cell holds a number.
func (c sheetCell) isNumber() bool { return c.kind == "n" && c.text != "" }

// A sheetRow is one row of a sheet.
type sheetRow struct {
	number int // from 1
	cells  []sheetCell
}

// at is the cell in a column; an empty one where there is none.
func (r sheetRow) at(column int) sheetCell {
	for _, c := range r.cells {
		if c.column == column {
			return c
		}
	}
	return sheetCell{column: column}
}

// line is the row as texts.
func (r sheetRow) line() []string {
	var line []string
	for _, c := range r.cells {
		for len(line) < c.column-1 {
			line = append(line, "")
		}
		line = append(line, c.text)
	}
	return line
}

var errRowsMissing = errors.New("rows are missing")

// A sheetScan goes once through the XML of a sheet.
type sheetScan struct {
	t       *tokens
	texts   *texts
	beside  *beside // nil: nobody asks
	row     sheetRow
	masters map[string]sheetCell
	rowOf   map[string]int // of the masters
	claimed int            // the last row by the sheet's own word
}

// scanLoosely is scan where the sheet's own word on its size does not count.
func (p *pack) scanLoosely(part string, table *texts, around *beside, take func(sheetRow) error) error {
	err := p.scan(part, table, around, take)
	if errors.Is(err, errRowsMissing) {
		return nil
	}
	return err
}

// scan gives the rows of a sheet away. A row is valid until the next one. take
// ends it with an error, which is returned.
func (p *pack) scan(part string, table *texts, around *beside, take func(sheetRow) error) error {
	content, err := p.open(part)
	if err != nil {
		return err
	}
	defer content.Close()
	s := &sheetScan{t: newTokens(content), texts: table, beside: around, masters: map[string]sheetCell{}, rowOf: map[string]int{}}
	for {
		token, err := s.t.next()
		if errors.Is(err, io.EOF) {
			return s.agrees()
		}
		if err != nil {
			return err
		}
		element, begins := token.(xml.StartElement)
		if !begins {
			continue
		}
		switch {
		case element.Name.Local == "row" && len(s.t.open) == 3:
			if err := s.readRow(element); err != nil {
				return fmt.Errorf("row %d: %w", s.row.number, err)
			}
			if err := take(s.row); err != nil {
				return err
			}
		case element.Name.Local == "dimension":
			s.claim(attribute(element, "ref"))
		}
		if s.beside != nil && element.Name.Local != "row" {
			if err := s.beside.take(s.t, element); err != nil {
				return err
			}
		}
	}
}

// A beside takes what stands beside the rows of a sheet.
type beside struct {
	visit func(element xml.StartElement)
	rule  func(cells, formula string) // of a conditional format
	cells string                      // that the conditional format is for
}

func (b *beside) take(t *tokens, element xml.StartElement) error {
	switch element.Name.Local {
	case "conditionalFormatting":
		b.cells = attribute(element, "sqref")
	case "cfRule":
		if kind := attribute(element, "type"); kind != "expression" && b.rule != nil {
			b.rule(b.cells, kind)
		}
	case "formula":
		if n := len(t.open); n > 1 && t.open[n-2] == "cfRule" && b.rule != nil {
			formula, err := t.text()
			if err == nil {
				b.rule(b.cells, formula)
			}
			return err
		}
	}
	b.visit(element)
	return nil
}

// claim notes how many rows the sheet says that it has.
func (s *sheetScan) claim(cells string) {
	_, last, found := strings.Cut(cells, ":")
	if !found {
		last = cells
	}
	if _, row, err := excelize.CellNameToCoordinates(last); err == nil {
		s.claimed = row
	}
}

// agrees compares what was read with the sheet's own word. An empty second row
// may be claimed: a table needs one.
func (s *sheetScan) agrees() error {
	if s.claimed > 2 && s.claimed > s.row.number {
		return fmt.Errorf("%w: it says that it has %d, and the last one is row %d", errRowsMissing, s.claimed, s.row.number)
	}
	return nil
}

func (s *sheetScan) readRow(start xml.StartElement) error {
	number := s.row.number + 1
	if r := attribute(start, "r"); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n < number || n > maxSheetRows {
			return fmt.Errorf("the next row has the number %q: the sheet is damaged", r)
		}
		number = n
	}
	s.row.number, s.row.cells = number, s.row.cells[:0]
	depth := len(s.t.open)
	for {
		token, err := s.t.next()
		if err != nil {
			return err
		}
		switch element := token.(type) {
		case xml.StartElement:
			if element.Name.Local != "c" {
				continue
			}
			if err := s.readCell(element); err != nil {
				return err
			}
		case xml.EndElement:
			if len(s.t.open) < depth {
				return nil
			}
		}
	}
}

func (s *sheetScan) readCell(start xml.StartElement) error {
	last := 0
	if n := len(s.row.cells); n > 0 {
		last = s.row.cells[n-1].column
	}
	c := sheetCell{column: last + 1}
	for _, attr := range start.Attr {
		switch attr.Name.Local {
		case "r":
			column, row, err := excelize.CellNameToCoordinates(attr.Value)
			if err != nil || row != s.row.number || column <= last {
				return fmt.Errorf("a cell is called %q there: the sheet is damaged", attr.Value)
			}
			c.column = column
		case "s":
			c.style, _ = strconv.Atoi(attr.Value)
		case "t":
			c.kind = attr.Value
		}
	}
	if c.column > excelize.MaxColumns {
		return errors.New("it has more columns than a sheet can have: the sheet is damaged")
	}
	if err := s.content(&c); err != nil {
		return err
	}
	s.row.cells = append(s.row.cells, c)
	return nil
}

// content reads a cell's value and formula, to its end.
func (s *sheetScan) content(c *sheetCell) error {
	depth := len(s.t.open)
	for {
		token, err := s.t.next()
		if err != nil {
			return err
		}
		switch element := token.(type) {
		case xml.StartElement:
			switch element.Name.Local {
			case "v":
				c.text, err = s.t.text()
			case "is":
				c.text, err = richText(s.t)
			case "f":
				err = s.formula(c, element)
			}
			if err != nil {
				return err
			}
		case xml.EndElement:
			if len(s.t.open) < depth {
				return s.resolve(c)
			}
		}
	}
}

// resolve looks texts up and unifies the kinds.
func (s *sheetScan) resolve(c *sheetCell) (err error) {
	switch c.kind {
	case "s":
		if c.kind = "str"; c.text != "" {
			c.text, err = s.texts.at(c.text)
		}
	case "inlineStr":
		c.kind = "str"
	case "str":
		c.text = unescaped(c.text)
	case "":
		c.kind = "n"
	}
	return err
}

// formula reads the f of a cell. One that is shared is written out for each.
func (s *sheetScan) formula(c *sheetCell, start xml.StartElement) (err error) {
	kind, group := attribute(start, "t"), attribute(start, "si")
	if c.formula, err = s.t.text(); err != nil {
		return err
	}
	switch kind {
	case "array", "dataTable":
		c.array = true
	case "shared":
		if c.formula != "" {
			if len(s.masters) < maxParts {
				s.masters[group], s.rowOf[group] = *c, s.row.number
			}
			return nil
		}
		if master, ok := s.masters[group]; ok {
			c.formula, ok = shifted(master.formula, c.column-master.column, s.row.number-s.rowOf[group])
			c.array = !ok
			return nil
		}
		c.array = true // nothing that we could write again
	}
	return nil
}
