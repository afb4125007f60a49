// Command netready-responder is the far end of netready's test calls: it runs
// on a host in each region.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"netready/internal/cmdline"
	"netready/probe/port"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

const exitUsage = 2

// cli is the command line; package cmdline adds help, version and completion. Without a command
// it serves.
type cli struct {
	Serve   serveCmd   `cmd:"" default:"" help:"Serve test calls until SIGTERM. The word serve may be left out. Agents need the invite that it prints: netready run --responder INVITE."`
	Invite  inviteCmd  `cmd:"" help:"Make an invite for one organisation, with an expiry and a number of runs. The responder accepts it at once."`
	Revoke  revokeCmd  `cmd:"" help:"End such an invite."`
	List    listCmd    `cmd:"" help:"Show the invites of organisations: their runs, and whether they are still valid."`
	Compact compactCmd `cmd:"" help:"Do the nightly work of the store of results now: the index, and Parquet of the days that are over."`
	Delete  deleteCmd  `cmd:"" help:"Delete results from the store; they cannot be restored: those of a run, of an organisation, or older than a date."`
	Regions regionsCmd `cmd:"" help:"Make a regions.yaml from the outputs of stacks (CloudFormation, Terraform)."`
}

// app is what a command gets to work with.
type app struct {
	ctx            context.Context //nolint:containedctx // of the one command that runs
	stdout, stderr io.Writer
	given          []string // keys of the flags that the command line has
}

// run executes a command and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	program, err := newProgram(stdout, stderr)
	var command *cmdline.Chosen
	if err == nil {
		command, err = program.Parse(args)
	}
	if err == nil && command != nil {
		err = command.Target.(interface{ Run(a *app) error }).Run(&app{ctx, stdout, stderr, given(command)})
	}
	if err != nil {
		fmt.Fprintf(stderr, "netready-responder: %v\n", err)
		return exitUsage
	}
	return 0
}

// newProgram is a command line that nothing was read into.
func newProgram(stdout, stderr io.Writer) (*cmdline.Program, error) {
	return cmdline.New(cmdline.Options{
		Name:   "netready-responder",
		Help:   "The far end of netready's test calls. It prints an invite; give that to: netready run --responder",
		Vars:   map[string]string{"media": fmt.Sprintf(":%d", port.Usual("udp"))},
		Stdout: stdout, Stderr: stderr,
	}, &cli{})
}
