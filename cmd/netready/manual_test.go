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

// newLine is a command line that nothing was read into.
func newLine(t *testing.T) *commandLine {
	t.Helper()
	l, err := (&app{Ctx: t.Context(), Stdout: io.Discard, Stderr: io.Discard}).newLine()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// The manual page and the completions have every command and flag, without a list to
// maintain.
func TestManualAndCompletionsKnowEveryFlag(t *testing.T) {
	page := printed(t, "man")
	for _, command := range cmdline.Commands(newLine(t).program.Root) {
		words := strings.Fields(strings.TrimPrefix(command.CommandPath(), "netready "))
		completed := printed(t, append(append([]string{"__complete"}, words...), "--")...)
		for _, flag := range cmdline.Flags(command) {
			if !strings.Contains(page, strings.ReplaceAll("--"+flag.Name, "-", `\-`)) || !strings.Contains(completed, "--"+flag.Name+"\t") {
				t.Errorf("manual or completion lacks --%s of %s", flag.Name, command.CommandPath())
			}
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if script := printed(t, "completion", shell); !strings.Contains(script, "netready") || !strings.Contains(script, "__complete") {
			t.Errorf("%s: %.100q", shell, script)
		}
	}
	for words, want := range map[string]string{"--format": "html xlsx", "": "run ui merge"} {
		got := printed(t, "__complete", map[bool]string{true: "", false: "run"}[words == ""])
		if words != "" {
			got = printed(t, "__complete", "run", words, "")
		}
		for word := range strings.FieldsSeq(want) {
			if !strings.Contains("\n"+got, "\n"+word) {
				t.Errorf("%q completes to %q, want %s", words, got, want)
			}
		}
		if strings.Contains("\n"+got, "\nman") {
			t.Errorf("%q shows the hidden command", got)
		}
	}
	if status := run(t.Context(), []string{"completion", "tcsh"}, nil, io.Discard, io.Discard); status != exitUsage {
		t.Errorf("an unknown shell: exit status %d", status)
	}
}

// bash completes commands, nested ones too, and the flags of the command that was typed.
func TestBashCompletes(t *testing.T) {
	shell := need.Tool(t, "bash")
	folder := t.TempDir()
	script := filepath.Join(folder, "completion")
	if err := os.WriteFile(script, []byte(printed(t, "completion", "bash")), 0o600); err != nil {
		t.Fatal(err)
	}
	// The package bash-completion has this function.
	const start = `_get_comp_words_by_ref() { words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur="${words[cword]}"; prev="${words[cword-1]}"; }
		shopt -u nocasematch; source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); COMP_TYPE=9; COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
		__start_netready; echo ${COMPREPLY[@]}`
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(folder, "netready")); err != nil { // as testscript calls it
		t.Fatal(err)
	}
	for words, want := range map[string]string{
		"netready ver": "verify", "netready run --reg": "--region --regions", "netready config ch": "check", "netready run --region x --loc": "--location",
		"netready merge --app": "--append", "netready --vers": "--version", "netready verify a.json --si": "--signed",
	} {
		cmd := exec.CommandContext(t.Context(), shell, append([]string{"--norc", "-c", start, "bash", script}, strings.Fields(words)...)...)
		cmd.Env = append(os.Environ(), "PATH="+folder+string(filepath.ListSeparator)+os.Getenv("PATH"))
		out, err := cmd.Output()
		var got []string
		for word := range strings.FieldsSeq(string(out)) {
			if strings.HasPrefix(word, "-") == strings.Contains(want, "--") { // the words of a help text are not completions
				got = append(got, word)
			}
		}
		if err != nil || !strings.HasPrefix(strings.Join(got, " "), want) {
			t.Errorf("%q completes to %q, %v, want %q", words, out, err, want)
		}
	}
}

// Every command line in README and docs is one that netready takes.
func TestCommandsInDocs(t *testing.T) {
	t.Setenv("NETREADY_INVITE", "")
	found := 0
	program := newLine(t).program.Root
	for name, page := range docs.Pages(t) {
		for _, line := range docs.Lines(page, "netready") {
			found++
			if err := takes(t, line); err != nil {
				t.Errorf("%s: netready %s: %v", name, line, err)
			}
		}
		for _, mention := range docs.Mentions(page, "netready") {
			if !docs.Known(program, mention) {
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
	_, err := newLine(t).parse(docs.Words(line))
	return err
}

// A command that does not exist got the general help, and status 0.
func TestAMisspeltCommandHasNoHelp(t *testing.T) {
	for _, args := range [][]string{{"rnu", "--help"}, {"rnu"}, {"-h", "rnu"}, {"help", "rnu"}} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), args, nil, &out, &errs); status != exitUsage || out.Len() > 0 || !strings.Contains(errs.String(), `there is no command "rnu", did you mean run?`) {
			t.Errorf("%q: status %d, printed %.200q, %q", args, status, out.String(), errs.String())
		}
	}
}
