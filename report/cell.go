package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// OneLine makes a text safe to stand in a line and in a cell: no tabs, line
// ends, control characters or marks that turn the direction of writing, no
// space at its ends.
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

// Steers tells the characters that a terminal or an editor obeys instead of
// showing them: control characters, ends of lines, marks of the order of bytes
// and of the direction of writing.
func Steers(r rune) bool {
	return isBreaking(r) || isTurning(r) || r == '\ufeff' || r == '\ufffe' || r == '\uffff'
}

// isBreaking tells those that have a place in a line: where one was, a space is.
func isBreaking(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// isTurning tells the marks that show a text in another order than it has.
func isTurning(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f' || r == '\u061c'
}

// Guard puts an apostrophe before a text that a spreadsheet would take for a
// formula or, with a quote, for the begin of a cell of many lines. Spaces and
// marks without width before the sign hide it from people alone.
func Guard(cell string) string {
	if first := firstVisible(cell); strings.ContainsRune("=+-@\"'＝＋－＠−", first) && first != 0 {
		return "'" + cell
	}
	return cell
}

// Unguard takes the apostrophe of Guard off again.
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
