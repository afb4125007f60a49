package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers the format
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm" // registers the format
)

// unitName is the hardened unit of the responder, the same that deploy/systemd installs.
const unitName = "netready-responder.service"

// responderFiles makes the release files that deploy/ installs on hosts.
func (d dist) responderFiles(wanted []target) error {
	folder, err := filepath.Abs(d.folder)
	if err != nil {
		return fmt.Errorf("finding the folder of the release: %w", err)
	}
	for _, t := range wanted {
		if t.os != "linux" || t.arm != "" {
			continue
		}
		fmt.Fprintln(d.said, "pack  netready-responder-linux-"+t.arch+".tar.gz")
		c := exec.CommandContext(d.ctx, "make", "--no-print-directory", "--silent", "release-responder", "DIST="+folder, "ARCHES="+t.arch, "STAMP="+d.commit.stamp())
		c.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", d.commit.date.Unix()))
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("make release-responder: %w\n%s", err, out)
		}
	}
	return nil
}

// packagedUnit writes the unit with the program where packages put it.
func (d dist) packagedUnit() error {
	unit, err := os.ReadFile(filepath.Join("deploy/systemd", unitName))
	if err != nil {
		return fmt.Errorf("reading the unit: %w", err)
	}
	unit = bytes.ReplaceAll(unit, []byte("/usr/local/bin/"), []byte("/usr/bin/"))
	return os.WriteFile(filepath.Join(d.work, unitName), unit, 0o644)
}

// linuxPackages makes a deb and an rpm of each program for each Linux.
func (d dist) linuxPackages(wanted []target) error {
	if err := d.packagedUnit(); err != nil {
		return err
	}
	helpers := map[string]files.Contents{}
	for _, program := range programNames {
		var err error
		if helpers[program], err = d.helpers(wanted, program); err != nil {
			return err
		}
	}
	for _, t := range wanted {
		if t.os != "linux" {
			continue
		}
		for _, program := range programNames {
			for _, format := range []string{"deb", "rpm"} {
				if err := d.linuxPackage(t, program, format, helpers[program]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

var descriptions = map[string]string{
	"netready":           "tells whether a network is ready for cloud voice\nPlaces test calls to a far end in a chosen region, measures jitter, loss,\ndiscards, order and MOS both ways, the round trip, the bandwidth and every\nfirewall port, and says where the fault lies.",
	"netready-responder": "the far end of netready's test calls\nAnswers test calls of netready agents that hold an invite. Runs as a\nhardened service on a host in each region.",
}

func (d dist) linuxPackage(t target, program, format string, helpers files.Contents) error {
	name := fmt.Sprintf("%s-%s.%s", program, t.name(), format)
	fmt.Fprintln(d.said, "pack ", name)
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: program, Arch: t.arch + t.arm, Platform: "linux",
		Version: d.commit.packageVersion(), VersionSchema: "none", Section: "net", Priority: "optional",
		Maintainer: "netready", Description: descriptions[program], MTime: d.commit.date,
		Overridables: nfpm.Overridables{Contents: append(d.contents(t, program), helpers...)},
	})
	info.RPM.BuildHost = "netready"
	info.RPM.Group = "Applications/Internet"
	if program == "netready-responder" {
		info.Scripts = nfpm.Scripts{PostInstall: "release/responder/postinstall.sh", PreRemove: "release/responder/preremove.sh", PostRemove: "release/responder/postremove.sh"}
	}
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	if err := nfpm.PrepareForPackager(info, format); err != nil {
		return fmt.Errorf("preparing %s: %w", name, err)
	}
	f, err := os.Create(d.path(name))
	if err != nil {
		return fmt.Errorf("making %s: %w", name, err)
	}
	defer f.Close()
	if err := packager.Package(info, f); err != nil {
		return fmt.Errorf("packing %s: %w", name, err)
	}
	return f.Close()
}

// helpers are the manual page and the completions of shells, printed by the
// program that was built for this machine; none where --only left that out.
func (d dist) helpers(wanted []target, program string) (files.Contents, error) {
	own := slices.IndexFunc(wanted, func(t target) bool { return t.os == runtime.GOOS && t.arch == runtime.GOARCH })
	if own < 0 || runtime.GOOS != "linux" {
		return nil, nil
	}
	tool, err := filepath.Abs(d.path(wanted[own].file(program)))
	if err != nil {
		return nil, fmt.Errorf("finding the program: %w", err)
	}
	var all files.Contents
	for _, h := range []struct{ command, path string }{
		{"man", "/usr/share/man/man1/" + program + ".1.gz"},
		{"completion bash", "/usr/share/bash-completion/completions/" + program},
		{"completion zsh", "/usr/share/zsh/vendor-completions/_" + program},
		{"completion fish", "/usr/share/fish/vendor_completions.d/" + program + ".fish"},
	} {
		printed, err := exec.CommandContext(d.ctx, tool, strings.Fields(h.command)...).Output()
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", program, h.command, err)
		}
		if filepath.Ext(h.path) == ".gz" {
			printed = zipped(printed)
		}
		name := filepath.Join(d.work, strings.ReplaceAll(h.path[1:], "/", "-"))
		if err := os.WriteFile(name, printed, 0o644); err != nil {
			return nil, fmt.Errorf("writing what %s %s printed: %w", program, h.command, err)
		}
		all = append(all, &files.Content{Source: name, Destination: h.path, FileInfo: &files.ContentFileInfo{Mode: 0o644, MTime: d.commit.date}})
	}
	return all, nil
}

// zipped is a text compressed by gzip, without a name or a time.
func zipped(text []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(text) // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

// contents are the files of a package. The list of licences is made before it.
func (d dist) contents(t target, program string) files.Contents {
	all := files.Contents{
		{Source: d.path(t.file(program)), Destination: "/usr/bin/" + program, FileInfo: &files.ContentFileInfo{Mode: 0o755, MTime: d.commit.date}},
		{Source: d.path(licencesName), Destination: filepath.Join("/usr/share/doc", program, "copyright"), FileInfo: &files.ContentFileInfo{Mode: 0o644, MTime: d.commit.date}},
	}
	if program == "netready-responder" {
		mode := &files.ContentFileInfo{Mode: 0o644, MTime: d.commit.date}
		all = append(all,
			&files.Content{Source: filepath.Join(d.work, unitName), Destination: "/lib/systemd/system/netready-responder.service", FileInfo: mode},
			&files.Content{Source: "deploy/systemd/responder.yaml", Destination: "/etc/netready-responder/responder.yaml", Type: files.TypeConfigNoReplace, FileInfo: mode},
			&files.Content{Source: "deploy/systemd/60-netready-responder.conf", Destination: "/usr/lib/sysctl.d/60-netready-responder.conf", FileInfo: mode},
		)
	}
	return all
}
