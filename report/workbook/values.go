package workbook

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"netready/report"
	"netready/report/workbook/ooxml"
)

// A figuresOf reads the cells of one run, as spreadsheets of any language leave
// them when the line of a TXT is pasted. A figure that is not certain is left out.
type figuresOf struct {
	o      *Old
	l      layout
	id     string
	comma  bool            // its program writes decimals with a comma
	counts map[int]float64 // whole numbers, by column of ours
}

func (o *Old) figuresOf(from ooxml.Row, places []int, l layout) figuresOf {
	f := figuresOf{o: o, l: l, counts: map[int]float64{}}
	numbers, pointed := 0, false
	for _, c := range from.Cells {
		if c.Column > len(places) || places[c.Column-1] < 0 {
			continue
		}
		at := places[c.Column-1]
		if at == l.runID {
			f.id = c.Text
		}
		if l.columns[at].kind != report.KindNumber {
			continue
		}
		number, isNumber := c.Typed().(float64)
		switch {
		case isNumber && !l.columns[at].fraction:
			f.counts[at] = number
		case isNumber:
			numbers++
			most := l.columns[at].most
			f.comma = f.comma || o.pack.Format(c.Style).Looks == ooxml.LooksDate || most > 0 && number > most && number == math.Trunc(number)
		case c.Kind == "str":
			pointed = pointed || strings.Contains(c.Text, ".")
		}
	}
	// Where a point is the decimal sign, 4.36 does not stay a text beside numbers.
	f.comma = f.comma || numbers > 0 && pointed
	return f
}

// value is what a cell of ours holds, or why that cannot be told.
func (f figuresOf) value(c ooxml.Cell, at int) (value any, doubt string) {
	if c.Text == "" {
		return nil, ""
	}
	switch column := f.l.columns[at]; column.kind {
	case report.KindNumber:
		return f.number(c, at)
	case report.KindTime:
		if when, ok := f.o.time(c, f.id); ok {
			return when, ""
		}
		if c.Kind != "str" {
			return nil, "it holds " + shown(f.o, c)
		}
		if looksLikeTime(c.Text) {
			return nil, fmt.Sprintf("it holds %q, and it is not known which is the day and which the month", c.Text)
		}
	case report.KindText:
		if c.IsNumber() && f.o.pack.Format(c.Style).Looks == ooxml.LooksDate {
			return nil, "it holds " + shown(f.o, c)
		}
	}
	if c.Kind == "b" {
		return strings.ToUpper(strconv.FormatBool(ooxml.IsTrue(c.Text))), ""
	}
	return report.Unguard(c.Text), ""
}

func (f figuresOf) number(c ooxml.Cell, at int) (value any, doubt string) {
	column := f.l.columns[at]
	if c.Kind == "str" {
		number, known, sure := figureIn(c.Text, column.unit)
		switch {
		case !known:
			return report.Unguard(c.Text), "" // somebody has written a word there
		case sure:
			return number, ""
		}
		return f.checked(at, []float64{number, number * 1000}, shown(f.o, c))
	}
	number, ok := c.Typed().(float64)
	if !ok {
		return nil, "it holds " + shown(f.o, c)
	}
	switch f.o.pack.Format(c.Style).Looks {
	case ooxml.LooksDate:
		return f.checked(at, f.dateFigures(at, f.o.date(number)), shown(f.o, c))
	case ooxml.LooksPercent:
		if number > 1 || number == 0 { // no share is more than the whole
			return number, ""
		}
		return f.checked(at, []float64{number, math.Round(number*1e8) / 1e6}, shown(f.o, c))
	case ooxml.LooksPlain:
	}
	// A thousandth that lost its point ends in no zero: 4.364 became 4364.
	if f.comma && column.fraction && number == math.Trunc(number) && math.Mod(number, 10) != 0 {
		return f.checked(at, []float64{number, number / 1000}, shown(f.o, c))
	}
	return number, ""
}

// checked chooses one of several numbers by the other figures of the row: packets
// counted, and the bounds of the figure. Where these do not decide, it doubts.
func (f figuresOf) checked(at int, candidates []float64, says string) (value any, doubt string) {
	column := f.l.columns[at]
	var left []float64
	for _, candidate := range candidates {
		if share, ok := f.share(at); ok {
			if math.Abs(share-candidate) < 0.001 {
				return candidate, ""
			}
			continue
		}
		if column.most > 0 && candidate <= column.most && candidate >= column.least {
			left = append(left, candidate)
		}
	}
	if len(left) == 1 {
		return left[0], ""
	}
	return nil, "it holds " + says
}

// dateFigures are the figures that a date may have been: 4.3 and 4.03 become
// the 4th of March, 4.36 becomes April 1936. Only packets that were counted can
// tell which.
func (f figuresOf) dateFigures(at int, date time.Time) []float64 {
	if _, ok := f.share(at); !ok {
		return nil
	}
	day, month, year := float64(date.Day()), float64(date.Month()), float64(date.Year()%100)
	list := []float64{day + month/100}
	if month < 10 {
		list = append(list, day+month/10)
	}
	if day == 1 {
		list = append(list, month+year/100)
	}
	return list
}

// share is a loss or discards in percent, out of the packets that were counted.
func (f figuresOf) share(at int) (percent float64, ok bool) {
	of := f.l.columns[at].shareOf
	sent, known := f.counts[f.l.find(of[1])]
	part, counted := f.counts[f.l.find(of[0])]
	if of[0] == "" || !known || !counted || sent <= 0 || part > sent {
		return 0, false
	}
	return math.Round(100_000*part/sent) / 1000, true
}

// shown is nearly what a spreadsheet shows of a cell.
func shown(o *Old, c ooxml.Cell) string {
	number, ok := c.Typed().(float64)
	switch {
	case !ok:
		return strconv.Quote(c.Text)
	case o.pack.Format(c.Style).Looks == ooxml.LooksDate:
		return "the date " + o.date(number).Format(time.DateOnly)
	case o.pack.Format(c.Style).Looks == ooxml.LooksPercent:
		return figureText(number*100) + " as a percentage"
	}
	return figureText(number)
}

// noteDoubts says in Remarks which figures were not taken.
func (r *Row) noteDoubts() {
	remarks := make([]string, len(r.Doubts))
	for i, doubt := range r.Doubts {
		remarks[i] = RemarkUnread + " " + doubt.String()
	}
	r.Remark(remarks...)
}

// Remark adds to the column Remarks.
func (r *Row) Remark(remarks ...string) {
	l := runLayout()
	if text := l.text(*r, l.remarks); text != "" {
		remarks = append([]string{text}, remarks...)
	}
	if len(remarks) > 0 {
		r.Cells[l.remarks] = strings.Join(remarks, remarkGap)
	}
}
