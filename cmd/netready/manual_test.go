package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"netready/internal/need"

	"github.com/alecthomas/kong"

	"netready/internal/cmdline"
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

// commandIn finds the command lines of netready in a page: in blocks of code
// one on a line, elsewhere in backquotes.
var (
	fencedBlock   = regexp.MustCompile("(?s)\n```[a-z]*\n(.*?)\n```")
	commandLineIn = regexp.MustCompile(`^(?:\$ |> )?(?:[A-Z_]+=\S+ )*(?:go run \./cmd/|\./|bin/)?netready(?:\.exe)? (.*)$`)
	inline        = regexp.MustCompile("`netready ([^`\n]+)`")
	comment       = regexp.MustCompile(`\s+#( .*)?$`)
	shellWord     = regexp.MustCompile(`"[^"]*"|'[^']*'|\S+`)
)

func commandsIn(page string) (all []string) {
	for _, block := range fencedBlock.FindAllStringSubmatch(page, -1) {
		for line := range strings.SplitSeq(strings.ReplaceAll(block[1], "\\\n", " "), "\n") {
			if m := commandLineIn.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				all = append(all, m[1])
			}
		}
	}
	return all
}

// mentionsIn are the commands and flags that a page mentions in a sentence.
func mentionsIn(page string) (all []string) {
	for _, m := range inline.FindAllStringSubmatch(fencedBlock.ReplaceAllString(page, "\n"), -1) {
		all = append(all, m[1])
	}
	return all
}

// has says whether the command of a mention, and its flags, exist.
func has(t *testing.T, mention string) bool {
	t.Helper()
	app := &App{Ctx: t.Context(), Stdout: io.Discard, Stderr: io.Discard}
	l, err := app.newLine()
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range cmdline.Commands(l.parser.Model) {
		rest, ok := strings.CutPrefix(mention+" ", strings.TrimPrefix(command.FullPath(), "netready ")+" ")
		if !ok {
			continue
		}
		for word := range strings.FieldsSeq(rest) {
			name, _, _ := strings.Cut(word, "=")
			known := strings.HasPrefix(name, "--") && strings.Contains(" --help --"+flagNames(command)+" ", " "+name+" ")
			if strings.HasPrefix(name, "--") && !known {
				return false
			}
		}
		return true
	}
	return strings.HasPrefix(mention, "help") || strings.HasPrefix(mention, "-")
}

func flagNames(command *kong.Node) string {
	var names []string
	for _, f := range command.Flags {
		names = append(names, f.Name)
	}
	return strings.Join(names, " --")
}

// Every command line in README and docs is one that netready takes.
func TestCommandsInDocs(t *testing.T) {
	t.Setenv("NETREADY_INVITE", "")
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	found := 0
	for _, path := range append(pages, "../../README.md", "../../CONTRIBUTING.md") {
		for _, line := range commandsIn(readAll(t, path)) {
			found++
			if err := takes(t, line); err != nil {
				t.Errorf("%s: netready %s: %v", filepath.Base(path), line, err)
			}
		}
	}
	for _, path := range append(pages, "../../README.md", "../../CONTRIBUTING.md") {
		for _, mention := range mentionsIn(readAll(t, path)) {
			if !has(t, mention) {
				t.Errorf("%s: netready %s: there is no such command or flag", filepath.Base(path), mention)
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
	line, _, _ = strings.Cut(comment.ReplaceAllString(line, ""), " | ")
	line, _, _ = strings.Cut(line, " > ")
	words := shellWord.FindAllString(line, -1)
	for i, w := range words {
		words[i] = strings.Trim(w, `"'`)
	}
	app := &App{Ctx: t.Context(), Stdout: io.Discard, Stderr: io.Discard}
	l, err := app.newLine()
	if err != nil {
		t.Fatal(err)
	}
	_, err = parse(l.parser, passedOn(cmdline.Words(words)))
	if l.exited {
		return nil
	}
	return err
}
