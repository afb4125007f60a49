package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"netready/internal/cmdline"
	"netready/internal/docs"
)

// Manual page and completions have every command and flag, a new one by itself.
func TestManualAndCompletionsKnowEveryFlag(t *testing.T) {
	parser, _, err := newParser(io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range [][]string{{"man"}, {"completion", "bash"}, {"completion", "zsh"}, {"completion", "fish"}, {"completion", "powershell"}} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), page, &out, &errs); status != 0 {
			t.Fatalf("%v: exit status %d, %s", page, status, errs.String())
		}
		text := strings.ReplaceAll(out.String(), `\-`, "-")
		for _, command := range cmdline.Commands(parser.Model) {
			for _, flag := range command.Flags {
				if !strings.Contains(text, "--"+flag.Name) && !strings.Contains(text, "-l "+flag.Name+" ") {
					t.Errorf("%v lacks --%s of %s", page, flag.Name, command.FullPath())
				}
			}
		}
	}
}

// Every command line in README and docs is one that the program takes.
func TestCommandsInDocs(t *testing.T) {
	found := 0
	parser, _, err := newParser(io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range docs.Pages(t) {
		for _, line := range docs.Lines(page, "netready-responder") {
			found++
			if err := takes(t, docs.Words(line)); err != nil {
				t.Errorf("%s: netready-responder %s: %v", name, line, err)
			}
		}
		for _, mention := range docs.Mentions(page, "netready-responder") {
			if !docs.Known(parser.Model, mention) {
				t.Errorf("%s: netready-responder %s: there is no such command or flag", name, mention)
			}
		}
	}
	if found < 5 {
		t.Errorf("%d command lines were found: the search for them is wrong", found)
	}
	for _, wrong := range []string{"--regoin x", "invite --max-runs many", "measure", "completion tcsh"} {
		if takes(t, docs.Words(wrong)) == nil {
			t.Errorf("netready-responder %s passes", wrong)
		}
	}
}

// takes parses a command line as the program would.
func takes(t *testing.T, words []string) error {
	t.Helper()
	parser, exited, err := newParser(io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	_, err = parse(parser, words)
	if *exited {
		return nil
	}
	return err
}
