package ooxml

import "testing"

// Excel stores a formula once where people have filled it down a column; the
// rows below had only its value left.
func TestSharedFormulasAreWrittenOut(t *testing.T) {
	for _, c := range []struct {
		formula       string
		columns, rows int
		want          string // "": it cannot be moved
	}{
		{"J2*2", 0, 3, "J5*2"},
		{"$J2+J$2+$J$2", 1, 3, "$J5+K$2+$J$2"},
		{`IF(J2>limit_mos,"J2",'My J2 sheet'!A1)`, 0, 1, `IF(J3>limit_mos,"J2",'My J2 sheet'!A2)`},
		{"SUM(J2:K2)/LOG10(B2)", 0, 1, "SUM(J3:K3)/LOG10(B3)"},
		{"RunsTable[[#This Row],[J2]]+A1", 0, 1, "RunsTable[[#This Row],[J2]]+A2"},
		{"Sheet2!B7", 2, -1, "Sheet2!D6"},
		{"COUNTA(A:A)", 0, 9, "COUNTA(A:A)"},
		{"COUNTA(A:A)", 1, 9, ""},
		{"A1", 0, -1, ""},
		{"_J2+J2_x+ÄJ2+J2", 0, 1, "_J2+J2_x+ÄJ2+J3"},
	} {
		got, ok := shifted(c.formula, c.columns, c.rows)
		if ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s by %d, %d: %s (%v), want %s", c.formula, c.columns, c.rows, got, ok, c.want)
		}
	}
}

func FuzzShifted(f *testing.F) {
	f.Add("SUM(J2:K2)", 1, 2)
	f.Fuzz(func(t *testing.T, formula string, columns, rows int) {
		if same, ok := shifted(formula, 0, 0); ok && len(same) > 4*len(formula)+9 {
			t.Errorf("%q became %q", formula, same)
		}
		shifted(formula, columns%99, rows%99)
	})
}
