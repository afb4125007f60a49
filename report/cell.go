package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// OneLine makes a text safe for a line and for a cell: without tabs, line ends,
// control characters, marks that change the direction of writing, and spaces at its
// ends.
func OneLine(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	space := false
	for _, r := range s {
		switch {
		case isBreaking(r):
			space = true
			continue
		case r == utf8.RuneError, Steers(r):
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

func isClean(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

// Steers says whether a terminal or an editor obeys a character instead of showing it:
// control characters, line ends, byte order marks and marks of the direction of
// writing.
func Steers(r rune) bool {
	return isBreaking(r) || isTurning(r) || r == '\ufeff' || r == '\ufffe' || r == '\uffff'
}

// isBreaking says whether a space replaces such a character.
func isBreaking(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// isTurning says whether a mark makes a text appear in another order.
func isTurning(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f' || r == '\u061c'
}

// Guard puts an apostrophe before a text that a spreadsheet would read as a formula
// or, after a quote, as a cell of many lines. A spreadsheet also finds the sign after
// spaces and marks without width.
func Guard(cell string) string {
	if first := firstVisible(cell); strings.ContainsRune("=+-@\"'＝＋－＠−", first) && first != 0 {
		return "'" + cell
	}
	return cell
}

// Unguard removes the apostrophe of Guard.
func Unguard(cell string) string {
	if bare, ok := strings.CutPrefix(cell, "'"); ok && Guard(bare) == cell {
		return bare
	}
	return cell
}

func firstVisible(s string) rune {
	for _, r := range s {
		if !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) {
			return r
		}
	}
	return 0
}
