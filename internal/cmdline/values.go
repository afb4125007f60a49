package cmdline

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// read sets a target of one of the types that flags have.
func (f *Flag) read(target reflect.Value, text string) error {
	if target.Kind() == reflect.Pointer {
		into := reflect.New(target.Type().Elem())
		if err := f.read(into.Elem(), text); err != nil {
			return err
		}
		target.Set(into)
		return nil
	}
	if own, ok := reflect.TypeAssert[encoding.TextUnmarshaler](target.Addr()); ok {
		return own.UnmarshalText([]byte(text))
	}
	if target.Type() == reflect.TypeFor[time.Duration]() {
		return f.duration(target, text)
	}
	switch target.Kind() {
	case reflect.String:
		target.SetString(text)
	case reflect.Bool:
		return boolean(target, text)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		target.SetInt(int64(n))
	case reflect.Uint32:
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return fmt.Errorf("%q is not a whole number of 0 or more", text)
		}
		target.SetUint(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%q is not a number (decimals are written with a point)", text)
		}
		target.SetFloat(n)
	default:
		return fmt.Errorf("no flag can be a %s", target.Type())
	}
	return nil
}

func boolean(target reflect.Value, text string) error {
	switch strings.ToLower(text) {
	case "true", "1", "yes":
		target.SetBool(true)
	case "false", "0", "no":
		target.SetBool(false)
	default:
		return fmt.Errorf("%q is neither true nor false", text)
	}
	return nil
}

// duration reads a time with its unit: 30 alone could be seconds or
// milliseconds, and a call of 30 ms makes no sense.
func (f *Flag) duration(target reflect.Value, text string) error {
	d, err := time.ParseDuration(text)
	if err == nil {
		target.SetInt(int64(d))
		return nil
	}
	if _, notANumber := strconv.ParseFloat(text, 64); notANumber == nil {
		return fmt.Errorf("%s has no unit: give %s", text, f.withUnit(text))
	}
	return fmt.Errorf("%q is not a length of time: give a number with its unit, as in 60ms, 30s or 5m", text)
}

// unitWords are the units that flags here have.
var unitWords = map[string]string{"ms": "milliseconds", "s": "seconds", "m": "minutes"}

// withUnit is the number with the unit that the flag usually has, as its
// default or its placeholder shows.
func (f *Flag) withUnit(number string) string {
	usual := f.Default
	if !strings.ContainsAny(usual, "sm") {
		usual = f.Placeholder
	}
	unit := strings.TrimLeft(usual, "0123456789.")
	if words, ok := unitWords[unit]; ok && unit != usual {
		return fmt.Sprintf("%s%s for %s %s", number, unit, number, words)
	}
	return fmt.Sprintf("%ss for seconds or %sm for minutes", number, number)
}
