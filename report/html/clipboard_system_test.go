//go:build system

package html_test

import (
	"context"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"netready/internal/need"
	"netready/report"
	"netready/report/html"
	"netready/thresholds"
)

// german is a LibreOffice of its own with the decimal comma.
func german(t *testing.T, file, to string, more ...string) {
	t.Helper()
	tool := need.Tool(t, "soffice", "libreoffice")
	profile := filepath.Join(t.TempDir(), "profile")
	if err := os.MkdirAll(filepath.Join(profile, "user"), 0o700); err != nil {
		t.Fatal(err)
	}
	const settings = `<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>de-DE</value></prop></item>
</oor:items>`
	if err := os.WriteFile(filepath.Join(profile, "user", "registrymodifications.xcu"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	args := append([]string{"-env:UserInstallation=file://" + profile, "--headless", "--convert-to", to, "--outdir", filepath.Dir(file)}, more...)
	if out, err := exec.CommandContext(ctx, tool, append(args, file)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// TestRowHTMLWhereTheDecimalMarkIsAComma: of pasted text a German spreadsheet
// made dates and thousands of MOS figures. The table that Copy puts beside the
// text says what each cell is.
func TestRowHTMLWhereTheDecimalMarkIsAComma(t *testing.T) {
	r := htmlReport()
	r.Voice.Up.MOS, r.Voice.Down.MOS, r.Voice.Up.JitterMS = new(4.364), new(3.012), new(1.2)
	r.Organization, r.Location, r.Machine.Hostname = "3.2", "=1+2", "1-2"
	r = report.New(r.Result, thresholds.Default())
	dir := t.TempDir()
	var table strings.Builder
	if err := html.Row(&table, r); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "row.html")
	if err := os.WriteFile(file, []byte(table.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	german(t, file, "xlsx:Calc MS Excel 2007 XML", "--infilter=HTML (StarCalc)")
	book, err := excelize.OpenFile(filepath.Join(dir, "row.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	sheet := book.GetSheetList()[0]
	numbers := 0
	for i, column := range report.Columns() {
		cell, err := excelize.CoordinatesToCellName(i+1, 1)
		if err != nil {
			t.Fatal(err)
		}
		got, err := book.GetCellValue(sheet, cell, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		kind, err := book.GetCellType(sheet, cell)
		if err != nil {
			t.Fatal(err)
		}
		isText := kind == excelize.CellTypeSharedString || kind == excelize.CellTypeInlineString
		switch want := column.Value(&r).(type) {
		case float64:
			numbers++
			if f, err := strconv.ParseFloat(got, 64); err != nil || isText || math.Abs(f-want) > 1e-9 {
				t.Errorf("%s: got %q (text: %v), want the number %v", column.Name, got, isText, want)
			}
		case time.Time:
			days := want.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours() / 24
			if f, err := strconv.ParseFloat(got, 64); err != nil || isText || math.Abs(f-days) > 1e-6 {
				t.Errorf("%s: got %q (text: %v), want the time %v", column.Name, got, isText, want)
			}
		case string:
			if strings.TrimPrefix(got, "'") != want || want != "" && !isText {
				t.Errorf("%s: got %q (text: %v), want the text %q", column.Name, got, isText, want)
			}
		}
	}
	if numbers < 15 {
		t.Errorf("only %d columns are numbers", numbers)
	}
}
