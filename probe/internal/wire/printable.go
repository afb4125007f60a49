package wire

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable makes a text of the far end safe to show: without characters that control
// a terminal or change the direction of writing, and at most so many bytes long, cut
// between letters.
func Printable(s string, most int) string {
	if len(s) > 4*most {
		s = s[:4*most] // what is cut off need not be looked at
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '?'
		case unicode.Is(unicode.Cf, r): // bidi marks, zero widths and their like
			return -1
		case !unicode.IsPrint(r):
			return ' '
		}
		return r
	}, s)
	for len(s) > most {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.TrimSpace(s)
}
