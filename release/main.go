// Command release makes the files that people download, from one commit: the
// programs of every system, packages, a list of what is linked in, checksums.
// Two runs on one commit make the same bytes, whatever folder the clone is in.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	out := flag.String("out", "dist", "new or own folder for the files")
	only := flag.String("only", "", "make these systems only, as in windows/amd64,linux/arm64")
	folder := flag.Bool("usb", false, "write the folder for a stick beside its archive too, ready to copy")
	signing := flag.String("sign", "", "sign what is for Windows: arguments of osslsigncode sign, as in \"-certs chain.pem -key key.pem -ts http://timestamp.example.com\"")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, dist{folder: *out, stick: *folder, signing: *signing}, *only)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, d dist, only string) error {
	c, err := headCommit(ctx)
	if err != nil {
		return err
	}
	wanted, err := choose(only)
	if err != nil {
		return err
	}
	if err := emptyFolder(d.folder); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "netready-release-")
	if err != nil {
		return fmt.Errorf("making a folder to work in: %w", err)
	}
	defer os.RemoveAll(work)
	d.ctx, d.said, d.work, d.commit = ctx, os.Stdout, work, c
	for _, step := range []func([]target) error{d.programs, d.universal, d.macBundle, d.licences, d.parts, d.responderFiles, d.linuxPackages, d.installer, d.usb} {
		if err := step(wanted); err != nil {
			return err
		}
	}
	if err := d.checksums(); err != nil {
		return err
	}
	return d.table()
}

// dist is one release in the making.
type dist struct {
	ctx    context.Context
	said   io.Writer // what is being made
	folder string
	work   string // for what is not part of the release; removed at its end
	stick  bool   // the folder for a stick is written too
	// signing are arguments of osslsigncode, "" for no signatures.
	signing string
	commit  commit
}

func (d dist) path(name string) string { return filepath.Join(d.folder, name) }

// marker distinguishes a folder that this program made from one with somebody's files.
const marker = "SHA256SUMS"

// emptyFolder makes the folder, or empties the one that an earlier run left.
func emptyFolder(out string) error {
	entries, err := os.ReadDir(out)
	if err == nil && len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(out, marker)); err != nil {
			return fmt.Errorf("the folder %s holds other files (no %s): name a new one with --out", out, marker)
		}
		if err := os.RemoveAll(out); err != nil {
			return fmt.Errorf("emptying %s: %w", out, err)
		}
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return fmt.Errorf("making the folder of the release: %w", err)
	}
	// It is written at the start, so that a run that was stopped can be repeated.
	return os.WriteFile(filepath.Join(out, marker), nil, 0o644)
}

// choose are the targets that --only names, all of them without it.
func choose(only string) ([]target, error) {
	if only == "" {
		return targets, nil
	}
	var chosen []target
	for name := range strings.SplitSeq(only, ",") {
		t, ok := targetOf(strings.TrimSpace(name))
		if !ok {
			return nil, fmt.Errorf("--only %s: no such system; there are %s", name, targetNames())
		}
		chosen = append(chosen, t)
	}
	return chosen, nil
}
