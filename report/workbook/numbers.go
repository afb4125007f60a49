package workbook

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"netready/report/workbook/ooxml"
)

// How people and spreadsheets write numbers: with spaces, apostrophes, points
// or commas between thousands, and with either sign before decimals.
var (
	plainFigure   = regexp.MustCompile(`^[+-]?[0-9]+(\.[0-9]+)?$`)
	pointedGroups = regexp.MustCompile(`^[+-]?[0-9]{1,3}(\.[0-9]{3}){2,}(,[0-9]+)?$`)
	commaGroups   = regexp.MustCompile(`^[+-]?[0-9]{1,3}(,[0-9]{3}){2,}(\.[0-9]+)?$`)
	commaFigure   = regexp.MustCompile(`^[+-]?[0-9]+,[0-9]+$`)
	eitherOr      = regexp.MustCompile(`^[+-]?[1-9][0-9]{0,2},[0-9]{3}$`)
	germanFigure  = regexp.MustCompile(`^[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+$`)
	englishFigure = regexp.MustCompile(`^[+-]?[0-9]{1,3}(,[0-9]{3})+\.[0-9]+$`)
	spacedFigure  = regexp.MustCompile(`^[+-]?[0-9]{1,3}([ '’\x{a0}\x{202f}\x{2009}][0-9]{3})+([.,][0-9]+)?$`)
	groupSigns    = strings.NewReplacer(" ", "", "'", "", "’", "", "\u00a0", "", "\u202f", "", "\u2009", "")
)

// figureIn reads a number out of a text, with or without its unit. known is
// false where it is not a number; sure is false where 1,234 may be a thousand or one.
func figureIn(text, unit string) (number float64, known, sure bool) {
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), "'"))
	if unit != "" {
		text = strings.TrimSpace(strings.TrimSuffix(text, unit))
	}
	text = strings.Replace(text, "\u2212", "-", 1) // the typographers' minus
	if spacedFigure.MatchString(text) {
		text = groupSigns.Replace(text)
	}
	sure = true
	switch {
	case plainFigure.MatchString(text):
	case pointedGroups.MatchString(text), germanFigure.MatchString(text):
		text = strings.Replace(strings.ReplaceAll(text, ".", ""), ",", ".", 1)
	case commaGroups.MatchString(text), englishFigure.MatchString(text):
		text = strings.ReplaceAll(text, ",", "")
	case commaFigure.MatchString(text):
		sure = !eitherOr.MatchString(text)
		text = strings.Replace(text, ",", ".", 1)
	default:
		return 0, false, false
	}
	number, err := strconv.ParseFloat(text, 64)
	return number, err == nil, sure
}

// parseNumber reads a limit that somebody has typed: a comma is a decimal one.
func parseNumber(text string) (float64, bool) {
	number, known, _ := figureIn(text, "")
	return number, known
}

// date is a number of days as a time.
func (o *Old) date(days float64) time.Time {
	if o.pack.Macs {
		days += macDays
	}
	return time.UnixMilli(int64(days*86_400_000+0.5) + excelEpoch).UTC()
}

// macDays is how many days later dates begin on old Macs: 1904-01-01.
const macDays = 1462

// time reads a time out of a cell. id, a ULID, holds the time of the run, and
// settles which of two numbers is the day.
func (o *Old) time(c ooxml.Cell, id string) (time.Time, bool) {
	if days, ok := c.Typed().(float64); ok {
		if days < 1 || days > 2_958_465 { // 9999-12-31
			return time.Time{}, false
		}
		return o.date(days), true
	}
	text := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(c.Text), "'"), "UTC"))
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04", time.DateOnly} {
		if when, err := time.Parse(layout, text); err == nil {
			return when.UTC(), true
		}
	}
	return localTime(text, id)
}

var localForm = regexp.MustCompile(`(?i)^(\d{1,4})[./\- ]+(\d{1,2})[./\- ]+(\d{2,4})\.?[ ,T\x{a0}\x{202f}]+(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?[ \x{a0}\x{202f}]*([ap])?\.?m?\.?$`)

// looksLikeTime says whether a text has the form of a date and a time.
func looksLikeTime(text string) bool { return localForm.MatchString(strings.TrimSpace(text)) }

// localTime reads a time such as 25.11.2026 13:19 or 11/25/26, 1:19:17 PM.
func localTime(text, id string) (time.Time, bool) {
	m := localForm.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	var n [7]int
	for i := 1; i < 7; i++ {
		n[i], _ = strconv.Atoi(m[i]) // digits, by the expression; no seconds are 0
	}
	hour := n[4]
	if m[7] != "" {
		if hour < 1 || hour > 12 {
			return time.Time{}, false
		}
		hour %= 12
		if strings.EqualFold(m[7], "p") {
			hour += 12
		}
	}
	orders := [][3]int{{n[3], n[2], n[1]}, {n[3], n[1], n[2]}} // day first, month first
	if len(m[1]) == 4 {
		orders = [][3]int{{n[1], n[2], n[3]}}
	}
	var found []time.Time
	for _, o := range orders {
		if o[0] < 100 {
			o[0] += 2000
		}
		when := time.Date(o[0], time.Month(o[1]), o[2], hour, n[5], n[6], 0, time.UTC)
		if int(when.Month()) == o[1] && when.Day() == o[2] && hour < 24 && n[5] < 60 && (len(found) == 0 || !found[0].Equal(when)) {
			found = append(found, when)
		}
	}
	return settled(found, id)
}

// settled chooses the time that is near that of the run's ID.
func settled(found []time.Time, id string) (time.Time, bool) {
	if len(found) == 1 {
		return found[0], true
	}
	made, err := ulid.ParseStrict(id)
	if err != nil {
		return time.Time{}, false
	}
	for _, when := range found {
		if away := when.Sub(made.Timestamp()); away > -24*time.Hour && away < 24*time.Hour {
			return when, true
		}
	}
	return time.Time{}, false
}
