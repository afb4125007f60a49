package workbook

import (
	"encoding/xml"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// looks is what the number format of a cell makes of its number.
type looks byte

const (
	looksPlain looks = iota
	looksDate
	looksPercent
)

// formats are the styles of a workbook, by number.
type formats []format

type format struct {
	looks looks
	ours  bool // one of ours for figures and times, and nothing else about it

	optional bool // the one of a port that passes and need not
}

func (f formats) of(style int) looks {
	if style < 0 || style >= len(f) {
		return looksPlain
	}
	return f[style].looks
}

// isOurs says whether a style is one that we give to the cells of Runs.
func (f formats) isOurs(style int) bool { return style >= 0 && style < len(f) && f[style].ours }

// formats reads the styles as far as numbers go.
func (p *pack) formats() (formats, error) {
	const part = "xl/styles.xml"
	if !p.has(part) {
		return nil, nil
	}
	codes := map[string]string{}
	var list formats
	err := p.walkPart(part, func(element xml.StartElement, open []string) error {
		switch {
		case element.Name.Local == "numFmt":
			codes[attribute(element, "numFmtId")] = attribute(element, "formatCode")
		case element.Name.Local == "xf" && len(open) > 1 && open[len(open)-2] == "cellXfs":
			id := attribute(element, "numFmtId")
			code, custom := codes[id]
			one := format{looks: builtIn(id)}
			if custom {
				one.looks = looksOf(code)
			}
			if id == "2" { // 0.00 has a number of its own
				code = formatTwo
			}
			one.ours = slices.Contains(runFormats, code) && isBare(element)
			one.optional = code == formatOptional
			list = append(list, one)
		}
		return nil
	})
	return list, err
}

// isOptional says whether a style is that of a port that passes and need not.
func (f formats) isOptional(style int) bool { return style >= 0 && style < len(f) && f[style].optional }

// isBare says whether a style has nothing but its number format.
func isBare(xf xml.StartElement) bool {
	for _, name := range []string{"fontId", "fillId", "borderId"} {
		if id := attribute(xf, name); id != "" && id != "0" {
			return false
		}
	}
	return !isTrue(attribute(xf, "applyAlignment"))
}

// builtIn are the looks of the formats that every program knows (ECMA-376
// 18.8.30).
func builtIn(id string) looks {
	n, _ := strconv.Atoi(id)
	switch {
	case n == 9 || n == 10:
		return looksPercent
	case n >= 14 && n <= 22, n >= 27 && n <= 36, n >= 45 && n <= 47, n >= 50 && n <= 58:
		return looksDate
	}
	return looksPlain
}

// notCode is what is shown as it stands: quoted texts, escaped characters,
// colours and locales, fill and space.
var notCode = regexp.MustCompile(`"[^"]*"|\\.|\[[^\]]*\]|_.|\*.`)

func looksOf(code string) looks {
	first, _, _ := strings.Cut(notCode.ReplaceAllString(code, ""), ";")
	first = strings.ToLower(first)
	switch {
	case strings.Contains(first, "general"):
		return looksPlain
	case strings.ContainsAny(first, "ymdhs"):
		return looksDate
	case strings.Contains(first, "%"):
		return looksPercent
	}
	return looksPlain
}
