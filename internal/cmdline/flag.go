package cmdline

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Flag is a flag or an argument, as a field of a command's struct defines it. It is pflag's value.
type Flag struct {
	Name, Short, Help    string
	Default, Placeholder string
	Env                  string   // environment variable
	Enum                 []string // the only values, if any
	Secret               bool     // its value may hold a secret
	Given                bool     // on the command line

	required, passthrough bool
	target                reflect.Value
	others                *pflag.FlagSet // flags of the same command
}

// Flags are those of a command, without those of every command.
func Flags(cmd *cobra.Command) (all []*Flag) { return flagsOf(cmd.LocalNonPersistentFlags()) }

func flagsOf(set *pflag.FlagSet) (all []*Flag) {
	set.SortFlags = false
	set.VisitAll(func(pf *pflag.Flag) {
		if f, ok := pf.Value.(*Flag); ok && pf.Name == f.Name { // an alias has another
			all = append(all, f)
		}
	})
	return all
}

// Kind is the type of the field.
func (f *Flag) Kind() reflect.Type { return f.target.Type() }

// IsBool tells whether the flag is a switch, without a value.
func (f *Flag) IsBool() bool { return f.target.Kind() == reflect.Bool }

// IsList tells whether it takes several values, with commas or given repeatedly.
func (f *Flag) IsList() bool { return f.target.Kind() == reflect.Slice }

// example is an example of its value.
func (f *Flag) example() string {
	return cmp.Or(f.Placeholder, f.Default, strings.ToUpper(f.Name))
}

// errNoValue stands for a flag where a value is expected.
var errNoValue = errors.New("a value is missing")

// Set takes a value of the command line.
func (f *Flag) Set(text string) error {
	if f.isFlag(text) {
		return errNoValue
	}
	if f.IsList() && !f.Given {
		f.target.SetZero()
	}
	f.Given = true
	return f.add(f.split(text)...)
}

// isFlag tells whether a value is rather the next flag: --region --quiet.
func (f *Flag) isFlag(text string) bool {
	name, long := strings.CutPrefix(text, "--")
	short, isShort := strings.CutPrefix(text, "-")
	return long && (name == "" || f.others.Lookup(name) != nil) || isShort && len(short) == 1 && f.others.ShorthandLookup(short) != nil
}

// Use sets the value to a text as it is written on a command line, in place of an earlier one.
func (f *Flag) Use(text string) error {
	if f.IsList() {
		f.target.SetZero()
	}
	return f.add(f.split(text)...)
}

// Check tells whether Use would take a text.
func (f *Flag) Check(text string) error {
	trial := *f
	trial.target = reflect.New(f.target.Type()).Elem()
	return trial.Use(text)
}

func (f *Flag) split(text string) []string {
	if f.IsList() {
		return strings.Split(text, ",")
	}
	return []string{text}
}

// add reads words: the values of a list, otherwise one.
func (f *Flag) add(words ...string) error {
	for _, word := range words {
		if len(f.Enum) > 0 && !slices.Contains(f.Enum, word) {
			return fmt.Errorf("%q is not one of %s", word, strings.Join(f.Enum, ", "))
		}
		if f.IsList() {
			f.target.Set(reflect.Append(f.target, reflect.ValueOf(word)))
		} else if err := f.read(f.target, word); err != nil {
			return err
		}
	}
	return nil
}

// String is the value as it is written on a command line, "" where there is none.
func (f *Flag) String() string {
	v := f.target
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	if words, ok := reflect.TypeAssert[[]string](v); ok {
		return strings.Join(words, ",")
	}
	return fmt.Sprint(v.Interface())
}

// Type tells cobra whether the flag needs a value and may be repeated.
func (f *Flag) Type() string {
	switch {
	case f.IsBool():
		return "bool"
	case f.IsList():
		return "stringSlice"
	}
	return "string"
}
