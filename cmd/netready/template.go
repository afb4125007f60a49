package main

import (
	"fmt"
	"time"

	"netready/report/merge"
)

// TemplateCmd writes the workbook with sample rows.
type TemplateCmd struct {
	Out   string `short:"o" name:"out" required:"" placeholder:"FILE.xlsx" help:"The workbook to write."`
	Force bool   `help:"Write over a file that exists."`
}

// Run writes it.
func (c *TemplateCmd) Run(app *App) error {
	if err := workbookName(c.Out); err != nil {
		return usageError(err)
	}
	if err := merge.Template(app.Ctx, c.Out, version(), time.Now(), c.Force); err != nil {
		return err
	}
	fmt.Fprintf(app.Stdout, "%s: its first sheet says how to work with it\n", oneLine(c.Out))
	return nil
}
