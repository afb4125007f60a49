package cmdline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"netready/internal/yamlfile"
)

// needsValue says which flag has no value although it needs one, and what the value is for.
func needsValue(written string, flag *pflag.Flag) error {
	f, ok := flag.Value.(*Flag)
	if !ok {
		return fmt.Errorf("%s needs a value", written)
	}
	return fmt.Errorf("%s needs a value, as in %s %s: %s", written, written, f.example(), sentence(f.Help))
}

// unknown names the flag that was meant, where one is near.
func unknown(cmd *cobra.Command, e *pflag.NotExistError) error {
	if e.GetSpecifiedShortnames() != "" {
		return fmt.Errorf("unknown flag -%s", e.GetSpecifiedName())
	}
	var names []string
	for _, f := range slices.Concat(Flags(cmd), flagsOf(cmd.Root().PersistentFlags())) {
		names = append(names, f.Name)
	}
	if near := yamlfile.Nearest(e.GetSpecifiedName(), names); near != "" {
		return fmt.Errorf("unknown flag --%s, did you mean --%s?", e.GetSpecifiedName(), near)
	}
	return fmt.Errorf("unknown flag --%s", e.GetSpecifiedName())
}

// noCommand is the error of words that follow a group of commands, of which the first names none.
func (p *Program) noCommand(group *cobra.Command, words []string) error {
	if !group.HasSubCommands() || p.takesWords[group] || len(words) == 0 {
		return nil
	}
	return unexpected(group, words[0])
}

// Unexpected is the error of a word that a command does not take.
type Unexpected struct {
	Command *cobra.Command
	Word    string
}

func (e *Unexpected) Error() string { return "unexpected argument " + e.Word }

// unexpected is the error of a word that nothing takes. It names the command that was meant, where
// one is near.
func unexpected(cmd *cobra.Command, word string) error {
	if !cmd.HasSubCommands() {
		return &Unexpected{cmd, word}
	}
	if near := cmd.SuggestionsFor(word); len(near) > 0 && word != "" {
		return fmt.Errorf("there is no command %q, did you mean %s?", word, strings.Join(near, " or "))
	}
	return fmt.Errorf("there is no command %q", word)
}

// listed are the commands below one that a reader is told of.
func listed(cmd *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool { return !c.IsAvailableCommand() })
}

// Commands are those that a user can give, nested ones too: "config check".
func Commands(cmd *cobra.Command) (all []*cobra.Command) {
	for _, child := range listed(cmd) {
		if below := Commands(child); len(below) > 0 {
			all = append(all, below...)
		} else {
			all = append(all, child)
		}
	}
	return all
}

// sentence is a text without its last full stop, to go on with.
func sentence(text string) string { return strings.TrimSuffix(text, ".") }
