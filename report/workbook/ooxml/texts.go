package ooxml

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const sharedStringsPart = "xl/sharedstrings.xml"

// maxTexts bounds the bytes of a workbook's table of texts: that of 100,000
// runs takes a quarter of it.
const maxTexts = 192 << 20

// texts is the table of texts that cells refer to by number, in one piece.
type texts struct {
	data string
	ends []uint32
}

func (t *texts) at(number string) (string, error) {
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(t.ends) {
		return "", fmt.Errorf("a cell refers to text %q, and there are %d: the workbook is damaged", number, len(t.ends))
	}
	start := uint32(0)
	if i > 0 {
		start = t.ends[i-1]
	}
	return t.data[start:t.ends[i]], nil
}

// readTexts reads the table, where the workbook has one.
func (p *File) readTexts() (*texts, error) {
	table := &texts{}
	if !p.has(sharedStringsPart) {
		return table, nil
	}
	content, err := p.open(sharedStringsPart)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	var all strings.Builder
	t := newTokens(content)
	err = t.walk(func(element xml.StartElement, _ []string) error {
		if element.Name.Local != "si" {
			return nil
		}
		text, err := richText(t)
		if err != nil {
			return err
		}
		all.WriteString(text)
		if all.Len() > maxTexts || len(table.ends) > maxTexts/8 {
			return fmt.Errorf("more than %d MB: left unread as a possible bomb", maxTexts>>20)
		}
		table.ends = append(table.ends, uint32(all.Len()))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("the table of texts: %w", err)
	}
	table.data = all.String()
	return table, nil
}

// richText reads to the end of an si or is: its t and those of its runs, but
// not how they are pronounced.
func richText(t *tokens) (string, error) {
	text, err := t.textOf(func() bool {
		n := len(t.open)
		return t.open[n-1] == "t" && (n < 2 || t.open[n-2] != "rPh")
	})
	return unescaped(text), err
}

var escapedCharacter = regexp.MustCompile(`_x([0-9A-Fa-f]{4})_`)

// unescaped reads _x000D_ and its like (ECMA-376 22.9.2.19, ST_Xstring).
func unescaped(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	return escapedCharacter.ReplaceAllStringFunc(text, func(word string) string {
		code, _ := strconv.ParseUint(word[2:6], 16, 16) // digits, by the expression
		return string(rune(code))
	})
}
