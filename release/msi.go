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
		if t.os != "windows" {
			continue
		}
		if err := d.msi(t); err != nil {
			return err
		}
	}
	return nil
}

func (d dist) msi(t target) error {
	for _, tool := range []string{"wixl", "msibuild"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("the Windows installer is made by wixl and %s (Debian: apt-get install wixl msitools); leave Windows out with --only", tool)
		}
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
	commands := [][]string{{"wixl", "--arch", "x64", "--output", out, "netready.wxs"}}
	for _, change := range beyondWixl {
		commands = append(commands, []string{"msibuild", out, "-q", change})
	}
	for _, command := range commands {
		c := exec.CommandContext(d.ctx, command[0], command[1:]...)
		c.Dir = d.work
		if printed, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("making %s: %w\n%s", name, err, printed)
		}
	}
	msi, err := os.ReadFile(out)
	if err != nil {
		return fmt.Errorf("reading the installer: %w", err)
	}
	if err := fixSummary(msi, summary{guid: guidOf("package " + t.arch + d.commit.hash), at: d.commit.date, arm64: t.arch == "arm64"}); err != nil {
		return err
	}
	if err := os.WriteFile(out, msi, 0o644); err != nil {
		return fmt.Errorf("writing the installer: %w", err)
	}
	return d.sign(out)
}

// beyondWixl is what wixl cannot write. It knows actions that run a file of the
// installer's own; these run a program of Windows (custom action type 34 with
// the flags 64: go on where it fails, 1024: after the files, 2048: as the
// system). Properties that are not named secure are lost where an installer asks
// for more rights. When they run is written here too: with two actions of one's own
// wixl's order of the table changes from one run to the next, and deferred actions
// have to come after InstallInitialize (1500).
var beyondWixl = []string{
	"UPDATE `CustomAction` SET `Type` = 3106, `Source` = 'INSTALLDIR' WHERE `Action` = 'MakeTask'",
	"UPDATE `CustomAction` SET `Type` = 3170, `Source` = 'INSTALLDIR' WHERE `Action` = 'RemoveTask'",
	"INSERT INTO `InstallExecuteSequence` (`Action`, `Condition`, `Sequence`) VALUES ('RemoveTask', 'REMOVE=\"ALL\" AND NOT UPGRADINGPRODUCTCODE', 1799)",
	"INSERT INTO `InstallExecuteSequence` (`Action`, `Condition`, `Sequence`) VALUES ('MakeTask', 'TASKSTART AND NOT REMOVE', 4001)",
	"UPDATE `Property` SET `Value` = 'OLDERFOUND;TASKSTART;TASKOPTIONS;TASKUSER' WHERE `Property` = 'SecureCustomProperties'",
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
	data := struct{ Version, Product string }{fmt.Sprintf("%d.%d.%d", n[0], n[1], n[2]), guidOf("product " + t.arch + d.commit.hash)}
	if err := template.Must(template.New("msi").Parse(installerSource)).Execute(f, data); err != nil {
		return fmt.Errorf("writing the installer's description: %w", err)
	}
	return f.Close()
}
