// Command netready-responder is the far end of netready's test calls: it runs
// on a host in each region.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"netready/internal/cmdline"
	"netready/internal/release"
	"netready/probe/port"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

const exitUsage = 2

// cli is the command line. Without a command it serves.
type cli struct {
	Serve   serveCmd   `cmd:"" default:"withargs" help:"Serve test calls until SIGTERM. The word serve may be left out. Agents need the invite that it prints: netready run --responder INVITE. Other commands: invite, revoke, list, compact, delete, regions (netready-responder help invite)."`
	Invite  inviteCmd  `cmd:"" help:"Make an invite for one organisation, with an expiry and a number of runs. The responder accepts it at once."`
	Revoke  revokeCmd  `cmd:"" help:"End such an invite."`
	List    listCmd    `cmd:"" help:"Show the invites of organisations: their runs, and whether they are still valid."`
	Compact compactCmd `cmd:"" help:"Do the nightly work of the store of results now: the index, and Parquet of the days that are over."`
	Delete  deleteCmd  `cmd:"" help:"Delete results from the store, finally: those of a run, of an organisation, or older than a date."`
	Regions regionsCmd `cmd:"" help:"Make a regions.yaml from the outputs of stacks (CloudFormation, Terraform)."`

	Completion cmdline.CompletionCmd `cmd:"" help:"Print the completion of commands and flags for a shell."`
	Man        cmdline.ManCmd        `cmd:"" hidden:"" help:"Print the manual page (roff), for packages: netready-responder man > netready-responder.1"`

	Version kong.VersionFlag `help:"Print the version and exit."`
}

// app is what a command gets to work with.
type app struct {
	ctx            context.Context //nolint:containedctx // of the one command that runs
	stdout, stderr io.Writer
	given          []string // keys of the flags that the command line has
}

// run carries a command out and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	parser, exited, err := newParser(stdout, stderr)
	var command *kong.Context
	if err == nil {
		command, err = parse(parser, args)
	}
	if *exited {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "netready-responder: %v (see netready-responder --help)\n", err)
		return exitUsage
	}
	if err := command.Run(&app{ctx, stdout, stderr, given(command)}); err != nil {
		fmt.Fprintf(stderr, "netready-responder: %v\n", err)
		return exitUsage
	}
	return 0
}

// newParser is a command line that nothing was read into; exited turns true
// where --help or --version print their text.
func newParser(stdout, stderr io.Writer) (parser *kong.Kong, exited *bool, err error) {
	exited = new(bool)
	parser, err = kong.New(&cli{}, append(cmdline.Options(),
		kong.Name("netready-responder"),
		kong.Description("The far end of netready's test calls. It prints an invite; give that to: netready run --responder"),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { *exited = true }),
		kong.Vars{"version": release.Full(), "media": fmt.Sprintf(":%d", port.Usual("udp"))},
	)...)
	return parser, exited, err
}

// parse reads the arguments; what is missing in them is said in plain words.
func parse(parser *kong.Kong, args []string) (*kong.Context, error) {
	args = withCommand(cmdline.Words(args))
	if !slices.Contains(args, "--help") && !slices.Contains(args, "-h") {
		if err := cmdline.Missing(parser, args); err != nil {
			return nil, err
		}
	}
	return parser.Parse(args)
}

// withCommand adds the word serve if it was left out, so that its flags are known when the
// arguments are checked, and --help shows them.
func withCommand(args []string) []string {
	if len(args) == 1 && args[0] == "--version" || len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return args
	}
	return append([]string{"serve"}, args...)
}
