package ooxml

import (
	"regexp"
	"strings"

	"github.com/xuri/excelize/v2"
)

// AddChart draws a chart, and others over it, as excelize does, and corrects the
// XML that excelize writes.
func AddChart(file *excelize.File, sheet, cell string, chart *excelize.Chart, over ...*excelize.Chart) error {
	others := chartParts(file)
	if err := file.AddChart(sheet, cell, chart, over...); err != nil {
		return err
	}
	for name, data := range chartParts(file) {
		if _, old := others[name]; !old {
			file.Pkg.Store(name, correctAxes(data))
		}
	}
	return nil
}

// chartParts are the charts of the file so far, other people's too.
func chartParts(file *excelize.File) map[string][]byte {
	parts := map[string][]byte{}
	file.Pkg.Range(func(key, content any) bool {
		name, _ := key.(string)
		if data, ok := content.([]byte); ok && strings.HasPrefix(name, "xl/charts/chart") {
			parts[name] = data
		}
		return true
	})
	return parts
}

var (
	valueAxis  = regexp.MustCompile(`(?s)<valAx>.*?</valAx>`)
	ofCategory = regexp.MustCompile(`<(?:auto|lblAlgn|lblOffset|noMultiLvlLbl)[^>]*></(?:auto|lblAlgn|lblOffset|noMultiLvlLbl)>`)
)

// correctAxes removes from value axes what only axes of categories have (ECMA-376
// 21.2.2.226): excelize draws the scatter chart's first axis with both.
func correctAxes(chart []byte) []byte {
	return valueAxis.ReplaceAllFunc(chart, func(axis []byte) []byte { return ofCategory.ReplaceAll(axis, nil) })
}
