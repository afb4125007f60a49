package ooxml

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// cellInFormula is a cell in a formula, as B$7. With a letter, digit or bracket
// around it (inAName) it is part of a name or a call.
var (
	cellInFormula = regexp.MustCompile(`^(\$?)([A-Za-z]{1,3})(\$?)([0-9]{1,7})`)
	wholeColumn   = regexp.MustCompile(`^\$?[A-Za-z]{1,3}:\$?[A-Za-z]{1,3}`)
	inAName       = regexp.MustCompile(`[\pL\pN_.\\?(!\[]`)
)

// shifted is a formula as it reads so many columns and rows further on (ECMA-376
// 18.3.1.40, shared formulas). ok is false where a cell would leave the sheet,
// or where it has what only a spreadsheet program can move.
func shifted(formula string, columns, rows int) (text string, ok bool) {
	var out strings.Builder
	before := "" // the character before the place
	for i := 0; i < len(formula); {
		rest := formula[i:]
		length := 1
		switch {
		case rest[0] == '"' || rest[0] == '\'': // a text, a sheet's name
			length = quotedLength(rest)
		case rest[0] == '[':
			length = bracketLength(rest)
		case before == "" || !strings.ContainsAny(before, "_.\\$") && !isWord(before):
			if columns != 0 && wholeColumn.MatchString(rest) {
				return "", false
			}
			if m := cellInFormula.FindStringSubmatch(rest); m != nil && !followed(rest[len(m[0]):]) {
				moved, ok := movedCell(m, columns, rows)
				if !ok {
					return "", false
				}
				out.WriteString(moved)
				before, i = moved[len(moved)-1:], i+len(m[0])
				continue
			}
		}
		out.WriteString(rest[:length])
		before, i = rest[length-1:length], i+length
	}
	return out.String(), true
}

func isWord(s string) bool {
	return s[0] >= 0x80 || inAName.MatchString(s) && s != "(" && s != "!" && s != "["
}

// followed says whether the name of a call or a sheet continues there.
func followed(rest string) bool {
	return rest != "" && (rest[0] >= 0x80 || inAName.MatchString(rest[:1]))
}

func quotedLength(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			continue
		}
		if i+1 < len(s) && s[i+1] == s[0] {
			i++
			continue
		}
		return i + 1
	}
	return len(s)
}

func bracketLength(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// movedCell moves what has no dollar before it.
func movedCell(m []string, columns, rows int) (string, bool) {
	column, err := excelize.ColumnNameToNumber(m[2])
	row, _ := strconv.Atoi(m[4]) // digits, by the expression
	if err != nil {
		return "", false
	}
	if m[1] == "" {
		column += columns
	}
	if m[3] == "" {
		row += rows
	}
	name, err := excelize.ColumnNumberToName(column)
	if err != nil || row < 1 || row > excelize.TotalRows {
		return "", false
	}
	return m[1] + name + m[3] + strconv.Itoa(row), true
}
