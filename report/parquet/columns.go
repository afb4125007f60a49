// Package parquet writes runs and their ports as two tables that databases and
// query engines read in place: Apache Parquet, https://parquet.apache.org.
package parquet

import (
	"strings"
	"unicode"

	"github.com/parquet-go/parquet-go"

	"netready/report"
	"netready/report/workbook"
)

// Names of the files of the two tables.
const (
	RunsFile  = "runs.parquet"
	PortsFile = "ports.parquet"
)

// A Type is the type of a column, as Parquet names it. Every column is optional:
// null is not measured.
type Type string

// The types of columns.
const (
	String    Type = "STRING"
	Double    Type = "DOUBLE"
	Timestamp Type = "TIMESTAMP" // UTC, milliseconds
	Boolean   Type = "BOOLEAN"
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

// schema is the table's schema, its columns in their order.
func schema(name string, columns []Column) *parquet.Schema {
	group, at := parquet.Group{}, map[string]int{}
	for i, column := range columns {
		group[column.Name], at[column.Name] = parquet.Optional(column.node()), i
	}
	fields := make([]parquet.Field, len(columns))
	for _, field := range group.Fields() { // sorted by name
		fields[at[field.Name()]] = field
	}
	return parquet.NewSchema(name, ordered{group, fields})
}

func (c Column) node() parquet.Node {
	switch c.Type {
	case Double:
		return parquet.Leaf(parquet.DoubleType)
	case Timestamp:
		return parquet.Timestamp(parquet.Millisecond)
	case Boolean:
		return parquet.Leaf(parquet.BooleanType)
	case String:
	}
	return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
}

// ordered is a group whose fields keep their order.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

// Fields are the columns.
func (o ordered) Fields() []parquet.Field { return o.fields }
