// Command netready-responder is the far end of netready's test calls: it runs
// on a host in each region.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"netready/internal/atomicfile"
	"netready/internal/cmdline"
	"netready/internal/modes"
	"netready/probe/port"
	"netready/probe/responder"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

const exitUsage = 2

// flags are the command line.
type flags struct {
	Control        string        `default:":8443" help:"Address of the HTTPS control connections."`
	Media          string        `default:"${media}" help:"Address of the UDP media."`
	Advertise      string        `placeholder:"HOST[:PORT]" help:"How agents reach the control address, for the invite (default: this host's own address)."`
	AdvertiseMedia string        `placeholder:"HOST:PORT" help:"How agents reach the media address, behind NAT or a load balancer (default: the control host)."`
	Region         string        `placeholder:"ID" help:"Region that this host stands in, for the agents' reports."`
	Data           string        `default:"netready-responder-data" placeholder:"DIR" help:"Folder that keeps key and token, so that an invite outlives a restart."`
	TLSCert        string        `name:"tls-cert" placeholder:"FILE" help:"Certificate of your own (PEM), with --tls-key."`
	TLSKey         string        `name:"tls-key" placeholder:"FILE" help:"Its key (PEM)."`
	InviteFile     string        `placeholder:"FILE" help:"Also write the invite there, readable by the owner alone."`
	Ports          string        `default:"standard" placeholder:"LIST" help:"Listeners for the firewall checks: standard, none, or a list as in udp:3478,tls:443."`
	MaxSessions    int           `default:"500" help:"Sessions at once."`
	MaxPerAddress  int           `placeholder:"N" help:"Usual calls (100 packets a second each) at once from one client address; others wait their turn (default: half of --max-packet-rate)."`
	MaxCalls       int           `default:"200" help:"Calls of one session."`
	MaxDuration    time.Duration `default:"10m" help:"Length of a call."`
	MaxPacketRate  int           `default:"50000" help:"Packets a second, both ways, all sessions."`
	Limits         string        `placeholder:"FILE" help:"Limits in a file (YAML: max_sessions, max_per_address, …), in place of these flags; SIGHUP reads it again, with certificate and tokens."`
	Verbose        bool          `short:"v" help:"Log every session."`

	Version kong.VersionFlag `help:"Print the version and exit."`
}

// run serves until ctx ends and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	exited := false
	var f flags
	args = cmdline.Words(args)
	parser, err := kong.New(&f, append(cmdline.Options(),
		kong.Name("netready-responder"),
		kong.Description("The far end of netready's test calls. It prints an invite; give that to: netready run --responder"),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { exited = true }),
		kong.Vars{"version": version(), "media": fmt.Sprintf(":%d", port.Usual("udp"))},
	)...)
	if err == nil && !slices.Contains(args, "--help") && !slices.Contains(args, "-h") {
		err = cmdline.Missing(parser, args)
	}
	if err == nil {
		_, err = parser.Parse(args)
	}
	if exited {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "netready-responder: %v (see netready-responder --help)\n", err)
		return exitUsage
	}
	if err := f.serve(ctx, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "netready-responder: %v\n", err)
		return exitUsage
	}
	return 0
}

// serve starts the responder, says how to reach it, and waits for the end.
func (f *flags) serve(ctx context.Context, stdout, stderr io.Writer) (err error) {
	signals, stop := hangups()
	defer stop()
	config, err := f.config(stderr)
	if err != nil {
		return err
	}
	server, err := responder.Start(ctx, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	// The file first: who waits for the line may then read it.
	if f.InviteFile != "" {
		if err := atomicfile.Private(f.InviteFile, []byte(server.Invite().String()+"\n")); err != nil {
			return fmt.Errorf("writing the invite: %w; choose another file with --invite-file", err)
		}
	}
	fmt.Fprintln(stdout, server.Invite().String())
	fmt.Fprintf(stdout, "control on %s (TCP), media on %s (UDP)%s\n", server.ControlAddr(), server.MediaAddr(), portsText(server))
	if asked, granted := server.Room(); granted > 0 && granted < asked {
		config.Log.Warn("the system grants the media socket less room than asked for; a flood overflows it sooner",
			"asked", asked, "granted", granted, "remedy", fmt.Sprintf("sysctl -w net.core.rmem_max=%d", asked))
	}
	f.serveUntil(ctx, server, signals, stderr)
	return nil
}

func (f *flags) config(stderr io.Writer) (responder.Config, error) {
	level := slog.LevelWarn
	if f.Verbose {
		level = slog.LevelInfo
	}
	c := responder.Config{
		Control: f.Control, Media: f.Media, Advertise: f.Advertise, AdvertiseMedia: f.AdvertiseMedia,
		Region: f.Region, Version: version(), Ports: f.Ports,
		Log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})),
	}
	if c.Ports == "none" {
		c.Ports = ""
	}
	if err := f.check(); err != nil {
		return c, err
	}
	f.tellLooseModes(stderr)
	var err error
	if c.Limits, err = f.limits(); err != nil {
		return c, err
	}
	c.Identity, err = responder.LoadIdentity(f.Data)
	if err == nil && f.TLSCert != "" {
		c.Identity, err = c.Identity.WithFiles(f.TLSCert, f.TLSKey)
	}
	return c, err
}

// tellLooseModes warns of secrets that others on this host can read.
func (f *flags) tellLooseModes(stderr io.Writer) {
	for _, file := range []struct{ path, what string }{
		{filepath.Join(f.Data, "responder.key"), "the responder's key"}, {filepath.Join(f.Data, "token"), "the token"}, {f.TLSKey, "the key of the certificate"},
	} {
		if loose := modes.Warning(file.path, file.what); loose != "" {
			fmt.Fprintln(stderr, "netready-responder: "+loose)
		}
	}
}

// check refuses what no responder can run with.
func (f *flags) check() error {
	for name, n := range map[string]int{
		"--max-sessions": f.MaxSessions, "--max-per-address": cmp.Or(f.MaxPerAddress, 1), // 0: the default
		"--max-calls": f.MaxCalls, "--max-packet-rate": f.MaxPacketRate,
	} {
		if n < 1 {
			return fmt.Errorf("%s %d: give 1 or more", name, n)
		}
	}
	switch {
	case f.MaxDuration < time.Second:
		return fmt.Errorf("--max-duration %v: give 1s or more", f.MaxDuration)
	case (f.TLSCert == "") != (f.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key go together")
	}
	if f.AdvertiseMedia != "" {
		if err := responder.CheckMedia(f.AdvertiseMedia); err != nil {
			return fmt.Errorf("--advertise-media %q: %w", f.AdvertiseMedia, err)
		}
	}
	return nil
}

func portsText(server *responder.Server) string {
	var words []string
	for _, l := range server.Listeners() {
		if l.Protocol == "udp" || l.Protocol == "tcp" || l.Protocol == "tls" { // each speaks several protocols
			words = append(words, fmt.Sprintf("%s:%d", l.Protocol, l.Port))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return ", firewall checks on " + strings.Join(words, " ")
}

// release is set at build time: -ldflags "-X main.release=v1.2.3".
var release string

func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
