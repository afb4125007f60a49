package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/inconshreveable/mousetrap"
	"golang.org/x/term"

	"netready/internal/cmdline"
	"netready/internal/modes"
	"netready/internal/release"
	"netready/internal/yamlfile"
	"netready/probe/invite"
)

// Exit statuses, as --help lists them.
const (
	exitReady        = 0
	exitNotReady     = 1 // for merge: something was left out
	exitUsage        = 2
	exitUndetermined = 3
)

// App is what a command gets to work with.
type App struct {
	Ctx            context.Context
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	doubleClicked  bool   // nobody sees what is printed
	Folder         string // where settings are looked for; "": the program's own
}

// cli is the command line. The flags of each command are in the file with its name.
type cli struct {
	Run        RunCmd                `cmd:"" help:"Assess this network once: place a test call, check the ports, write a report."`
	UI         UICmd                 `cmd:"" name:"ui" help:"The same in a page of the web browser, for this machine only."`
	Merge      MergeCmd              `cmd:"" help:"Put the results of many machines into one Excel workbook."`
	Template   TemplateCmd           `cmd:"" help:"Write the workbook with sample rows, to paste results into."`
	Analyze    AnalyzeCmd            `cmd:"" help:"Measure the RTP streams in a packet capture (pcap or pcapng)."`
	Mos        MosCmd                `cmd:"" help:"Calculate R and MOS by ITU-T G.107, with every term."`
	Regions    RegionsCmd            `cmd:"" help:"List the regions and what each of them can measure."`
	Verify     VerifyCmd             `cmd:"" help:"Tell whether results are whole, which version and host made them, and who signed them."`
	Completion cmdline.CompletionCmd `cmd:"" help:"Print the completion of commands and flags for a shell."`
	Man        cmdline.ManCmd        `cmd:"" hidden:"" help:"Print the manual page (roff), for packages: netready man > netready.1"`
	Config     ConfigCmd             `cmd:"" help:"What the settings file netready.yaml, the environment and the command line come to."`

	Version kong.VersionFlag `help:"Print the version and exit."`
}

const epilogue = `netready help COMMAND explains one of the commands. Exit status: 0 ready (or done), 1 not ready (merge: something was left out), ` +
	`2 wrong usage or configuration, 3 undetermined: nothing failed, but something required could not be measured.`

// statusError is an error, or none, with the exit status that it leads to.
type statusError struct {
	status int
	err    error // nil: everything has been said already
}

