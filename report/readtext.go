package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"netready/probe/facts"
	"netready/thresholds"
)

// maxLines bounds a TXT: one of 400 ports and the longest call has some 700.
const maxLines = 1 << 16

// ReadText reads what WriteText wrote. It gives the same as the JSON, as far as a text
// for people can hold it. Errors name the line.
func ReadText(from io.Reader) (Report, Note, error) {
	b, err := plainText(from)
	if err != nil {
		return Report{}, Note{}, err
	}
	if bytes.Count(b, []byte("\n")) > maxLines {
		return Report{}, Note{}, fmt.Errorf("%w: it has more lines than any result has", ErrNotResult)
	}
	lines := linesOf(b)
	if lines[0] != headTitle && !strings.HasPrefix(lines[0], headTitle+"\t") {
		return Report{}, Note{}, fmt.Errorf("%w: its first line is not %s", ErrNotResult, headTitle)
	}
	edited, err := checkSum(lines)
	if err != nil {
		return Report{}, Note{}, err
	}
	whole := slices.Clone(lines)
	for i := range lines { // a spreadsheet that saved the file fills all rows up to the widest
		lines[i] = strings.TrimRight(lines[i], "\t")
	}
	r := Report{}
	if err := parts(lines[:len(lines)-1]).into(&r); err != nil {
		return Report{}, Note{}, err
	}
	note, err := r.check()
	note.Edited, note.Signed = edited, signedText(&r, whole)
	return r, note, err
}

// lineEnds are all line ends: copies in text mode (FTP, old tools) turn CR LF into
// CR CR LF; old Macs use CR alone.
var lineEnds = regexp.MustCompile(`\r*\n|\r+`)

// linesOf splits a text, whatever its lines end in.
func linesOf(b []byte) []string {
	text := lineEnds.ReplaceAllString(string(b), "\n")
	return strings.Split(strings.TrimRight(text, "\n\t "), "\n")
}

// checkSum compares the last line with those before it.
func checkSum(lines []string) (edited bool, err error) {
	last := cellsOf(lines[len(lines)-1])
	if len(last) != 2 || last[0] != checksumLabel || len(last[1]) < hex.EncodedLen(sha256.Size) {
		return false, fmt.Errorf("%w: its last line, the checksum, is missing or not whole", ErrCutShort)
	}
	var body bytes.Buffer
	for _, l := range lines[:len(lines)-1] {
		body.WriteString(l)
		body.WriteByte('\n')
	}
	sum := sha256.Sum256(body.Bytes())
	return !strings.EqualFold(last[1], hex.EncodeToString(sum[:])), nil
}

// cellsOf splits a line and removes the apostrophes of Guard. A spreadsheet that saved
// the file may have added quotes around cells and tabs at the end.
func cellsOf(line string) []string {
	cells := strings.Split(strings.TrimRight(line, "\t"), "\t")
	for i, c := range cells {
		// We put an apostrophe before a quote, so a bare one is a spreadsheet's.
		if inner, ok := strings.CutPrefix(c, `"`); ok && len(c) > 1 && strings.HasSuffix(inner, `"`) {
			c = strings.ReplaceAll(strings.TrimSuffix(inner, `"`), `""`, `"`)
		}
		cells[i] = Unguard(c)
	}
	return cells
}

// parts are the lines of a TXT. Each part has a heading.
type parts []string

var headings = []string{headVoip, headLoad, headFirewall, headFindings, headNotMeasured, headAssumptions, headPing, headRow}

// section is the lines below a heading up to the next heading, and where it begins.
func (p parts) section(heading string) (lines []string, at int) {
	at = slices.Index(p, heading)
	if heading == headTitle {
		at = 0
	}
	if at < 0 {
		return nil, -1
	}
	for i, l := range p[at+1:] {
		if slices.Contains(headings, l) {
			return p[at+1 : at+1+i], at
		}
	}
	return p[at+1:], at
}

// table reads a section whose first line names the columns.
func (p parts) table(heading string, each func(line int, cell func(name string) string) error) error {
	lines, at := p.section(heading)
	if at < 0 || len(lines) == 0 {
		return fmt.Errorf("the part %s is missing", heading)
	}
	names := cellsOf(lines[0])
	for i, l := range lines[1:] {
		if strings.Trim(l, "\t ") == "" {
			continue
		}
		cells := cellsOf(l)
		number := at + 3 + i // lines count from 1, below the heading and the names
		err := each(number, func(name string) string {
			if k := slices.Index(names, name); k >= 0 && k < len(cells) {
				return cells[k]
			}
			return ""
		})
		if err != nil {
			return &LineError{number, err}
		}
	}
	return nil
}

func (p parts) into(r *Report) error {
	p.heading(r)
	for _, read := range []func(*Report) error{p.row, p.firewall, p.findings, p.pings} {
		if err := read(r); err != nil {
			return err
		}
	}
	lines, _ := p.section(headNotMeasured)
	for _, l := range lines {
		if c := append(cellsOf(l), ""); len(c) >= 3 { // files of older versions have no code
			r.NotMeasured = append(r.NotMeasured, facts.NotMeasured{What: c[0], Reason: c[1], Code: c[2]})
		}
	}
	*r = whole(*r)
	return nil
}

