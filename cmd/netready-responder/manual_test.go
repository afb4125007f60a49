package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"netready/internal/cmdline"
	"netready/internal/docs"
)

// The manual page and the completions have every command and flag, without a list to
// maintain.
func TestManualAndCompletionsKnowEveryFlag(t *testing.T) {
	printed := func(words ...string) string {
		var out, errs bytes.Buffer
		if status := run(t.Context(), words, &out, &errs); status != 0 {
			t.Fatalf("%v: exit status %d, %s", words, status, errs.String())
		}
		return out.String()
	}
	page := strings.ReplaceAll(printed("man"), `\-`, "-")
	for _, command := range cmdline.Commands(unread(t).Root) {
		words := strings.Fields(strings.TrimPrefix(command.CommandPath(), "netready-responder "))
		completed := printed(append(append([]string{"__complete"}, words...), "--")...)
		if command.Name() == "serve" {
			completed += printed("__complete", "--control", "x", "--") // the word may be left out
		}
		for _, flag := range cmdline.Flags(command) {
			if !strings.Contains(page, "--"+flag.Name) || !strings.Contains(completed, "--"+flag.Name+"\t") {
				t.Errorf("manual or completion lacks --%s of %s", flag.Name, command.CommandPath())
			}
		}
	}
}

// unread is a command line that nothing was read into.
func unread(t *testing.T) *cmdline.Program {
	t.Helper()
	program, err := newProgram(io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// Every command line in README and docs is one that the program takes.
func TestCommandsInDocs(t *testing.T) {
	found := 0
	program := unread(t).Root
	for name, page := range docs.Pages(t) {
		for _, line := range docs.Lines(page, "netready-responder") {
			found++
			if err := takes(t, docs.Words(line)); err != nil {
				t.Errorf("%s: netready-responder %s: %v", name, line, err)
			}
		}
		for _, mention := range docs.Mentions(page, "netready-responder") {
			if !docs.Known(program, mention) {
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
	_, err := unread(t).Parse(words)
	return err
}
