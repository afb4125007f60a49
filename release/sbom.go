package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

const sbomName = "netready.cdx.json"

// parts writes the list of what the programs are made of, in CycloneDX 1.6.
func (d dist) parts(wanted []target) error {
	all, err := d.linked(wanted)
	if err != nil {
		return err
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{
		Timestamp: d.commit.date.Format(time.RFC3339),
		Component: &cdx.Component{Type: cdx.ComponentTypeApplication, Name: "netready", Version: d.commit.version},
	}
	var components []cdx.Component
	for _, m := range all {
		reference := fmt.Sprintf("pkg:golang/%s@%s", m.path, m.version)
		c := cdx.Component{BOMRef: reference, PackageURL: reference, Type: cdx.ComponentTypeLibrary, Name: m.path, Version: m.version}
		licences := cdx.Licenses{}
		for _, id := range m.licences {
			licences = append(licences, cdx.LicenseChoice{License: &cdx.License{ID: id}})
		}
		c.Licenses = &licences
		components = append(components, c)
	}
	bom.Components = &components
	var b bytes.Buffer
	if err := cdx.NewBOMEncoder(&b, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return fmt.Errorf("writing %s: %w", sbomName, err)
	}
	return os.WriteFile(d.path(sbomName), b.Bytes(), 0o644)
}

// checksums writes SHA256SUMS, in the form that sha256sum --check reads.
func (d dist) checksums() error {
	entries, err := os.ReadDir(d.folder)
	if err != nil {
		return fmt.Errorf("listing the release: %w", err)
	}
	var b bytes.Buffer
	for _, e := range entries {
		if e.Name() == marker || e.IsDir() {
			continue
		}
		sum, err := sumOf(d.path(e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s  %s\n", sum, e.Name())
	}
	return os.WriteFile(d.path(marker), b.Bytes(), 0o644)
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading a file of the release: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// table prints the files with their sizes.
func (d dist) table() error {
	entries, err := os.ReadDir(d.folder)
	if err != nil {
		return fmt.Errorf("listing the release: %w", err)
	}
	w := tabwriter.NewWriter(d.said, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "file\tMB\t\n")
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return fmt.Errorf("listing the release: %w", err)
		}
		fmt.Fprintf(w, "%s\t%.1f\t\n", e.Name(), float64(info.Size())/1e6)
	}
	return w.Flush()
}
