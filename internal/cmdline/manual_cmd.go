package cmdline

import (
	"github.com/alecthomas/kong"

	"netready/internal/release"
)

// CompletionCmd is the command "completion" of both programs.
type CompletionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish,powershell" help:"bash, zsh, fish or powershell. The first line of what is printed says how to use it."`
}

// Run prints the completion of a shell.
func (c *CompletionCmd) Run(k *kong.Context) error { return Completion(k.Stdout, k.Model, c.Shell) }

// ManCmd is the command "man" of both programs: the manual page, for packages.
type ManCmd struct{}

// Run prints the manual page.
func (c *ManCmd) Run(k *kong.Context) error { return Manual(k.Stdout, k.Model, release.Version()) }