// heading reads what is only in the first lines.
func (p parts) heading(r *Report) {
	lines, _ := p.section(headTitle)
	for _, l := range lines {
		c := cellsOf(l)
		if len(c) < 2 {
			continue
		}
		switch c[0] {
		case "Schema":
			r.Schema, _ = strconv.Atoi(c[1])
		case signatureLabel:
			r.Signature = readSignature(c[1])
		case "Tool":
			r.Tool.Name, _, _ = strings.Cut(c[1], " ")
		}
	}
}

// row reads the row for the spreadsheet into the fields that it came from.
func (p parts) row(r *Report) error {
	columns := Columns()
	found := false
	err := p.table(headRow, func(_ int, cell func(string) string) error {
		if found {
			return errors.New("more than one row for the spreadsheet")
		}
		found = true
		for _, c := range columns {
			text := cell(c.Name)
			if text == "" || c.set == nil {
				continue
			}
			v, err := parseCell(c, text)
			if err != nil {
				return err
			}
			c.set(r, v)
		}
		return nil
	})
	if err == nil && !found {
		err = fmt.Errorf("the part %s has no row", headRow)
	}
	return err
}

func parseCell(c Column, text string) (any, error) {
	switch c.Kind {
	case KindNumber:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || numberOrNil(&f) == nil {
			return nil, fmt.Errorf("%s: %q is not a number", c.Name, text)
		}
		return f, nil
	case KindTime:
		t, err := time.Parse(timeLayout, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a time as in %s", c.Name, text, timeLayout)
		}
		return t, nil
	case KindText:
	}
	return text, nil
}

func (p parts) firewall(r *Report) error {
	return p.table(headFirewall, func(_ int, cell func(string) string) error {
		row, err := portRow(cell)
		r.Firewall = append(r.Firewall, row)
		return err
	})
}

func portRow(cell func(string) string) (facts.PortRow, error) {
	row := facts.PortRow{
		Name: cell("Check"), Protocol: cell("Protocol"), Host: cell("Host"), Family: cell("Family"),
		Required: cell("Required") == "yes", Status: cell("Result"), Reason: cell("Reason"), Detail: cell("Detail"), Note: cell("Note"),
	}
	switch row.Status {
	case facts.StatusPass, facts.StatusFail, facts.StatusNotMeasured:
	default:
		return row, fmt.Errorf("%s: the result %q is not one of pass, fail, not_measured", row.Name, row.Status)
	}
	ports := strings.TrimPrefix(cell("Port"), portPrefix)
	if n, err := strconv.Atoi(ports); err == nil {
		row.Port = n
	} else {
		row.Ports = strings.TrimSpace(ports)
	}
	row.Tested, row.FailedPorts = portsIn(cell("Tested ports")), portsIn(cell("Failed ports"))
	row.ElapsedMS = numberIn(strings.TrimSuffix(cell("Took"), " ms"))
	return row, nil
}

// PastedPorts reads the rows of a TXT's firewall column, its line of names first, from
// the cells of a spreadsheet. Other lines are skipped.
func PastedPorts(lines [][]string) []facts.PortRow {
	if len(lines) == 0 {
		return nil
	}
	var rows []facts.PortRow
	for _, cells := range lines[1:] {
		row, err := portRow(func(name string) string {
			if k := slices.Index(lines[0], name); k >= 0 && k < len(cells) {
				return Unguard(cells[k])
			}
			return ""
		})
		if err == nil && row.Name != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// numberIn reads a number; nil where the text is not one.
func numberIn(text string) *float64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || numberOrNil(&f) == nil {
		return nil
	}
	return &f
}

func portsIn(text string) []int {
	var ports []int
	for word := range strings.FieldsSeq(strings.TrimPrefix(text, portPrefix)) {
		if n, err := strconv.Atoi(word); err == nil {
			ports = append(ports, n)
		}
	}
	return ports
}

func (p parts) findings(r *Report) error {
	return p.table(headFindings, func(_ int, cell func(string) string) error {
		f := thresholds.Finding{Level: thresholds.Level(cell("Level")), What: cell("What"), Text: cell("Text"), Advice: cell("What to do")}
		f.Got, f.Limit = numberIn(strings.TrimPrefix(cell("Got"), gotPrefix)), numberIn(strings.TrimPrefix(cell("Limit"), limitPrefix))
		r.Findings = append(r.Findings, f)
		return nil
	})
}

func (p parts) pings(r *Report) error {
	return p.table(headPing, func(_ int, cell func(string) string) error {
		found := facts.Ping{Target: cell("Target"), Role: cell("Role"), Reason: cell("Reason")}
		found.Samples, _ = strconv.Atoi(cell("Answers"))
		found.Lost, _ = strconv.Atoi(cell("Lost"))
		ms := func(name string) *float64 { return numberIn(strings.TrimSuffix(cell(name), " ms")) }
		found.MinMS, found.AvgMS, found.MaxMS = ms("Min"), ms("Avg"), ms("Max")
		r.Ping = append(r.Ping, found)
		return nil
	})
}
