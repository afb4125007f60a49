package workbook

import (
	"slices"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook/ooxml"
)

// Colours of the workbook. Red and green differ in lightness too, and the
// words stand in the cells, so that nobody needs to tell the hues apart.
const (
	colourInk    = "1F2937"
	colourFaint  = "6B7280"
	colourHead   = "1F3A5F"
	colourGood   = "C6EFCE"
	colourGoodFg = "006100"
	colourBad    = "FFC7CE"
	colourBadFg  = "9C0006"
	colourMaybe  = "FFEB9C"
	colourMayFg  = "7F6000"
	colourNone   = "E5E7EB"
	colourInput  = "FFF2CC"
	colourUp     = "2563EB"
	colourDown   = "F59E0B"
	colourFail   = "DC2626"
)

// Number formats. The zone stands in every cell that holds a time.
const (
	formatTime  = `yyyy\-mm\-dd\ hh:mm:ss" UTC"`
	formatDay   = `yyyy\-mm\-dd\ hh:mm" UTC"`
	formatShare = `0.0" %"`
	formatTwo   = "0.00" // milliseconds, percent, MOS: more decimals tell nobody more
	formatOne   = "0.0"

	formatOptional = "General;General;General;@" // shows a text as it is: the mark of a port that passes and need not
)

// runFormats are those of the cells of Runs.
var runFormats = []string{formatTime, formatTwo}

// isOurs says whether a format is one that we give to the cells of Runs.
func isOurs(f ooxml.Format) bool { return f.Bare && slices.Contains(runFormats, f.Code) }

// styles are the numbers that the workbook has given our cell styles.
type styles struct {
	title, subtitle, heading, header, text, wrap, time, day, number, share, input, note, count, link, one, two, faint, why, optional int

	tileGood, tileBad, tileMaybe, tilePlain, tileLabel int

	// conditional formats
	good, bad, maybe, none int
}

func newStyles(f *excelize.File) (styles, error) {
	var s styles
	number, time, day, share, one, two, optional := "General", formatTime, formatDay, formatShare, formatOne, formatTwo, formatOptional
	tile := func(back, ink string) *excelize.Style {
		return &excelize.Style{
			Font:      &excelize.Font{Family: "Calibri", Bold: true, Size: 20, Color: ink},
			Fill:      fill(back),
			Alignment: &excelize.Alignment{Horizontal: "center", Vertical: "center"},
		}
	}
	for _, want := range []struct {
		id    *int
		style *excelize.Style
	}{
		{&s.title, &excelize.Style{Font: &excelize.Font{Family: "Calibri", Bold: true, Size: 20, Color: colourHead}}},
		{&s.subtitle, &excelize.Style{Font: &excelize.Font{Family: "Calibri", Size: 10, Color: colourFaint}}},
		{&s.heading, &excelize.Style{Font: &excelize.Font{Family: "Calibri", Bold: true, Size: 13, Color: colourHead}}},
		{&s.header, &excelize.Style{
			Font: &excelize.Font{Family: "Calibri", Bold: true, Color: "FFFFFF"}, Fill: fill(colourHead),
			Alignment: &excelize.Alignment{Vertical: "center", WrapText: true},
		}},
		{&s.text, &excelize.Style{Alignment: &excelize.Alignment{Vertical: "top"}}},
		{&s.wrap, &excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}}},
		{&s.number, &excelize.Style{CustomNumFmt: &number}},
		{&s.one, &excelize.Style{CustomNumFmt: &one}},
		{&s.two, &excelize.Style{CustomNumFmt: &two}},
		{&s.optional, &excelize.Style{CustomNumFmt: &optional}},
		{&s.why, &excelize.Style{Alignment: &excelize.Alignment{Indent: 1}}},
		{&s.faint, &excelize.Style{CustomNumFmt: &two, Font: &excelize.Font{Family: "Calibri", Size: 9, Color: colourFaint}}},
		{&s.time, &excelize.Style{CustomNumFmt: &time}},
		{&s.day, &excelize.Style{CustomNumFmt: &day, Alignment: &excelize.Alignment{Horizontal: "left"}}},
		{&s.share, &excelize.Style{CustomNumFmt: &share}},
		{&s.count, &excelize.Style{NumFmt: 3}},
		{&s.input, &excelize.Style{
			Font: &excelize.Font{Family: "Calibri", Bold: true, Color: colourInk}, Fill: fill(colourInput), Border: frame(),
			Alignment: &excelize.Alignment{Horizontal: "right"},
		}},
		{&s.note, &excelize.Style{
			Font: &excelize.Font{Family: "Calibri", Color: colourInk}, Fill: fill(colourInput),
			Alignment: &excelize.Alignment{Vertical: "top", WrapText: true},
		}},
		{&s.link, &excelize.Style{Font: &excelize.Font{Family: "Calibri", Color: colourUp, Underline: "single"}}},
		{&s.tileGood, tile(colourGood, colourGoodFg)},
		{&s.tileBad, tile(colourBad, colourBadFg)},
		{&s.tileMaybe, tile(colourMaybe, colourMayFg)},
		{&s.tilePlain, tile(colourNone, colourInk)},
		{&s.tileLabel, &excelize.Style{
			Font:      &excelize.Font{Family: "Calibri", Size: 10, Color: colourFaint},
			Alignment: &excelize.Alignment{Horizontal: "center"},
		}},
	} {
		id, err := f.NewStyle(want.style)
		if err != nil {
			return s, err
		}
		*want.id = id
	}
	return s, s.conditional(f)
}

// conditional adds the four colours of the conditional formats. A workbook
// that is added to has them already, where the last merge put them.
func (s *styles) conditional(f *excelize.File) error {
	have := 0
	if f.Styles != nil && f.Styles.Dxfs != nil {
		have = f.Styles.Dxfs.Count
	}
	for _, want := range []struct {
		id        *int
		back, ink string
	}{
		{&s.good, colourGood, colourGoodFg},
		{&s.bad, colourBad, colourBadFg},
		{&s.maybe, colourMaybe, colourMayFg},
		{&s.none, colourNone, colourFaint},
	} {
		found := false
		for id := range have {
			style, err := f.GetConditionalStyle(id)
			if err == nil && style.Font != nil && style.Font.Color == want.ink && len(style.Fill.Color) == 1 && style.Fill.Color[0] == want.back {
				*want.id, found = id, true
				break
			}
		}
		if found {
			continue
		}
		id, err := f.NewConditionalStyle(&excelize.Style{Font: &excelize.Font{Family: "Calibri", Color: want.ink}, Fill: fill(want.back)})
		if err != nil {
			return err
		}
		*want.id = id
	}
	return nil
}

func fill(colour string) excelize.Fill {
	return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{colour}}
}

func frame() []excelize.Border {
	var sides []excelize.Border
	for _, side := range []string{"left", "right", "top", "bottom"} {
		sides = append(sides, excelize.Border{Type: side, Style: 1, Color: "BFBFBF"})
	}
	return sides
}
