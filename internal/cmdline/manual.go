package cmdline

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Manual writes the manual page (section 1, roff) of a program, made from the definitions of
// its commands.
func Manual(w io.Writer, app *kong.Application, version string) error {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"%s %s\"\n.SH NAME\n%s \\- %s\n", strings.ToUpper(app.Name), app.Name, roff(version), app.Name, roff(firstLine(app.Help)))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n.I command\n[flags]\n.SH DESCRIPTION\n%s\n", app.Name, roffText(app.Help))
	for _, command := range Commands(app) {
		fmt.Fprintf(&b, ".SH %s\n%s\n.PP\n.B %s\n", roff(strings.ToUpper(command.FullPath())), roffText(command.Help), roff(command.Summary()))
		for _, arg := range command.Positional {
			fmt.Fprintf(&b, ".TP\n.I %s\n%s\n", roff(arg.Name), roffText(arg.Help))
		}
		for _, flag := range command.Flags {
			if flag.Hidden {
				continue
			}
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(flag.String()), roffText(flagHelp(flag)))
		}
	}
	fmt.Fprint(&b, ".SH FLAGS OF EVERY COMMAND\n")
	for _, flag := range app.Flags {
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(flag.String()), roffText(flag.Help))
	}
	_, err := io.WriteString(w, b.String())
	if err != nil {
		return fmt.Errorf("writing the manual: %w", err)
	}
	return nil
}

// Commands are those that a user can give, nested ones too: "config check".
func Commands(app *kong.Application) []*kong.Node { return app.Leaves(true) }

func flagHelp(flag *kong.Flag) string {
	help := []string{flag.Help}
	if flag.Default != "" && !flag.IsBool() {
		help = append(help, "Default: "+flag.Default+".")
	}
	for _, name := range flag.Envs {
		help = append(help, "Environment: "+name+".")
	}
	return strings.Join(help, " ")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// roff escapes what roff would read as commands.
func roff(text string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
}

// roffText is text in paragraphs; a line that begins with . or ' is no request.
func roffText(text string) string {
	var out []string
	for line := range strings.SplitSeq(roff(strings.TrimSpace(text)), "\n") {
		switch {
		case line == "":
			line = ".PP"
		case strings.HasPrefix(line, "."), strings.HasPrefix(line, "'"):
			line = `\&` + line
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}
