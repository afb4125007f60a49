// Package parquet writes runs and their ports as two tables that databases and
// query engines read in place: Apache Parquet, https://parquet.apache.org.
package parquet

import (
	"strings"
	"unicode"

	"netready/report"
	"netready/report/parquet/flat"
	"netready/report/workbook"
)

// Names of the files of the two tables.
const (
	RunsFile  = "runs.parquet"
	PortsFile = "ports.parquet"
)

// A Type is the type of a column. Every column is optional: null is not measured.
type Type = flat.Type

// The types of columns.
const (
	String    = flat.String
	Double    = flat.Double
	Timestamp = flat.Timestamp // UTC, milliseconds
	Boolean   = flat.Boolean
)

// A Column is one column of a table.
type Column struct {
	Name   string
	Type   Type
	Header string // of the same column in the sheet Runs; "" where it has none
}

// Name is the name of a column of the sheet Runs in Parquet: small letters, digits and
// underscores, its unit in words. `Jitter up (ms)` is jitter_up_ms.
func Name(header string) string {
	words := strings.FieldsFunc(units.Replace(header), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.ToLower(strings.Join(words, "_"))
}

// units are those that are no word.
var units = strings.NewReplacer("(%)", "percent", "(Mbit/s)", "mbps")

// RunsColumns are the columns of the table Runs: those of the sheet, in its order.
func RunsColumns() []Column {
	types := map[string]Type{}
	for _, column := range report.Columns() {
		switch column.Kind {
		case report.KindNumber:
			types[column.Name] = Double
		case report.KindTime:
			types[column.Name] = Timestamp
		case report.KindText:
		}
	}
	var list []Column
	for _, header := range workbook.Headers() {
		column := Column{Name: Name(header), Type: String, Header: header}
		if t, ok := types[header]; ok {
			column.Type = t
		}
		list = append(list, column)
	}
	return list
}

// PortsColumns are the columns of the table Ports: a row for each port of each run.
func PortsColumns() []Column {
	return []Column{
		{"run_id", String, "Run ID"},
		{"organization", String, "Organization"},
		{"machine", String, "Machine"},
		{"region", String, "Region"},
		{"started", Timestamp, "Started"},
		{"name", String, ""},
		{"family", String, ""}, // ipv4 or ipv6, where both were tried
		{"status", String, ""}, // pass, fail, not_measured
		{"reason", String, ""}, // a code, as in docs/result.md
		{"required", Boolean, ""},
	}
}
