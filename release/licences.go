package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

const licencesName = "LICENCES.txt"

// A module is something that is linked into a program.
type module struct {
	path, version, sum string
	licences           []string // SPDX names
	texts              [][]byte
}

// linked are the modules in the programs that were built, Go's own library first.
func (d dist) linked(wanted []target) ([]module, error) {
	versions := map[string]module{}
	for _, t := range wanted {
		for _, program := range programNames {
			info, err := buildinfo.ReadFile(d.path(t.file(program)))
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("reading what is linked into %s: %w", t.file(program), err)
			}
			for _, dep := range info.Deps {
				if m, ok := linkedModule(dep); ok {
					versions[m.path] = m
				}
			}
		}
	}
	folders, err := d.moduleFolders()
	if err != nil {
		return nil, err
	}
	all := []module{{path: "std", version: strings.TrimPrefix(runtime.Version(), "go")}}
	for _, path := range slices.Sorted(maps.Keys(versions)) {
		all = append(all, versions[path])
	}
	for i := range all {
		if err := all[i].readLicence(folders[all[i].path]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// linkedModule is the module that is linked in as dep; false for a folder of this repository
// that replaces a module.
func linkedModule(dep *debug.Module) (module, bool) {
	if dep.Replace != nil {
		dep = dep.Replace
	}
	ours := strings.HasPrefix(dep.Path, "./") || strings.HasPrefix(dep.Path, "../")
	return module{path: dep.Path, version: dep.Version, sum: dep.Sum}, !ours
}

// moduleFolders says where each module's source lies, as Go finds it.
func (d dist) moduleFolders() (map[string]string, error) {
	out, err := exec.CommandContext(d.ctx, "go", "list", "-m", "-json", "all").Output()
	if err != nil {
		return nil, fmt.Errorf("listing the modules: %w", err)
	}
	folders := map[string]string{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var m struct {
			Path string `json:"Path"`
			Dir  string `json:"Dir"`
		}
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("reading the list of modules: %w", err)
		}
		folders[m.Path] = m.Dir
	}
	root, err := exec.CommandContext(d.ctx, "go", "env", "GOROOT").Output()
	folders["std"] = strings.TrimSpace(string(root))
	return folders, err
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice)([.-].*)?$`)

// readLicence finds a module's licence. A module without one must not be distributed.
func (m *module) readLicence(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("looking for the licence of %s: %w", m.path, err)
	}
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return fmt.Errorf("reading the licence of %s: %w", m.path, err)
		}
		m.texts = append(m.texts, bytes.TrimSpace(text))
		for _, match := range licensecheck.Scan(text).Match {
			if !match.IsURL && !slices.Contains(m.licences, match.ID) {
				m.licences = append(m.licences, match.ID)
			}
		}
	}
	if len(m.licences) == 0 {
		return fmt.Errorf("%s %s has no licence that is known: replace it, or name its licence here", m.path, m.version)
	}
	return nil
}

// licences writes what is linked in, with each licence's text.
func (d dist) licences(wanted []target) error {
	all, err := d.linked(wanted)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "netready %s is linked with these modules.\n\n", d.commit.version)
	for _, m := range all {
		fmt.Fprintf(&b, "%-50s %-40s %s\n", m.path, m.version, strings.Join(m.licences, ", "))
	}
	for _, m := range all {
		fmt.Fprintf(&b, "\n%s\n%s %s\n%s\n\n%s\n", strings.Repeat("=", 78), m.path, m.version, strings.Repeat("=", 78), bytes.Join(m.texts, []byte("\n\n")))
	}
	return os.WriteFile(d.path(licencesName), b.Bytes(), 0o644)
}
