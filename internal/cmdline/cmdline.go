// Package cmdline makes the commands of both programs out of structs and their tags: flags that
// explain themselves, help, version, completion and manual.
//
// A field with the tag cmd is a command, whose own fields are its flags, its arguments (tag arg)
// and the commands below it. An embedded struct adds its fields. The tags of a flag:
//
//	name, short, aliases  how it is written; without name the field's name, as in no-browser
//	help, placeholder     what --help, manual and docs say of it
//	default, enum, env    its value where none is given, its only values, its environment variable
//	required, secret      has to be given; may hold a secret
//
// Arguments may be optional; passthrough takes every word that follows, flags too. A command with
// default runs where no other is named, and hidden ones are not listed.
package cmdline

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"netready/internal/release"
)

// Options are what a program is called, what it is for, and where it prints.
type Options struct {
	Name, Help     string
	Vars           map[string]string // what ${NAME} stands for in a tag
	Stdout, Stderr io.Writer
}

// Program is one command line of a program. It is parsed once.
type Program struct {
	Root *cobra.Command

	options    Options
	everywhere everywhere
	arguments  map[*cobra.Command][]*Flag
	takesWords map[*cobra.Command]bool // groups whose default command has arguments
	args       []string                // that Parse got
	misnamed   error                   // what was asked for help is no command
	chosen     *Chosen
}

// everywhere are the flags of every command.
type everywhere struct {
	Help    bool `short:"h" help:"Show this help."`
	Version bool `help:"Print the version and exit."`
}

// Chosen is the command that a command line names.
type Chosen struct {
	*cobra.Command
	Target any // pointer to the command's struct, filled in
}

// settled is for what cobra has as variables of its package.
var settled = sync.OnceFunc(func() {
	cobra.EnableCommandSorting = false // as they are defined
	cobra.MousetrapHelpText = ""       // a double-click is no mistake
})

// New makes the commands of a struct, to which commands points.
func New(o Options, commands any) (*Program, error) {
	settled()
	p := &Program{options: o, arguments: map[*cobra.Command][]*Flag{}, takesWords: map[*cobra.Command]bool{}}
	p.Root = &cobra.Command{Use: o.Name + " <command>", Long: o.Help, SilenceErrors: true, SilenceUsage: true}
	p.Root.SetOut(o.Stdout)
	p.Root.SetErr(o.Stderr)
	p.Root.SetFlagErrorFunc(p.explained)
	p.Root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		if p.misnamed = p.noCommand(cmd, cmd.Flags().Args()); p.misnamed == nil {
			p.help(cmd)
		}
	})
	p.Root.SuggestionsMinimumDistance = 2
	p.Root.CompletionOptions.DisableNoDescFlag = true
	if err := p.define(p.Root, p.Root.PersistentFlags(), reflect.ValueOf(&p.everywhere).Elem()); err != nil {
		return nil, err
	}
	if err := p.define(p.Root, p.Root.Flags(), reflect.ValueOf(commands).Elem()); err != nil {
		return nil, err
	}
	p.addWords()
	p.Root.InitDefaultCompletionCmd()
	p.groups(p.Root)
	return p, nil
}

// addWords adds help, version and man.
func (p *Program) addWords() {
	p.Root.InitDefaultHelpCmd()
	help, _, _ := p.Root.Find([]string{"help"})
	help.Hidden, help.Run, help.RunE = true, nil, func(_ *cobra.Command, words []string) error {
		of, rest, err := p.Root.Find(words)
		if err == nil && len(rest) > 0 {
			err = unexpected(of, rest[0])
		}
		if err == nil {
			p.help(of)
		}
		return err
	}
	printing := func(name, help string, print func(io.Writer) error) {
		p.Root.AddCommand(&cobra.Command{Use: name, Short: help, Hidden: true, RunE: func(cmd *cobra.Command, words []string) error {
			if len(words) > 0 {
				return unexpected(cmd, words[0])
			}
			return print(cmd.OutOrStdout())
		}})
	}
	printing("version", "Print the version.", printVersion)
	printing("man", "Print the manual page (roff), for packages: "+p.options.Name+" man > "+p.options.Name+".1", p.manual)
}

func printVersion(w io.Writer) error {
	_, err := fmt.Fprintln(w, release.Full())
	return err
}

