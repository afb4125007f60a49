package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"netready/internal/release"
	"netready/report/merge"
)

// templateCmd writes the workbook with sample rows.
type templateCmd struct {
	Out   string `short:"o" name:"out" required:"" placeholder:"FILE.xlsx" help:"The workbook to write."`
	Force bool   `help:"Write over a file that exists."`
}

// Run writes it.
func (c *templateCmd) Run(app *app) error {
	if err := workbookName(c.Out); err != nil {
		return usageError(err)
	}
	if err := merge.Template(app.Ctx, c.Out, release.Version(), madeAt(), c.Force); err != nil {
		return err
	}
	fmt.Fprintf(app.Stdout, "%s: its first sheet says how to work with it\n", oneLine(c.Out))
	return nil
}

// madeAt is the time that the workbook says it was made at: now, or that of
// SOURCE_DATE_EPOCH (seconds since 1970), which makes a release the same bytes
// each time (reproducible-builds.org).
func madeAt() time.Time {
	if seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Now()
}
