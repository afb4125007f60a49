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
	exited := false
	var c cli
	args = withCommand(cmdline.Words(args))
	parser, err := kong.New(&c, append(cmdline.Options(),
		kong.Name("netready-responder"),
		kong.Description("The far end of netready's test calls. It prints an invite; give that to: netready run --responder"),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { exited = true }),
		kong.Vars{"version": version(), "media": fmt.Sprintf(":%d", port.Usual("udp"))},
	)...)
	if err == nil && !slices.Contains(args, "--help") && !slices.Contains(args, "-h") {
		err = cmdline.Missing(parser, args)
	}
	var command *kong.Context
	if err == nil {
		command, err = parser.Parse(args)
	}
	if exited {
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

// withCommand adds the word serve if it was left out, so that its flags are known when the
// arguments are checked, and --help shows them.
func withCommand(args []string) []string {
	if len(args) == 1 && args[0] == "--version" || len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return args
	}
	return append([]string{"serve"}, args...)
}

// release is set at build time: -ldflags "-X main.release=v1.2.3".
var release string

func version() string { return cmdline.Version(release) }
