package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"netready/internal/cmdline"
	"netready/internal/docs"
	"netready/internal/need"
)

// printed is what a command prints on stdout.
func printed(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if status := run(t.Context(), args, nil, &out, &errs); status != 0 {
		t.Fatalf("%v: exit status %d, %s", args, status, errs.String())
	}
	return out.String()
}

// Manual page and completions have every command and flag, a new one by itself.
func TestManualAndCompletionsKnowEveryFlag(t *testing.T) {
	app := &App{Ctx: t.Context(), Stdout: io.Discard, Stderr: io.Discard}
	l, err := app.newLine()
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{"man": printed(t, "man")}
	for _, shell := range cmdline.Shells() {
		pages[shell] = printed(t, "completion", shell)
	}
	for name, page := range pages {
		for _, command := range cmdline.Commands(l.parser.Model) {
			for _, flag := range command.Flags {
				want := map[string]string{"man": strings.ReplaceAll("--"+flag.Name, "-", `\-`), "fish": "-l " + flag.Name + " "}[name]
				if want == "" {
					want = "--" + flag.Name
				}
				if !strings.Contains(page, want) {
					t.Errorf("%s lacks %s of %s", name, want, command.FullPath())
				}
			}
		}
		if strings.Contains(page, "completion man") {
			t.Errorf("%s shows the hidden command", name)
		}
	}
	if status := run(t.Context(), []string{"completion", "tcsh"}, nil, io.Discard, io.Discard); status != exitUsage {
		t.Errorf("an unknown shell: exit status %d", status)
	}
}

// bash completes commands, nested ones, and the flags of the command that stands there.
func TestBashCompletes(t *testing.T) {
	shell := need.Tool(t, "bash")
	script := filepath.Join(t.TempDir(), "completion")
	if err := os.WriteFile(script, []byte(printed(t, "completion", "bash")), 0o600); err != nil {
		t.Fatal(err)
	}
	for words, want := range map[string]string{
		"netready ver": "verify", "netready run --reg": "--region --regions", "netready config ch": "check", "netready run --region x --loc": "--location",
		"netready merge --app": "--append", "netready --vers": "--version", "netready verify a.json --si": "--signed",
	} {
		all := strings.Fields(words)
		code := `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _netready; echo "${COMPREPLY[@]}"`
		out, err := exec.CommandContext(t.Context(), shell, append([]string{"--norc", "-c", code, "bash", script}, all...)...).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%q completes to %q, %v, want %q", words, out, err, want)
		}
	}
}

// Every command line in README and docs is one that netready takes.
func TestCommandsInDocs(t *testing.T) {
	t.Setenv("NETREADY_INVITE", "")
	found := 0
	l, err := (&App{Ctx: t.Context(), Stdout: io.Discard, Stderr: io.Discard}).newLine()
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range docs.Pages(t) {
		for _, line := range docs.Lines(page, "netready") {
			found++
			if err := takes(t, line); err != nil {
				t.Errorf("%s: netready %s: %v", name, line, err)
			}
		}
		for _, mention := range docs.Mentions(page, "netready") {
			if !docs.Known(l.parser.Model, mention) {
				t.Errorf("%s: netready %s: there is no such command or flag", name, mention)
			}
		}
	}
	if found < 10 {
		t.Errorf("%d command lines were found: the search for them is wrong", found)
	}
	for _, wrong := range []string{"run --regoin x", "measure", "run --duration 30", "completion tcsh", "merge --nowhere"} {
		if takes(t, wrong) == nil {
			t.Errorf("netready %s passes", wrong)
		}
	}
}

// takes parses a command line as netready would.
func takes(t *testing.T, line string) error {
	t.Helper()
	app := &App{Ctx: t.Context(), Stdout: io.Discard, Stderr: io.Discard}
	l, err := app.newLine()
	if err != nil {
		t.Fatal(err)
	}
	_, err = parse(l.parser, passedOn(cmdline.Words(docs.Words(line))))
	if l.exited {
		return nil
	}
	return err
}
