package screen

import "testing"

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text                  string
		width, column, indent int
		want                  string
	}{
		{"", 80, 0, 2, ""},
		{"one two three four", 20, 0, 2, "one two three four"},
		{"one two three four five", 20, 0, 2, "one two three four\n  five"},
		{"one two three four", 30, 16, 4, "one two three\n    four"},
		{"one two three four five", 0, 0, 0, "one two three\nfour five"},
		{"\x1b[1mone\x1b[0m two three four", 18, 0, 2, "\x1b[1mone\x1b[0m two three four"},
		{"averyveryverylongword next", 16, 0, 0, "averyveryverylongword\nnext"},
	} {
		if got := Wrap(test.text, test.width, test.column, test.indent); got != test.want {
			t.Errorf("%q in %d from %d, %d: %q, want %q", test.text, test.width, test.column, test.indent, got, test.want)
		}
	}
	if Width(nil) != 0 {
		t.Error("a writer that is no terminal has a width")
	}
}
