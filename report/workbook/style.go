package workbook

import (
	"slices"

	"github.com/xuri/excelize/v2"

	"netready/report/workbook/ooxml"
)

// Colours of the workbook. Red and green differ in lightness too, and the cells contain words,
// so that nobody has to distinguish the hues.
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
	colourBar    = "#F8696B"
)

// Number formats. Every cell with a time shows the zone.
const (
	formatTime = `yyyy\-mm\-dd\ hh:mm:ss" UTC"`
	formatTwo  = "0.00" // milliseconds, percent, MOS: more decimals tell nobody more
	formatOne  = "0.0"

	formatOptional = "General;General;General;@" // shows a text as it is: the mark of a port that passes and need not
)

// runFormats are those of the cells of Runs.
var runFormats = []string{formatTime, formatTwo}

// isOurs says whether a format is one that we give to the cells of Runs.
func isOurs(f ooxml.Format) bool { return f.Bare && slices.Contains(runFormats, f.Code) }

// styles are the numbers that the workbook has given our cell styles.
type styles struct {
	title, subtitle, heading, header, text, wrap, time, input, one, two, faint, why, optional int

	tileGood, tileBad, tileMaybe, tilePlain, tileLabel int

	// conditional formats
	good, bad, maybe, none int
}

func newStyles(f *excelize.File) (styles, error) {
	var s styles
	numbers := func(format string) *excelize.Style { return &excelize.Style{CustomNumFmt: &format} }
	texts := func(size float64, bold bool, colour string) *excelize.Style {
		return &excelize.Style{Font: &excelize.Font{Family: "Calibri", Bold: bold, Size: size, Color: colour}}
	}
	aligned := func(s *excelize.Style, back string, alignment excelize.Alignment) *excelize.Style {
		if s.Alignment = &alignment; back != "" {
			s.Fill = solid(back)
		}
		return s
	}
	tile := func(back, ink string) *excelize.Style {
		return aligned(texts(20, true, ink), back, excelize.Alignment{Horizontal: "center", Vertical: "center"})
	}
	small := numbers(formatTwo)
	small.Font = texts(9, false, colourFaint).Font
	input := aligned(texts(0, true, colourInk), colourInput, excelize.Alignment{Horizontal: "right"})
	input.Border = frame()
	for _, want := range []struct {
		id    *int
		style *excelize.Style
	}{
		{&s.title, texts(20, true, colourHead)},
		{&s.subtitle, texts(10, false, colourFaint)},
		{&s.heading, texts(13, true, colourHead)},
		{&s.header, aligned(texts(0, true, "FFFFFF"), colourHead, excelize.Alignment{Vertical: "center", WrapText: true})},
		{&s.text, &excelize.Style{Alignment: &excelize.Alignment{Vertical: "top"}}},
		{&s.wrap, &excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}}},
		{&s.one, numbers(formatOne)},
		{&s.two, numbers(formatTwo)},
		{&s.optional, numbers(formatOptional)},
		{&s.why, &excelize.Style{Alignment: &excelize.Alignment{Indent: 1}}},
		{&s.faint, small},
		{&s.time, numbers(formatTime)},
		{&s.input, input},
		{&s.tileGood, tile(colourGood, colourGoodFg)},
		{&s.tileBad, tile(colourBad, colourBadFg)},
		{&s.tileMaybe, tile(colourMaybe, colourMayFg)},
		{&s.tilePlain, tile(colourNone, colourInk)},
		{&s.tileLabel, aligned(texts(10, false, colourFaint), "", excelize.Alignment{Horizontal: "center"})},
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
		ours := func(id int) bool {
			style, err := f.GetConditionalStyle(id)
			return err == nil && style.Font != nil && style.Font.Color == want.ink && slices.Equal(style.Fill.Color, []string{want.back})
		}
		id := 0
		for id < have && !ours(id) {
			id++
		}
		if id == have {
			var err error
			if id, err = f.NewConditionalStyle(&excelize.Style{Font: &excelize.Font{Family: "Calibri", Color: want.ink}, Fill: solid(want.back)}); err != nil {
				return err
			}
		}
		*want.id = id
	}
	return nil
}

func frame() []excelize.Border {
	var sides []excelize.Border
	for _, side := range []string{"left", "right", "top", "bottom"} {
		sides = append(sides, excelize.Border{Type: side, Style: 1, Color: "BFBFBF"})
	}
	return sides
}
