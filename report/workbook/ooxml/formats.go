package ooxml

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
)

// Looks is what the number format of a cell makes of its number.
type Looks byte

// What a cell shows its number as.
const (
	LooksPlain Looks = iota
	LooksDate
	LooksPercent
)

// A Format is what a style makes of numbers.
type Format struct {
	Looks Looks
	Code  string // "" for one of those that every program knows, but for 0.00
	Bare  bool   // the style has nothing else
}

// Format is that of a style; plain where there is none of that number.
func (p *File) Format(style int) Format {
	if style < 0 || style >= len(p.Formats) {
		return Format{}
	}
	return p.Formats[style]
}

// readFormats reads the styles as far as numbers go.
func (p *File) readFormats() ([]Format, error) {
	const part = "xl/styles.xml"
	if !p.has(part) {
		return nil, nil
	}
	codes := map[string]string{}
	var list []Format
	err := p.Walk(part, func(element xml.StartElement, open []string) error {
		switch {
		case element.Name.Local == "numFmt":
			codes[Attribute(element, "numFmtId")] = Attribute(element, "formatCode")
		case element.Name.Local == "xf" && len(open) > 1 && open[len(open)-2] == "cellXfs":
			id := Attribute(element, "numFmtId")
			one := Format{Looks: builtIn(id), Code: codes[id], Bare: isBare(element)}
			if one.Code != "" {
				one.Looks = looksOf(one.Code)
			}
			if id == "2" { // it has a number of its own
				one.Code = "0.00"
			}
			list = append(list, one)
		}
		return nil
	})
	return list, err
}

// isBare says whether a style has nothing but its number format.
func isBare(xf xml.StartElement) bool {
	for _, name := range []string{"fontId", "fillId", "borderId"} {
		if id := Attribute(xf, name); id != "" && id != "0" {
			return false
		}
	}
	return !IsTrue(Attribute(xf, "applyAlignment"))
}

// builtIn are the looks of the formats that every program knows (ECMA-376
// 18.8.30).
func builtIn(id string) Looks {
	n, _ := strconv.Atoi(id)
	switch {
	case n == 9 || n == 10:
		return LooksPercent
	case n >= 14 && n <= 22, n >= 27 && n <= 36, n >= 45 && n <= 47, n >= 50 && n <= 58:
		return LooksDate
	}
	return LooksPlain
}

// notCode is what is shown unchanged: quoted texts, escaped characters,
// colours and locales, fill and space.
var notCode = regexp.MustCompile(`"[^"]*"|\\.|\[[^\]]*\]|_.|\*.`)

func looksOf(code string) Looks {
	first, _, _ := strings.Cut(notCode.ReplaceAllString(code, ""), ";")
	first = strings.ToLower(first)
	switch {
	case strings.Contains(first, "general"):
		return LooksPlain
	case strings.ContainsAny(first, "ymdhs"):
		return LooksDate
	case strings.Contains(first, "%"):
		return LooksPercent
	}
	return LooksPlain
}
