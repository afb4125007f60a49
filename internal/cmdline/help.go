package cmdline

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"netready/internal/screen"
)

// Widths of a help text, in places: that of the terminal within these bounds.
const (
	widest      = 100
	usualWidth  = 80
	firstColumn = 26 // longest name that has its text beside it
)

// row is a name and what it means.
type row struct{ name, text string }

// help prints the help of a command.
func (p *Program) help(cmd *cobra.Command) {
	w := cmd.OutOrStdout()
	width := widthOf(w)
	fmt.Fprintf(w, "Usage: %s\n\n%s\n", cmd.UseLine(), wrapped(about(cmd), width, 0))
	var arguments, commands, every []row
	for _, argument := range p.arguments[cmd] {
		arguments = append(arguments, row{argument.title(), argument.Help})
	}
	table(w, "Arguments", arguments, width)
	for _, child := range listed(cmd) {
		if below := Commands(child); len(below) == 1 { // config check
			child = below[0]
		}
		commands = append(commands, row{strings.TrimPrefix(child.CommandPath(), cmd.CommandPath()+" "), child.Short})
	}
	table(w, "Commands", commands, width)
	table(w, "Flags", rows(Flags(cmd)), width)
	every = rows(flagsOf(cmd.Root().PersistentFlags()))
	table(w, "Flags of every command", every, width)
	if len(commands) > 0 {
		path := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name())
		fmt.Fprintf(w, "\n%s help%s COMMAND explains one of the commands.\n", cmd.Root().Name(), path)
	}
}

// about is what a command is for.
func about(cmd *cobra.Command) string {
	if cmd.Long != "" {
		return cmd.Long
	}
	return cmd.Short
}

func rows(flags []*Flag) (all []row) {
	for _, f := range flags {
		name := "    " + f.title()
		if f.Short != "" {
			name = f.title()
		}
		all = append(all, row{name, f.meaning()})
	}
	return all
}

// title is how a flag or an argument is written.
func (f *Flag) title() string {
	if f.others == nil {
		name := "<" + f.Name + ">"
		if f.Placeholder != "" {
			name = "<" + f.Placeholder + ">"
		}
		if f.IsList() {
			name += " ..."
		}
		if !f.required {
			name = "[" + name + "]"
		}
		return name
	}
	title := "--" + f.Name
	if f.Short != "" {
		title = "-" + f.Short + ", " + title
	}
	if !f.IsBool() {
		title += " " + f.example()
	}
	return title
}

// meaning is what a flag means, with what is in force without it.
func (f *Flag) meaning() string {
	text := f.Help
	if f.Default != "" {
		text += " Default: " + f.Default + "."
	}
	if f.Env != "" {
		text += " Environment: " + f.Env + "."
	}
	return text
}

// table prints names and texts in two columns; the text of a long name is below it.
func table(w io.Writer, title string, rows []row, width int) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s:\n", title)
	column := 0
	for _, r := range rows {
		if n := screen.Places(r.name); n <= firstColumn {
			column = max(column, n)
		}
	}
	column += len("    ")
	for _, r := range rows {
		gap := column - len("  ") - screen.Places(r.name)
		between := strings.Repeat(" ", max(gap, 0))
		if gap < len("  ") {
			between = "\n" + strings.Repeat(" ", column)
		}
		fmt.Fprintf(w, "  %s%s%s\n", r.name, between, wrapped(r.text, width, column))
	}
}

// wrapped breaks the lines of a text at width places; what follows a break is indented.
func wrapped(text string, width, indent int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = screen.Wrap(line, width, indent, indent)
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}

// widthOf is how many places a line of help has.
func widthOf(w io.Writer) int { return min(cmp.Or(screen.Width(w), usualWidth), widest) }
