package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"netready/internal/cmdline"
	"netready/internal/yamlfile"
	"netready/probe/invite"
)

// configCmd is "netready config".
type configCmd struct {
	Check configCheckCmd `cmd:"" help:"Print every setting that is in force and where it comes from; nothing is measured."`
}

// configCheckCmd is "netready config check": the settings that a command line leads to.
type configCheckCmd struct {
	Command []string `arg:"" optional:"" passthrough:"" placeholder:"run|ui FLAGS" help:"A command line of netready run (or ui) to check, as in: netready config check run --region eu-west-1. None: what netready run would do."`
}

// Run prints the settings; a wrong one is an error with its place.
func (c *configCheckCmd) Run(app *app) error {
	words := c.Command
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if len(words) == 0 || strings.HasPrefix(words[0], "-") {
		words = append([]string{"run"}, words...)
	}
	if words[0] != "run" && words[0] != "ui" {
		return usageError(fmt.Errorf("config check %s: give run or ui, with their flags", oneLine(clipped(words[0]))))
	}
	read, err := app.read(words)
	if err != nil || read == nil {
		return usageError(err)
	}
	if err := read.print(app); err != nil {
		return err
	}
	return usageError(read.check(app))
}

// commandLine is one that was read, with the settings below it.
type commandLine struct {
	cli      cli
	program  *cmdline.Program
	chosen   *cmdline.Chosen
	settings settings
}

// hidden is a value as it may be printed: an invite without its secret, whatever
// flag it was given to. What is neither an invite nor an address is not shown.
func hidden(flag *cmdline.Flag, text string) string {
	shown := invite.Hide(text)
	if _, err := invite.Parse(text); flag.Secret && text != "" && text != "-" && !strings.HasPrefix(text, "@") && (err != nil || !strings.ContainsAny(text, ".:")) {
		return "(hidden)"
	}
	return shown
}

// print lists the flags of the command that was named, then those that the
// other commands have beyond them.
func (l *commandLine) print(app *app) error {
	if l.settings.file.Name == "" {
		fmt.Fprintf(app.Stdout, "settings file: none (there is no --config, and no %s in %s)\n\n", settingsName, oneLine(yamlfile.Folder()))
	} else {
		fmt.Fprintf(app.Stdout, "settings file: %s\n\n", oneLine(l.settings.file.Name))
	}
	w := tabwriter.NewWriter(safe(app.Stdout), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tVALUE\tFROM")
	var done []string
	for _, flag := range slices.Concat(cmdline.Flags(l.chosen.Command), settingFlags(l.program.Root)) {
		if flag.Name == configFlag || slices.Contains(done, flag.Name) {
			continue
		}
		done = append(done, flag.Name)
		fmt.Fprintf(w, "%s\t%s\t%s\n", keyOf(flag), l.value(flag), oneLine(l.origin(flag)))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("printing the settings: %w", err)
	}
	return nil
}

// value is what is in force for a flag, as it may be printed.
func (l *commandLine) value(flag *cmdline.Flag) string {
	text := flag.String()
	if !slices.Contains(cmdline.Flags(l.chosen.Command), flag) { // another command's, that nobody has parsed
		text = cmp.Or(os.Getenv(flag.Env), l.settings.values[flag.Name].text, text)
	}
	if text == "" {
		return "(not set)"
	}
	return oneLine(hidden(flag, text))
}

// origin says where a flag's value comes from.
func (l *commandLine) origin(flag *cmdline.Flag) string {
	value, ok := l.settings.values[flag.Name]
	switch {
	case flag.Given:
		return "command line"
	case flag.Variable() != "":
		return "environment " + flag.Variable()
	case ok && value.rule > 0:
		return fmt.Sprintf("%s:%d (rule %d)", l.settings.file.Name, value.line, value.rule)
	case ok:
		return fmt.Sprintf("%s:%d", l.settings.file.Name, value.line)
	}
	return "default"
}

// check makes the checks that a run begins with, but those that need what is
// not there yet: a folder, standard input. Of ui these are the page's runs.
func (l *commandLine) check(app *app) error {
	if l.chosen.Name() == "ui" {
		runs, err := app.read(l.cli.UI.asRun())
		if err != nil {
			return err
		}
		return runs.check(app)
	}
	if _, err := l.cli.Run.checkSeries(time.Now()); err != nil {
		return l.explained(err)
	}
	flags := l.cli.Run.assessFlags
	if flags.Responder == "-" {
		flags.Responder = ""
	}
	if flags.ICE == "-" {
		flags.ICE = ""
	}
	if _, err := flags.plan(app); err != nil {
		return l.explained(err)
	}
	return nil
}

// explained adds to an error that the settings file may be where to correct it.
func (l *commandLine) explained(err error) error {
	if err == nil || len(l.settings.values) == 0 {
		return err
	}
	return fmt.Errorf("%w (settings of %s are in force: netready config check prints the line of each)", err, l.settings.file.Name)
}
