package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// A target is a system and a processor that programs are made for.
type target struct {
	os, arch string // as Go names them
	arm      string // GOARM
}

var targets = []target{
	{os: "windows", arch: "amd64"},
	{os: "windows", arch: "arm64"},
	{os: "darwin", arch: "amd64"},
	{os: "darwin", arch: "arm64"},
	{os: "linux", arch: "amd64"},
	{os: "linux", arch: "arm64"},
	{os: "linux", arch: "arm", arm: "7"},
}

// programNames are the commands of this module.
var programNames = []string{"netready", "netready-responder"}

func (t target) name() string {
	system := map[string]string{"darwin": "macos"}[t.os]
	if system == "" {
		system = t.os
	}
	return system + "-" + t.processor()
}

// processor is the architecture with its version: armv7.
func (t target) processor() string {
	if t.arm != "" {
		return "armv" + t.arm
	}
	return t.arch
}

// file is the name under which a program of the target is downloaded.
func (t target) file(program string) string {
	if t.os == "windows" {
		return program + "-" + t.name() + ".exe"
	}
	return program + "-" + t.name()
}

func targetOf(name string) (target, bool) {
	i := slices.IndexFunc(targets, func(t target) bool { return t.os+"/"+t.processor() == name })
	if i < 0 {
		return target{}, false
	}
	return targets[i], true
}

func targetNames() string {
	var names []string
	for _, t := range targets {
		names = append(names, t.os+"/"+t.processor())
	}
	return strings.Join(names, ", ")
}

// programs builds both programs for each target. The responder is for hosts
// that stay on: it is not made for Windows and macOS.
func (d dist) programs(wanted []target) error {
	for _, t := range wanted {
		for _, program := range programNames {
			if program == "netready-responder" && t.os != "linux" {
				continue
			}
			if err := d.build(t, program); err != nil {
				return err
			}
			if t.os == "windows" {
				if err := d.addResources(t, program); err != nil {
					return err
				}
				if err := d.sign(d.path(t.file(program))); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// linking are the linker's flags that decide about the size: neither symbols nor DWARF, and
// functions that begin every 16 bytes, as those of C compilers do, and not every 32.
func (t target) linking() string {
	if t.arch == "amd64" {
		return "-s -w -funcalign 16"
	}
	return "-s -w"
}

// cold lists the packages that are compiled without inlining.
//
//go:embed cold.txt
var cold string

// compiling are the compiler's flags that decide about the size.
func compiling() (flags []string) {
	for line := range strings.Lines(cold) {
		if pattern := strings.TrimSpace(line); pattern != "" && !strings.HasPrefix(pattern, "#") {
			flags = append(flags, "-gcflags="+pattern+"=-l")
		}
	}
	return flags
}

// build makes one static program without paths of this machine in it.
func (d dist) build(t target, program string) error {
	name := t.file(program)
	fmt.Fprintln(d.said, "build", name)
	flags := fmt.Sprintf("%s -buildid= -X 'netready/internal/release.stamp=%s'", t.linking(), d.commit.stamp())
	args := slices.Concat([]string{"build", "-trimpath", "-buildvcs=true", "-ldflags", flags, "-o", d.path(name)}, compiling(), []string{"./cmd/" + program})
	c := exec.CommandContext(d.ctx, "go", args...)
	c.Env = append(os.Environ(), "GOOS="+t.os, "GOARCH="+t.arch, "GOARM="+t.arm, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if t.arm == "" {
		c.Env = append(c.Env, "GOARM=7") // what Go takes where nothing is said depends on the machine
	}
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("building %s: %w", name, err)
	}
	return os.Chtimes(d.path(name), d.commit.date, d.commit.date)
}
