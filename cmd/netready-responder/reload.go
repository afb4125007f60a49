package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"netready/internal/atomicfile"
	"netready/internal/yamlfile"
	"netready/probe/responder"
)

// limitsFile is what --limits holds. A key that is missing leaves the flag's value.
type limitsFile struct {
	Sessions   *int           `yaml:"max_sessions"`
	PerAddress *int           `yaml:"max_per_address"`
	Calls      *int           `yaml:"max_calls"`
	Duration   *time.Duration `yaml:"max_duration"`
	PacketRate *int           `yaml:"max_packet_rate"`
}

// limits are those of the flags, with those of the file in their place.
func (f *flags) limits() (responder.Limits, error) {
	own := *f // what the file says holds until it is read again
	f = &own
	if f.Limits != "" {
		data, err := yamlfile.Read(f.Limits)
		if err != nil {
			return responder.Limits{}, fmt.Errorf("--limits: %w", err)
		}
		var given limitsFile
		if _, err := yamlfile.Decode(f.Limits, data, &given); err != nil {
			return responder.Limits{}, fmt.Errorf("--limits: %w", err)
		}
		take(&f.MaxSessions, given.Sessions)
		take(&f.MaxPerAddress, given.PerAddress)
		take(&f.MaxCalls, given.Calls)
		take(&f.MaxDuration, given.Duration)
		take(&f.MaxPacketRate, given.PacketRate)
		if err := f.check(); err != nil {
			return responder.Limits{}, fmt.Errorf("--limits %s: %w", f.Limits, err)
		}
	}
	return responder.Limits{
		Sessions: f.MaxSessions, PerAddress: f.MaxPerAddress, Calls: f.MaxCalls,
		Duration: f.MaxDuration, PacketRate: f.MaxPacketRate,
	}, nil
}

func take[T any](into, given *T) {
	if given != nil {
		*into = *given
	}
}

// hangups are the SIGHUP signals from now on, until the returned function.
func hangups() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// serveUntil reloads at each signal, until ctx ends.
func (f *flags) serveUntil(ctx context.Context, server *responder.Server, signals <-chan os.Signal, stderr io.Writer) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			f.reload(server, stderr)
		}
	}
}

// reload reads all files again and says what is different. A bad file leaves
// everything as it was.
func (f *flags) reload(server *responder.Server, stderr io.Writer) {
	identity, limits, err := f.reread()
	if err != nil {
		fmt.Fprintf(stderr, "netready-responder: not reloaded, all stays as it was: %v\n", err)
		return
	}
	before := server.Invite().String()
	changes := server.Reload(identity, limits)
	files := "certificate, tokens"
	if f.Limits != "" {
		files += ", limits"
	}
	if len(changes) == 0 {
		changes = []string{"nothing is different"}
	}
	fmt.Fprintf(stderr, "netready-responder: reloaded %s: %s\n", files, strings.Join(changes, "; "))
	if invite := server.Invite().String(); f.InviteFile != "" && invite != before {
		if err := atomicfile.Private(f.InviteFile, []byte(invite+"\n")); err != nil {
			fmt.Fprintf(stderr, "netready-responder: the new invite could not be written: %v; choose another file with --invite-file and restart\n", err)
		}
	}
}

func (f *flags) reread() (responder.Identity, responder.Limits, error) {
	limits, err := f.limits()
	if err != nil {
		return responder.Identity{}, limits, err
	}
	identity, err := responder.RereadIdentity(f.Data)
	if err == nil && f.TLSCert != "" {
		identity, err = identity.WithFiles(f.TLSCert, f.TLSKey)
	}
	return identity, limits, err
}
