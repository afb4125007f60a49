package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
)

// starters are the files that people double-click, in the folder as it lies on
// the stick.
//
//go:embed usb
var starters embed.FS

// usb packs one folder for a stick: programs of all systems, files that start
// them without typing, and the workbook to paste results into.
func (d dist) usb(wanted []target) error {
	var all []packed
	err := fs.WalkDir(starters, "usb", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := starters.ReadFile(path)
		mode := fs.FileMode(0o644)
		if ext := filepath.Ext(path); ext == ".sh" || ext == ".command" {
			mode = 0o755
		}
		all = append(all, packed{"netready-" + path, data, mode})
		return err
	})
	if err != nil {
		return fmt.Errorf("reading the start files: %w", err)
	}
	for _, name := range d.stickPrograms(wanted) {
		data, err := os.ReadFile(d.path(name))
		if err != nil {
			return fmt.Errorf("reading a program: %w", err)
		}
		all = append(all, packed{"netready-usb/programs/" + name, data, 0o755})
	}
	workbook, err := d.template(wanted)
	if err != nil {
		return err
	}
	if workbook != nil {
		all = append(all, packed{"netready-usb/results.xlsx", workbook, 0o644})
	}
	if d.stick {
		if err := d.unpacked(all); err != nil {
			return err
		}
	}
	fmt.Fprintln(d.said, "pack  netready-usb.zip")
	return d.zip("netready-usb.zip", all)
}

// unpacked writes the folder as it lies on the stick.
func (d dist) unpacked(all []packed) error {
	for _, f := range all {
		path := d.path(f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("writing the folder for a stick: %w", err)
		}
		if err := os.WriteFile(path, f.data, f.mode); err != nil {
			return fmt.Errorf("writing the folder for a stick: %w", err)
		}
	}
	return nil
}

// stickPrograms are the agents that were built; macOS has one for both processors.
func (d dist) stickPrograms(wanted []target) []string {
	var names []string
	for _, t := range wanted {
		if t.os != "darwin" {
			names = append(names, t.file("netready"))
		}
	}
	if _, err := os.Stat(d.path(universalName)); err == nil {
		names = append(names, universalName)
	}
	return names
}

// template is the workbook with sample rows, made by the program that was built
// for this machine; nil where --only left that out.
func (d dist) template(wanted []target) ([]byte, error) {
	for _, t := range wanted {
		if t.os != runtime.GOOS || t.arch != runtime.GOARCH {
			continue
		}
		program, err := filepath.Abs(d.path(t.file("netready")))
		if err != nil {
			return nil, err
		}
		name := filepath.Join(d.work, "results.xlsx")
		c := exec.CommandContext(d.ctx, program, "template", "-o", name)
		c.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", d.commit.date.Unix()))
		if out, err := c.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("making the workbook: %w\n%s", err, out)
		}
		return inOrder(name)
	}
	return nil, nil
}

// inOrder is a zip file with its parts in the order of their names: the library for workbooks
// writes them in a random order.
func inOrder(name string) ([]byte, error) {
	in, err := zip.OpenReader(name)
	if err != nil {
		return nil, fmt.Errorf("reading the workbook: %w", err)
	}
	defer in.Close()
	slices.SortFunc(in.File, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range in.File {
		part, err := f.OpenRaw()
		if err != nil {
			return nil, fmt.Errorf("reading the workbook: %w", err)
		}
		w, err := out.CreateRaw(&f.FileHeader)
		if err == nil {
			_, err = io.Copy(w, part)
		}
		if err != nil {
			return nil, fmt.Errorf("writing the workbook: %w", err)
		}
	}
	err = out.Close()
	return b.Bytes(), err
}
