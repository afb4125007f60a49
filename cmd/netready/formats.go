package main

import (
	"maps"
	"slices"
	"strings"

	"netready/cmd/netready/page"
	"netready/report/html"
	"netready/report/workbook"
)

// formats are the files that a result can be saved as in addition to TXT and JSON, by
// their ending. --format, the page and the completion know them from here.
var formats = map[string]page.Format{
	"html": {Kind: "text/html; charset=utf-8", Write: html.Write},
	"xlsx": {Kind: workbook.MediaType, Write: singleWorkbook},
}

// formatNames are the values of --format.
func formatNames() string { return strings.Join(slices.Sorted(maps.Keys(formats)), ",") }
