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

	"github.com/alecthomas/kong"
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
func Known(app *kong.Application, mention string) bool {
	known := func(flags []*kong.Flag, word string) bool {
		name, _, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
		return name == "help" || slices.ContainsFunc(flags, func(f *kong.Flag) bool { return f.Name == name })
	}
	node, flags := app.Node, app.Flags
	for at, word := range Words(mention) {
		if strings.HasPrefix(word, "--") {
			if node.DefaultCmd != nil {
				flags = append(slices.Clone(flags), node.DefaultCmd.Flags...)
			}
			if !known(flags, word) {
				return false
			}
			continue
		}
		i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == word })
		if i >= 0 {
			node = node.Children[i]
			flags = append(slices.Clone(flags), node.Flags...)
		} else if at == 0 && word != "help" {
			return false
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
