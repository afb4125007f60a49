package workbook

import (
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"netready/report/workbook/ooxml"
)

// A figure out of a spreadsheet whose decimal sign is a comma is the true one,
// or none: 4.364 came back as 4364, and 4.36 as a day of 1936.
func TestFiguresOfAnyLanguage(t *testing.T) {
	o := &Old{pack: &ooxml.File{Formats: []ooxml.Format{{}, {Looks: ooxml.LooksDate}, {Looks: ooxml.LooksPercent}}}}
	const plain, date, percent = 0, 1, 2
	text := func(s string) ooxml.Cell { return ooxml.Cell{Kind: "str", Text: s} }
	number := func(s string, style int) ooxml.Cell { return ooxml.Cell{Kind: "n", Text: s, Style: style} }
	for _, c := range []struct {
		column string
		cell   ooxml.Cell
		comma  bool // another cell of the row shows that decimals have a comma
		want   any  // nil: it is doubted
	}{
		{"MOS up", number("4.364", plain), false, 4.364},
		{"MOS up", number("4364", plain), true, 4.364},
		{"MOS up", number("13241", date), false, nil},
		{"Jitter up (ms)", number("46054", date), false, nil},
		{"Jitter up (ms)", number("364", plain), true, nil},
		{"Jitter up (ms)", number("360", plain), true, 360.0},
		{"Jitter up (ms)", number("364", plain), false, 364.0},
		{"Jitter up (ms)", number("0", plain), true, 0.0},
		{"Jitter up (ms)", text("4,36"), false, 4.36},
		{"Jitter up (ms)", text("'4.364"), false, 4.364},
		{"Jitter up (ms)", text("0,364"), false, 0.364},
		{"Jitter up (ms)", text("1,364"), false, nil},
		{"Jitter up (ms)", text("1.234,5"), false, 1234.5},
		{"Jitter up (ms)", text("1,234.5"), false, 1234.5},
		{"Jitter up (ms)", text("1 234,5"), false, 1234.5},
		{"Jitter up (ms)", text("1’234.5"), false, 1234.5},
		{"Jitter up (ms)", text("1\u202f234,5"), false, 1234.5},
		{"Jitter up (ms)", text("4.36 ms"), false, 4.36},
		{"Jitter up (ms)", text("1.5E+03"), false, "1.5E+03"},
		{"Jitter up (ms)", ooxml.Cell{Kind: "b", Text: "1"}, false, nil},
		{"MOS up", text("4,364"), false, 4.364},
		{"Sent up", number("1500", plain), true, 1500.0},
		{"Sent up", text("1.500.000"), true, 1500000.0},
		{"Loss up (%)", number("0.024", percent), false, 2.4}, // 36 of 1,500
		{"Loss up (%)", number("2.4", percent), false, 2.4},
		{"Loss up (%)", number("46114", date), false, 2.4}, // 2 April
		{"Loss up (%)", number("46054", date), false, nil}, // 1 February
		{"Order up (%)", number("0.9", percent), false, nil},
		{"Order up (%)", number("0", percent), false, 0.0},
		{"Jitter up (ms)", text("n/a"), false, "n/a"},
		{"Location", number("46054", date), false, nil},
		{"Location", text("'=Berlin"), false, "=Berlin"},
		{"Started", number("46351.5550578704", date), false, time.Date(2026, 11, 25, 13, 19, 17, 0, time.UTC)},
		{"Started", text("25.11.2026 13:19:17"), false, time.Date(2026, 11, 25, 13, 19, 17, 0, time.UTC)},
		{"Started", text("11/25/2026 1:19:17 PM"), false, time.Date(2026, 11, 25, 13, 19, 17, 0, time.UTC)},
		{"Started", text("25/11/26 13:19"), false, time.Date(2026, 11, 25, 13, 19, 0, 0, time.UTC)},
		{"Started", text("03.04.2026 13:19:17"), false, nil},
	} {
		l := runLayout()
		f := figuresOf{o: o, l: l, comma: c.comma, counts: map[int]float64{l.find("Sent up"): 1500, l.find("Lost up"): 36}}
		got, doubt := f.value(c.cell, l.find(c.column))
		if when, ok := got.(time.Time); ok {
			got = when.Round(time.Second)
		}
		if got != c.want || (doubt == "") != (c.want != nil) {
			t.Errorf("%s, %q: %v (%s), want %v", c.column, c.cell.Text, got, doubt, c.want)
		}
	}
	when := time.Date(2026, 11, 12, 13, 19, 17, 0, time.UTC)
	id := ulid.MustNew(ulid.Timestamp(when), nil).String() // holds the time of the run
	if got, ok := o.time(text("11/12/2026 13:19:17"), id); !ok || !got.Equal(when) {
		t.Errorf("%v (%v), want %v", got, ok, when)
	}
	for _, in := range []string{"3,5", "3.5"} {
		if got, ok := parseNumber(in); !ok || got != 3.5 {
			t.Errorf("a limit typed as %s is %v", in, got)
		}
	}
}
