package main

import "netready/internal/cmdline"

// CompletionCmd is "netready completion": what a shell completes.
type CompletionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish,powershell" help:"bash, zsh, fish or powershell. The first line of what is printed says how to use it."`
}

// Run prints the completion of a shell.
func (c *CompletionCmd) Run(app *App) error {
	l, err := app.newLine()
	if err != nil {
		return err
	}
	return cmdline.Completion(app.Stdout, l.parser.Model, c.Shell)
}

// ManCmd is "netready man": the manual page, for packages.
type ManCmd struct{}

// Run prints the manual page.
func (c *ManCmd) Run(app *App) error {
	l, err := app.newLine()
	if err != nil {
		return err
	}
	return cmdline.Manual(app.Stdout, l.parser.Model, version())
}
