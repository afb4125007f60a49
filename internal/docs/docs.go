// Package docs finds the commands in the documentation, for the tests that hold
// them against the programs' own definitions.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Pages are the texts that tell readers to type something, by path from the top
// of the repository.
func Pages(tb testing.TB) map[string]string {
	tb.Helper()
	const top = "../../" // of a package in cmd
	pages := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "release/usb/*", "deploy/*/*"} {
		paths, err := filepath.Glob(top + pattern)
		if err != nil || len(paths) == 0 {
			tb.Fatalf("%s: %d pages, %v", pattern, len(paths), err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				tb.Fatal(err)
			}
			pages[strings.TrimPrefix(path, top)] = string(text)
		}
	}
	return pages
}

var (
	fencedBlock = regexp.MustCompile("(?s)\n```[a-z]*\n(.*?)\n```")
	inline      = regexp.MustCompile("`([^`\n]+)`")
	comment     = regexp.MustCompile(`\s+#( .*)?$`)
	shellWord   = regexp.MustCompile(`(?:"[^"]*"|'[^']*'|[^\s"'])+`)
	prompt      = `^(?:\$ |> |PS> )?(?:[A-Z_]+=\S+ )*(?:sudo )?(?:podman exec \S+ /|kubectl exec \S+ -- /|go run \./cmd/|\./|bin/|/usr/(?:local/)?bin/)?`
)

// Lines are the command lines of a program in a page's blocks of code, without
// the program's name, and without what a shell takes for itself.
func Lines(page, program string) (all []string) {
	command := regexp.MustCompile(prompt + program + `(?:\.exe)? (.*)$`)
	for _, block := range fencedBlock.FindAllStringSubmatch(page, -1) {
		for line := range strings.SplitSeq(strings.ReplaceAll(block[1], "\\\n", " "), "\n") {
			if m := command.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				all = append(all, alone(m[1]))
			}
		}
	}
	return all
}

// Mentions are the commands and flags of a program that a page names in a
// sentence, between backquotes.
func Mentions(page, program string) (all []string) {
	command := regexp.MustCompile(prompt + program + ` (.+)$`)
	for _, m := range inline.FindAllStringSubmatch(fencedBlock.ReplaceAllString(page, "\n"), -1) {
		if named := command.FindStringSubmatch(m[1]); named != nil {
			all = append(all, alone(named[1]))
		}
	}
	return all
}

// Known says whether the command of a mention is one of the program's, hidden
// ones too, and has the flags that stand there. A value may be left out in a sentence.
func Known(program *cobra.Command, mention string) bool {
	command := program
	for at, word := range Words(mention) {
		if name, isFlag := strings.CutPrefix(word, "--"); isFlag {
			name, _, _ = strings.Cut(name, "=")
			if command.Flag(name) == nil {
				return false
			}
			continue
		}
		i := slices.IndexFunc(command.Commands(), func(c *cobra.Command) bool { return c.Name() == word })
		if i < 0 && at == 0 {
			return false
		}
		if i >= 0 {
			command = command.Commands()[i]
		}
		if command.Name() == "help" {
			command = program
		}
	}
	return true
}

// alone is a command line without its comment, and up to what a shell does with
// its output.
func alone(line string) string {
	line = comment.ReplaceAllString(line, "")
	for _, end := range []string{" |", " >", " &&", " 2>", ";"} {
		line, _, _ = strings.Cut(line, end)
	}
	return line
}

// Words are those of a command line, as a shell splits it.
func Words(line string) []string {
	words := shellWord.FindAllString(line, -1)
	for i, w := range words {
		words[i] = strings.NewReplacer(`"`, "", "'", "").Replace(w)
	}
	return words
}
