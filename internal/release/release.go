// Package release tells which build this is: version, commit and date, stamped
// from git when a program is linked.
package release

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
)

// stamp is set by the linker: -ldflags "-X 'netready/internal/release.stamp=v1.2.3 HASH DATE'",
// with the commit's date in RFC 3339, UTC. The version alone does too.
var stamp string

// Version names this build, as results (tool.version) and pages do: a tag, or
// what git describes; "dev" where nothing is known.
func Version() string { return this().version }

// Full is Version with the commit and its date, for --version.
func Full() string { return this().String() }

// build is what is known of a build.
type build struct{ version, commit, date string }

func (b build) String() string {
	if b.commit == "" {
		return b.version
	}
	return fmt.Sprintf("%s (commit %.12s of %s)", b.version, b.commit, b.date)
}

var this = sync.OnceValue(func() build {
	info, _ := debug.ReadBuildInfo()
	return of(stamp, info)
})

// of reads a stamp; what is not in it Go may have noted in the program.
func of(stamp string, info *debug.BuildInfo) build {
	words := append(strings.Fields(stamp), "", "", "")
	b := build{version: words[0], commit: words[1], date: words[2]}
	if info == nil {
		info = &debug.BuildInfo{}
	}
	if main := info.Main.Version; main != "(devel)" {
		b.version = cmp.Or(b.version, main)
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = cmp.Or(b.commit, s.Value)
		case "vcs.time":
			b.date = cmp.Or(b.date, s.Value)
		}
	}
	b.version = cmp.Or(b.version, "dev")
	return b
}
