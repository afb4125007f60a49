package cmdline

import (
	"fmt"
	"io"
	"strings"

	"netready/internal/release"
)

// manual writes the manual page (section 1, roff) of a program, made from the definitions of
// its commands.
func (p *Program) manual(w io.Writer) error {
	var b strings.Builder
	name, text := p.options.Name, p.options.Help
	first, _, _ := strings.Cut(text, "\n")
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"%s %s\"\n.SH NAME\n%s \\- %s\n", strings.ToUpper(name), name, roff(release.Version()), name, roff(first))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n.I command\n[flags]\n.SH DESCRIPTION\n%s\n", name, roffText(text))
	for _, command := range Commands(p.Root) {
		fmt.Fprintf(&b, ".SH %s\n%s\n.PP\n.B %s\n", roff(strings.ToUpper(command.CommandPath())), roffText(about(command)), roff(command.UseLine()))
		for _, argument := range p.arguments[command] {
			fmt.Fprintf(&b, ".TP\n.I %s\n%s\n", roff(argument.Name), roffText(argument.Help))
		}
		roffFlags(&b, Flags(command))
	}
	fmt.Fprint(&b, ".SH FLAGS OF EVERY COMMAND\n")
	roffFlags(&b, flagsOf(p.Root.PersistentFlags()))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the manual: %w", err)
	}
	return nil
}

func roffFlags(w io.Writer, flags []*Flag) {
	for _, flag := range flags {
		fmt.Fprintf(w, ".TP\n.B %s\n%s\n", roff(flag.title()), roffText(flag.meaning()))
	}
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