// groups lets a command that has only others below it, and was given none, say so.
func (p *Program) groups(cmd *cobra.Command) {
	cmd.Args = cobra.ArbitraryArgs
	for _, child := range cmd.Commands() {
		p.groups(child)
	}
	if cmd.Runnable() {
		return
	}
	cmd.RunE = func(_ *cobra.Command, words []string) error {
		if p.everywhere.Version {
			return printVersion(cmd.OutOrStdout())
		}
		if err := p.noCommand(cmd, words); err != nil {
			return err
		}
		var names []string
		for _, child := range listed(cmd) {
			names = append(names, child.Name())
		}
		return fmt.Errorf("a command is missing: give one of %s", strings.Join(names, ", "))
	}
}

// Parse reads a command line, and of what it leaves out the environment. The command is nil where
// its text has been printed already, as with --help. Errors name the help to read.
func (p *Program) Parse(args []string) (*Chosen, error) {
	p.args = append([]string{}, args...) // cobra takes nil for those of the process
	p.Root.SetArgs(p.args)
	cmd, err := p.Root.ExecuteC()
	if err == nil {
		err = p.misnamed
	}
	if err != nil {
		return nil, SeeHelp(cmd, err)
	}
	return p.chosen, nil
}

// SeeHelp adds to an error of a command line where its help is.
func SeeHelp(cmd *cobra.Command, err error) error {
	if cmd.Name() == "help" {
		cmd = cmd.Root()
	}
	return fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath())
}

// asksHelp tells whether --help stands in words, before those that are no flags.
func asksHelp(words []string) bool {
	if end := slices.Index(words, "--"); end >= 0 {
		words = words[:end]
	}
	return slices.Contains(words, "--help") || slices.Contains(words, "-h")
}

// choose is what cobra runs in place of a command.
func (p *Program) choose(target any) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, words []string) error {
		switch {
		case cmd.DisableFlagParsing && asksHelp(words):
			return pflag.ErrHelp
		case p.everywhere.Version:
			return printVersion(cmd.OutOrStdout())
		}
		if err := p.fill(cmd, words); err != nil {
			return err
		}
		p.chosen = &Chosen{cmd, target}
		return nil
	}
}

// fill gives the flags that are not on the command line their values of the environment, and the
// arguments theirs.
func (p *Program) fill(cmd *cobra.Command, words []string) error {
	for _, f := range Flags(cmd) {
		if name := f.Variable(); name != "" && !f.Given {
			if err := f.Use(f.fromEnvironment()); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		} else if f.required && !f.Given {
			return fmt.Errorf("--%s is missing: give --%[1]s %s: %s", f.Name, f.example(), sentence(f.Help))
		}
	}
	for _, argument := range p.arguments[cmd] {
		n := min(1, len(words))
		if argument.IsList() {
			n = len(words)
		}
		if n == 0 && argument.required {
			return fmt.Errorf("%s is missing: %s", argument.title(), sentence(argument.Help))
		}
		if err := argument.add(words[:n]...); err != nil {
			return fmt.Errorf("%s: %w", argument.Name, err)
		}
		words = words[n:]
	}
	if len(words) > 0 {
		return unexpected(cmd, words[0])
	}
	return nil
}

// Variable is the environment variable that sets a flag, "" where none does.
func (f *Flag) Variable() string {
	if f.Env != "" && os.Getenv(f.Env) != "" {
		return f.Env
	}
	return ""
}

// fromEnvironment is its value. Of a switch anything turns it on (https://no-color.org).
func (f *Flag) fromEnvironment() string {
	if f.IsBool() {
		return "true"
	}
	return os.Getenv(f.Env)
}

// explained says in plain words what is wrong with a flag.
func (p *Program) explained(cmd *cobra.Command, err error) error {
	if asksHelp(p.args) {
		return pflag.ErrHelp
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		written := "--" + e.GetSpecifiedName()
		if e.GetSpecifiedShortnames() != "" {
			written = "-" + e.GetSpecifiedName()
		}
		return needsValue(written, e.GetFlag())
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		if errors.Is(err, errNoValue) {
			return needsValue("--"+e.GetFlag().Name, e.GetFlag())
		}
		return fmt.Errorf("--%s: %w", e.GetFlag().Name, errors.Unwrap(e))
	}
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknown(cmd, e)
	}
	return err
}