func (e *statusError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

// usageError marks an error as one for the user to correct: a flag, a file, an invite.
func usageError(err error) error {
	if err == nil {
		return nil
	}
	return &statusError{exitUsage, err}
}

// exitWith ends a command with a status after it has said what there is to say.
func exitWith(status int) error {
	if status == exitReady {
		return nil
	}
	return &statusError{status, nil}
}

// dispatch finds the command in args and runs it.
func (a *App) dispatch(args []string) error {
	if len(args) == 0 {
		if startedByDoubleClick() {
			a.doubleClicked = true
			args = []string{"ui"}
		} else {
			args = []string{"--help"}
		}
	}
	read, err := a.read(cmdline.Words(args))
	if err != nil {
		return usageError(err)
	}
	if read == nil { // --help or --version have printed their text
		return nil
	}
	err = read.context.Run()
	if status, ok := errors.AsType[*statusError](err); ok && status.status == exitUsage && status.err != nil {
		return usageError(read.explained(status.err))
	}
	return err
}

// read parses arguments over the settings file; nil where --help or --version
// have printed their text.
func (a *App) read(args []string) (*commandLine, error) {
	l, err := a.newLine()
	if err != nil {
		return nil, err
	}
	args = passedOn(args)
	if l.settings, err = a.settingsFor(l.parser, args); err != nil {
		return nil, err
	}
	l.context, err = parse(l.parser, args)
	if l.exited {
		return nil, nil //nolint:nilnil // there is nothing left to run
	}
	if err != nil {
		return nil, withHelpHint(l.parser, err, args)
	}
	return l, nil
}

// newLine is a command line that nothing was read into.
func (a *App) newLine() (*commandLine, error) {
	l := &commandLine{}
	var err error
	l.parser, err = kong.New(&l.cli, append(cmdline.Options(),
		kong.Name("netready"),
		kong.Description("Is this network ready for cloud voice?\n\n"+epilogue),
		kong.Writers(a.Stdout, a.Stderr),
		kong.Exit(func(int) { l.exited = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Vars{"version": release.Full(), "formats": formatNames()},
		kong.Resolvers(&l.settings),
		kong.Bind(a),
	)...)
	if err != nil {
		return nil, fmt.Errorf("building the command line: %w", err)
	}
	return l, nil
}

// passedOn keeps what follows "config check" together: it is another command's
// line.
func passedOn(args []string) []string {
	help := func(s string) bool { return s == "--help" || s == "-h" }
	if len(args) < 3 || args[0] != "config" || args[1] != "check" || slices.ContainsFunc(args, help) {
		return args
	}
	return append([]string{"config", "check", "--"}, args[2:]...)
}

// settingsFor loads the settings file for a command that reads one. What is
// wrong in the arguments is for the parser to say.
func (a *App) settingsFor(parser *kong.Kong, args []string) (settings, error) {
	command := slices.IndexFunc(parser.Model.Children, func(n *kong.Node) bool { return len(args) > 0 && n.Name == args[0] })
	if command < 0 || !readsSettings(parser.Model.Children[command]) || slices.Contains(args, "--help") {
		return settings{}, nil
	}
	traced, err := kong.Trace(parser, args)
	if err != nil || traced.Error != nil {
		return settings{}, nil //nolint:nilerr // the parser says it next
	}
	named := ""
	for _, at := range traced.Path {
		if at.Flag != nil && at.Flag.Name == "config" {
			named, _ = traced.FlagValue(at.Flag).(string)
		}
	}
	s, err := loadSettings(settingFlags(parser.Model), named, a.folder(), thisMachine())
	if err == nil && s.holdsSecret(settingFlags(parser.Model)) {
		if loose := modes.Warning(s.file.Name, "an invite"); loose != "" {
			a.say("%s", loose)
		}
	}
	return s, err
}

// folder is where the program lies.
func (a *App) folder() string {
	if a.Folder != "" {
		return a.Folder
	}
	return yamlfile.Folder()
}

// parse reads the arguments; what is missing in them is said in plain words.
func parse(parser *kong.Kong, args []string) (*kong.Context, error) {
	if !slices.Contains(args, "--help") && !slices.Contains(args, "-h") {
		if err := cmdline.Missing(parser, args); err != nil {
			return nil, err
		}
	}
	command, err := parser.Parse(args)
	if err != nil {
		return nil, err
	}
	return command, emptyFlag(command)
}

// emptyFlag refuses a flag that was given nothing, as a script does whose
// variable is not set: without its invite a run would test this machine
// against itself and call it ready.
func emptyFlag(command *kong.Context) error {
	needed := []string{"region", "responder", "regions", "thresholds", "out", "only", "codec", "key", "since", "until"}
	for _, at := range command.Path {
		if at.Flag == nil || !slices.Contains(needed, at.Flag.Name) {
			continue
		}
		if v := at.Flag.Target; v.Kind() == reflect.String && v.Len() == 0 || v.Kind() == reflect.Slice && strings.Join(v.Interface().([]string), "") == "" {
			return fmt.Errorf("--%s is empty: give it a value or leave it out", at.Flag.Name)
		}
	}
	return nil
}

// withHelpHint names the help of the command, or that of all where none was named.
func withHelpHint(parser *kong.Kong, err error, args []string) error {
	help := "netready --help"
	isCommand := func(node *kong.Node) bool { return node.Name == args[0] }
	if len(args) > 0 && slices.ContainsFunc(parser.Model.Children, isCommand) {
		help = "netready " + args[0] + " --help"
	}
	return fmt.Errorf("%w (see %s)", err, help)
}

// report prints the error of a command, if any, and returns the exit status.
func (a *App) report(err error) int {
	if err == nil {
		return exitReady
	}
	status := exitUsage // 1 is said of networks and left-out sources alone
	if se, ok := errors.AsType[*statusError](err); ok {
		status = se.status
		if se.err == nil {
			return status
		}
	}
	a.say("%v", err)
	if a.doubleClicked {
		showError(invite.Hide(err.Error()))
	}
	return status
}

// say prints a line about the run. Secrets and line breaks in names and errors of others are
// removed.
func (a *App) say(format string, args ...any) {
	fmt.Fprintln(a.Stderr, "netready: "+invite.Hide(oneLine(fmt.Sprintf(format, args...))))
}

// startedByDoubleClick says whether a file manager started the program: then
// there is nobody to read a help text.
func startedByDoubleClick() bool {
	if mousetrap.StartedByExplorer() {
		return true
	}
	if program, err := os.Executable(); err == nil && insideApplication(program) {
		return true
	}
	display := os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
	terminal := term.IsTerminal(int(os.Stdin.Fd())) || term.IsTerminal(int(os.Stdout.Fd())) || term.IsTerminal(int(os.Stderr.Fd()))
	return display && !terminal && os.Getenv("CI") == ""
}

// insideApplication says whether a program is the one of a macOS application,
// which is started by opening it.
func insideApplication(program string) bool {
	return strings.HasSuffix(filepath.ToSlash(filepath.Dir(program)), ".app/Contents/MacOS")
}

// isTerminal says whether w is a terminal, for colour and progress bars.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
