// Package screen fits texts into the lines of a terminal.
package screen

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Places is how many places a text takes on the screen, without colour codes.
func Places(s string) int {
	n, inCode := 0, false
	for _, r := range s {
		switch {
		case r == '\x1b':
			inCode = true
		case inCode:
			inCode = r != 'm'
		default:
			n++
		}
	}
	return n
}

// fewest is the least room for a text, in places: a narrower one would be a column of
// single words.
const fewest = 16

// Wrap breaks a text between its words into lines that end before the place width. The first
// line begins at the place column, and the others are indented.
func Wrap(s string, width, column, indent int) string {
	width = max(width, column+fewest, indent+fewest)
	var b strings.Builder
	for word := range strings.FieldsSeq(s) {
		n := Places(word)
		switch {
		case b.Len() == 0:
		case column+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// Width is how many places a line of w has, 0 where w is no terminal.
func Width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return max(width, 0)
		}
	}
	return 0
}
