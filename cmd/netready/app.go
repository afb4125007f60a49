package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/inconshreveable/mousetrap"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"netready/internal/cmdline"
	"netready/internal/modes"
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

// app is what a command gets to work with.
type app struct {
	Ctx            context.Context
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	doubleClicked  bool   // nobody sees what is printed
	Folder         string // where settings are looked for; "": the program's own
}

// cli is the command line; package cmdline adds help, version and completion. The flags of each command are in the file with its name.
type cli struct {
	Run      runCmd      `cmd:"" help:"Assess this network once: place a test call, check the ports, write a report."`
	UI       uiCmd       `cmd:"" name:"ui" help:"The same in a page of the web browser, for this machine only."`
	Merge    mergeCmd    `cmd:"" help:"Put the results of many machines into one Excel workbook."`
	Template templateCmd `cmd:"" help:"Write the workbook with sample rows, to paste results into."`
	Analyze  analyzeCmd  `cmd:"" help:"Measure the RTP streams in a packet capture (pcap or pcapng)."`
	Mos      mosCmd      `cmd:"" help:"Calculate R and MOS by ITU-T G.107, with every term."`
	Regions  regionsCmd  `cmd:"" help:"List the regions and what each of them can measure."`
	Verify   verifyCmd   `cmd:"" help:"Tell whether results are whole, which version and host made them, and who signed them."`
	Config   configCmd   `cmd:"" help:"Show the settings that are in force, and where each comes from: netready.yaml, the environment or the command line."`
}

const epilogue = `Exit status: 0 ready (or done), 1 not ready (merge: something was left out), ` +
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
func (a *app) dispatch(args []string) error {
	if len(args) == 0 {
		if startedByDoubleClick() {
			a.doubleClicked = true
			args = []string{"ui"}
		} else {
			args = []string{"--help"}
		}
	}
	read, err := a.read(args)
	if err != nil {
		return usageError(err)
	}
	if read == nil { // --help or --version have printed their text
		return nil
	}
	err = read.chosen.Target.(interface{ Run(app *app) error }).Run(a)
	if status, ok := errors.AsType[*statusError](err); ok && status.status == exitUsage && status.err != nil {
		return usageError(read.explained(status.err))
	}
	return err
}

// read parses arguments over the settings file; nil where --help or --version
// have printed their text.
func (a *app) read(args []string) (*commandLine, error) {
	l, err := a.newLine()
	if err != nil {
		return nil, err
	}
	if l.chosen, err = l.parse(args); l.chosen == nil {
		return nil, err
	}
	if err := l.takeSettings(a); err != nil {
		return nil, err
	}
	return l, nil
}

// newLine is a command line that nothing was read into.
func (a *app) newLine() (*commandLine, error) {
	l := &commandLine{}
	var err error
	l.program, err = cmdline.New(cmdline.Options{
		Name:   "netready",
		Help:   "Is this network ready for cloud voice?\n\n" + epilogue,
		Vars:   map[string]string{"formats": formatNames()},
		Stdout: a.Stdout, Stderr: a.Stderr,
	}, &l.cli)
	if err != nil {
		return nil, fmt.Errorf("building the command line: %w", err)
	}
	return l, nil
}

// takeSettings gives a command that reads the settings file what its flags and the environment
// leave to it.
func (l *commandLine) takeSettings(a *app) error {
	config := l.chosen.Flag(configFlag)
	if config == nil {
		return nil
	}
	flags := settingFlags(l.program.Root)
	s, err := loadSettings(flags, config.Value.String(), a.folder(), thisMachine())
	if err != nil {
		return err
	}
	l.settings = s
	if s.holdsSecret(flags) {
		if loose := modes.Warning(s.file.Name, "an invite"); loose != "" {
			a.say("%s", loose)
		}
	}
	for _, flag := range cmdline.Flags(l.chosen.Command) {
		value, ok := s.values[flag.Name]
		if !ok || flag.Given || flag.Variable() != "" {
			continue
		}
		if err := flag.Use(value.text); err != nil {
			return err // loadSettings has checked it
		}
	}
	return nil
}

// folder is where the program lies.
func (a *app) folder() string {
	if a.Folder != "" {
		return a.Folder
	}
	return yamlfile.Folder()
}

// parse reads the arguments and the environment; the command is nil where its text has been
// printed already.
func (l *commandLine) parse(args []string) (*cmdline.Chosen, error) {
	chosen, err := l.program.Parse(args)
	if err != nil || chosen == nil {
		return nil, flagOfInvite(err)
	}
	if err := emptyFlag(chosen.Command); err != nil {
		return nil, cmdline.SeeHelp(chosen.Command, err)
	}
	return chosen, nil
}

// flagOfInvite says which flag takes an invite that was given as an argument, and does not repeat it.
func flagOfInvite(err error) error {
	unexpected, ok := errors.AsType[*cmdline.Unexpected](err)
	if !ok || unexpected.Command.Flags().Lookup("responder") == nil || !likeInvite(unexpected.Word) {
		return err
	}
	return cmdline.SeeHelp(unexpected.Command, errors.New("an invite is not an argument of run: give it with --responder INVITE, or --responder @FILE if a file holds it"))
}

// likeInvite tells an invite, or a file that may hold one, from other words: any word may be a host.
func likeInvite(word string) bool {
	parsed, err := invite.Parse(word)
	return strings.HasPrefix(word, "@") || strings.Contains(word, "://") || err == nil && parsed.Token != ""
}

// emptyFlag refuses a flag that was given nothing, as a script does whose
// variable is not set: without its invite a run would test this machine
// against itself and call it ready.
func emptyFlag(command *cobra.Command) error {
	needed := []string{"region", "responder", "regions", "thresholds", "out", "only", "codec", "key", "since", "until"}
	for _, flag := range cmdline.Flags(command) {
		if flag.Given && flag.String() == "" && slices.Contains(needed, flag.Name) {
			return fmt.Errorf("--%s is empty: give it a value or leave it out", flag.Name)
		}
	}
	return nil
}

// report prints the error of a command, if any, and returns the exit status.
func (a *app) report(err error) int {
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
func (a *app) say(format string, args ...any) {
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
