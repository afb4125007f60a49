// Command netready tells whether a network is ready for cloud voice.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first Ctrl-C the run winds down and writes what it has. One more
	// in the next moments is impatience; a later one ends the program at once.
	context.AfterFunc(ctx, func() {
		time.Sleep(3 * time.Second)
		stop()
	})
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run parses the arguments, runs the command and returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := &app{Ctx: ctx, Stdin: stdin, Stdout: stdout, Stderr: stderr}
	return app.report(app.dispatch(args))
}
