package main

import (
	"testing"
	"time"
)

func TestCallLength(t *testing.T) {
	for text, want := range map[string]callLength{
		"30s": {Duration: 30 * time.Second}, "2m": {Duration: 2 * time.Minute}, "auto": {autoAtMost, true},
	} {
		var got callLength
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "30", "Auto", "automatic", "5 minutes"} {
		if err := new(callLength).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
