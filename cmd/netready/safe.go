package main

import (
	"io"
	"strings"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"

	"netready/report"
)

// safe writes what comes from files, archives and other machines to a
// terminal: nothing in it can steer the terminal or turn the order of letters.
func safe(w io.Writer) io.Writer {
	return transform.NewWriter(w, runes.Remove(runes.Predicate(func(r rune) bool {
		return r != '\n' && r != '\t' && report.Steers(r)
	})))
}

// oneLine is such a text in one line, the errors of several tries joined by
// commas.
func oneLine(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	return report.OneLine(strings.Join(lines, ", "))
}
