package cmdline

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// define adds the commands, arguments and flags of a struct to a command.
func (p *Program) define(cmd *cobra.Command, set *pflag.FlagSet, of reflect.Value) error {
	set.SortFlags = false
	for i := range of.NumField() {
		field, target := of.Type().Field(i), of.Field(i)
		var err error
		_, isCommand := field.Tag.Lookup("cmd")
		_, isArgument := field.Tag.Lookup("arg")
		switch {
		case isCommand:
			err = p.command(cmd, field, target)
		case field.Anonymous && field.Type.Kind() == reflect.Struct:
			err = p.define(cmd, set, target)
		case !field.IsExported():
		case isArgument:
			p.argument(cmd, field, target)
		default:
			err = p.flag(cmd, set, field, target)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", field.Name, err)
		}
	}
	return nil
}

// command adds one command and what is below it.
func (p *Program) command(parent *cobra.Command, field reflect.StructField, target reflect.Value) error {
	cmd := &cobra.Command{Use: nameOf(field), Short: p.tag(field, "help"), Hidden: has(field, "hidden")}
	if err := p.define(cmd, cmd.Flags(), target); err != nil {
		return err
	}
	parent.AddCommand(cmd)
	if cmd.HasSubCommands() {
		cmd.Use += " <command>"
		cmd.SuggestionsMinimumDistance = parent.SuggestionsMinimumDistance
		return nil
	}
	cmd.RunE = p.choose(target.Addr().Interface())
	for _, argument := range p.arguments[cmd] {
		cmd.Use += " " + argument.title()
		cmd.DisableFlagParsing = cmd.DisableFlagParsing || argument.passthrough
	}
	if has(field, "default") {
		parent.Use = parent.Name() + " [<command>]"
		cmd.InheritedFlags() // so that its own know them
		cmd.Flags().VisitAll(parent.Flags().AddFlag)
		p.takesWords[parent] = len(p.arguments[cmd]) > 0
		parent.RunE = func(_ *cobra.Command, words []string) error {
			if err := p.noCommand(parent, words); err != nil {
				return err
			}
			return cmd.RunE(cmd, words)
		}
	}
	return nil
}

// argument adds a word that follows the command.
func (p *Program) argument(cmd *cobra.Command, field reflect.StructField, target reflect.Value) {
	f := p.read(field, target)
	f.required, f.passthrough = !has(field, "optional"), has(field, "passthrough")
	p.arguments[cmd] = append(p.arguments[cmd], f)
}

// flag adds a flag and the other names that it had.
func (p *Program) flag(cmd *cobra.Command, set *pflag.FlagSet, field reflect.StructField, target reflect.Value) error {
	f := p.read(field, target)
	f.required, f.others = has(field, "required"), set
	if f.Default != "" {
		if err := f.Use(f.Default); err != nil {
			return fmt.Errorf("default: %w", err)
		}
	}
	flag := set.VarPF(f, f.Name, f.Short, f.Help)
	if f.IsBool() {
		flag.NoOptDefVal = "true"
	}
	if f.Placeholder == "DIR" {
		flag.Annotations = map[string][]string{cobra.BashCompSubdirsInDir: {}}
	}
	if len(f.Enum) > 0 {
		_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(f.Enum, cobra.ShellCompDirectiveNoFileComp))
	}
	if alias := field.Tag.Get("aliases"); alias != "" {
		set.VarPF(f, alias, "", f.Help).Hidden = true
	}
	return nil
}

// read is what the tags of a field say.
func (p *Program) read(field reflect.StructField, target reflect.Value) *Flag {
	f := &Flag{
		Name: nameOf(field), Short: field.Tag.Get("short"), Help: p.tag(field, "help"), Default: p.tag(field, "default"),
		Placeholder: p.tag(field, "placeholder"), Env: field.Tag.Get("env"), Secret: has(field, "secret"), target: target,
	}
	if enum := p.tag(field, "enum"); enum != "" {
		f.Enum = strings.Split(enum, ",")
	}
	return f
}

// tag is a tag with what the program fills in.
func (p *Program) tag(field reflect.StructField, key string) string {
	text := field.Tag.Get(key)
	if !strings.Contains(text, "${") {
		return text
	}
	return os.Expand(text, func(name string) string { return p.options.Vars[name] })
}

func has(field reflect.StructField, key string) bool {
	_, ok := field.Tag.Lookup(key)
	return ok
}

// nameOf is how a field is written on the command line: NoBrowser is no-browser.
func nameOf(field reflect.StructField) string {
	if name := field.Tag.Get("name"); name != "" {
		return name
	}
	letters := []rune(field.Name)
	for i := len(letters) - 1; i > 0; i-- {
		if unicode.IsUpper(letters[i]) && !unicode.IsUpper(letters[i-1]) {
			letters = slices.Insert(letters, i, '-')
		}
	}
	return strings.ToLower(string(letters))
}
