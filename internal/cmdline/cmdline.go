// Package cmdline is what both programs share of their command lines: errors that explain a
// missing value or unit, the words help and version, completion and manual.
package cmdline

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// Options are the parser's options for both programs: errors about values say how to write
// them.
func Options() []kong.Option {
	return []kong.Option{
		kong.TypeMapper(reflect.TypeFor[time.Duration](), kong.MapperFunc(duration)),
		kong.TypeMapper(reflect.TypeFor[int](), kong.MapperFunc(whole)),
		kong.TypeMapper(reflect.TypeFor[float64](), kong.MapperFunc(number)),
	}
}

// Words replaces "help", "help COMMAND" and "version" by the flags with the same meaning.
func Words(args []string) []string {
	if len(args) == 0 {
		return args
	}
	switch args[0] {
	case "help":
		return append(append([]string{}, args[1:]...), "--help")
	case "version":
		if len(args) == 1 {
			return []string{"--version"}
		}
	}
	return args
}

// duration reads a time with its unit: 30 alone could be seconds or
// milliseconds, and a call of 30 ms makes no sense.
func duration(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("duration", &text); err != nil {
		return err
	}
	d, err := time.ParseDuration(text)
	if err == nil {
		target.Set(reflect.ValueOf(d))
		return nil
	}
	if _, notANumber := strconv.ParseFloat(text, 64); notANumber == nil {
		return fmt.Errorf("%s has no unit: give %s", text, withUnit(text, ctx.Value))
	}
	return fmt.Errorf("%q is not a length of time: give a number with its unit, as in 60ms, 30s or 5m", text)
}

// unitWords are the units that flags here have.
var unitWords = map[string]string{"ms": "milliseconds", "s": "seconds", "m": "minutes"}

// withUnit is the number with the unit that the flag usually has, as its
// default or its placeholder shows.
func withUnit(number string, flag *kong.Value) string {
	usual := flag.Default
	if flag.Flag != nil && !strings.ContainsAny(usual, "sm") {
		usual = flag.Flag.PlaceHolder
	}
	unit := strings.TrimLeft(usual, "0123456789.")
	if words, ok := unitWords[unit]; ok && unit != usual {
		return fmt.Sprintf("%s%s for %s %s", number, unit, number, words)
	}
	return fmt.Sprintf("%ss for seconds or %sm for minutes", number, number)
}

func whole(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("number", &text); err != nil {
		return err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	target.SetInt(int64(n))
	return nil
}

func number(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("number", &text); err != nil {
		return err
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%q is not a number (decimals are written with a point)", text)
	}
	target.SetFloat(f)
	return nil
}

// Missing says which flag has no value although it needs one, and what the value is for; nil
// if all have one.
func Missing(parser *kong.Kong, args []string) error {
	flags := flagsOf(parser, args)
	for i, arg := range args {
		if arg == "--" {
			return nil
		}
		flag := flags[arg]
		if flag == nil || flag.IsBool() || flag.IsCounter() {
			continue
		}
		if i+1 < len(args) && flags[args[i+1]] == nil {
			continue
		}
		return fmt.Errorf("%s needs a value, as in %s %s: %s", arg, arg, example(flag), strings.TrimSuffix(flag.Help, "."))
	}
	return nil
}

// flagsOf are the flags of the command in args, by the way they are written.
func flagsOf(parser *kong.Kong, args []string) map[string]*kong.Flag {
	known := map[string]*kong.Flag{}
	add := func(flags []*kong.Flag) {
		for _, f := range flags {
			known["--"+f.Name] = f
			if f.Short != 0 {
				known["-"+string(f.Short)] = f
			}
		}
	}
	add(parser.Model.Flags)
	for _, command := range parser.Model.Children {
		if len(args) > 0 && command.Name == args[0] {
			add(command.Flags)
		}
	}
	return known
}

// example is an example of a flag's value.
func example(flag *kong.Flag) string {
	switch {
	case flag.PlaceHolder != "":
		return flag.PlaceHolder
	case flag.Default != "":
		return flag.Default
	}
	return strings.ToUpper(flag.Name)
}
