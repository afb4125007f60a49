package wire

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain words, 5 of them":       "plain words, 5 of them",
		"\x1b[2J\x1b]0;OWNED\x07ok":    "[2J ]0;OWNED ok",
		"\u009b31mred":                 "31mred",
		"gnp\u202eexe.png\u2066\u200b": "gnpexe.png",
		"two\r\nlines\tand a tab":      "two  lines and a tab",
		"bad \xff\xfe bytes":           "bad ?? bytes",
		strings.Repeat("é", 300):       strings.Repeat("é", 20),
		strings.Repeat("日本", 300):      strings.Repeat("日本", 6) + "日",
		strings.Repeat("\x1b", 1<<20):  "",
	} {
		if got := Printable(in, 40); got != want {
			t.Errorf("%.30q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("\x1b[2J", 10)
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = min(max(most, 0), 1000)
		got := Printable(s, most)
		if len(got) > most || !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("%q became %q", s, got)
		}
	})
}
