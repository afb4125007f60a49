package main

import (
	_ "embed" // the installer's description
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/template"
)

// installerSource describes the installer as WiX does; wixl reads a part of WiX.
//
//go:embed netready.wxs
var installerSource string

// installer makes the Windows installer, for roll-out by group policy or Intune.
func (d dist) installer(wanted []target) error {
	for _, t := range wanted {
		if t.os == "windows" && t.arch == "amd64" { // wixl knows no arm64
			return d.msi(t)
		}
	}
	return nil
}

func (d dist) msi(t target) error {
	if _, err := exec.LookPath("wixl"); err != nil {
		return errors.New("the Windows installer is made by wixl (Debian: apt-get install wixl); leave Windows out with --only")
	}
	if err := d.writeInstallerSource(filepath.Join(d.work, "netready.wxs"), t); err != nil {
		return err
	}
	name := "netready-" + t.name() + ".msi"
	out, err := filepath.Abs(d.path(name))
	if err != nil {
		return fmt.Errorf("finding the folder of the release: %w", err)
	}
	fmt.Fprintln(d.said, "pack ", name)
	c := exec.CommandContext(d.ctx, "wixl", "--arch", "x64", "--output", out, "netready.wxs")
	c.Dir = d.work
	if printed, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("making %s: %w\n%s", name, err, printed)
	}
	msi, err := os.ReadFile(out)
	if err != nil {
		return fmt.Errorf("reading the installer: %w", err)
	}
	if err := fixSummary(msi, guidOf("package "+d.commit.hash), d.commit.date); err != nil {
		return err
	}
	return os.WriteFile(out, msi, 0o644)
}

// writeInstallerSource writes the description and, into the same folder, the program: wixl
// only accepts files in the folder of its source.
func (d dist) writeInstallerSource(path string, t target) error {
	program, err := os.ReadFile(d.path(t.file("netready")))
	if err == nil {
		name := filepath.Join(filepath.Dir(path), "netready.exe")
		err = errors.Join(os.WriteFile(name, program, 0o755), os.Chtimes(name, d.commit.date, d.commit.date)) //nolint:gosec // a program
	}
	if err != nil {
		return fmt.Errorf("copying the Windows program: %w", err)
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing the installer's description: %w", err)
	}
	defer f.Close()
	n := d.commit.numbers()
	data := struct{ Version, Product string }{fmt.Sprintf("%d.%d.%d", n[0], n[1], n[2]), guidOf("product " + d.commit.hash)}
	if err := template.Must(template.New("msi").Parse(installerSource)).Execute(f, data); err != nil {
		return fmt.Errorf("writing the installer's description: %w", err)
	}
	return f.Close()
}
