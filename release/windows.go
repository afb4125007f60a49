package main

import (
	"bytes"
	"fmt"
	"image"
	"os"

	"github.com/tc-hib/winres"
	"github.com/tc-hib/winres/version"
)

// manifest asks Windows for what the programs need: the user's own rights, paths
// over 260 characters, UTF-8 in the system's narrow calls, and no console window
// of their own if a double-click starts them (Windows 11 24H2 and later).
const manifest = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <trustInfo xmlns="urn:schemas-microsoft-com:asm.v3"><security><requestedPrivileges>
    <requestedExecutionLevel level="asInvoker" uiAccess="false"/>
  </requestedPrivileges></security></trustInfo>
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1"><application>
    <supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/>
  </application></compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3"><windowsSettings>
    <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
    <activeCodePage xmlns="http://schemas.microsoft.com/SMI/2019/WindowsSettings">UTF-8</activeCodePage>
    <consoleAllocationPolicy xmlns="http://schemas.microsoft.com/SMI/2024/WindowsSettings">detached</consoleAllocationPolicy>
  </windowsSettings></application>
</assembly>
`

const english = 0x0409 // the language of the resources, as Windows numbers it

// addResources gives a Windows program its icon, manifest and version.
func (d dist) addResources(t target, program string) error {
	name := d.path(t.file(program))
	rs, err := d.resources(program, t.file(program))
	if err != nil {
		return fmt.Errorf("making the resources of %s: %w", name, err)
	}
	plain, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("reading a Windows program: %w", err)
	}
	var b bytes.Buffer
	if err := rs.WriteToEXE(&b, bytes.NewReader(plain)); err != nil {
		return fmt.Errorf("adding the resources to %s: %w", name, err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o755); err != nil { //nolint:gosec // a program
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return os.Chtimes(name, d.commit.date, d.commit.date)
}

func (d dist) resources(program, file string) (*winres.ResourceSet, error) {
	rs := &winres.ResourceSet{}
	var images []image.Image
	for _, size := range []int{16, 24, 32, 48, 64, 256} {
		images = append(images, icon(size))
	}
	sign, err := winres.NewIconFromImages(images)
	if err != nil {
		return nil, err
	}
	if err := rs.SetIcon(winres.ID(1), sign); err != nil {
		return nil, err
	}
	if err := rs.Set(winres.RT_MANIFEST, winres.ID(1), english, []byte(manifest)); err != nil {
		return nil, err
	}
	n := d.commit.numbers()
	info := version.Info{FileVersion: [4]uint16{n[0], n[1], n[2]}, ProductVersion: [4]uint16{n[0], n[1], n[2]}, Timestamp: d.commit.date}
	for key, value := range map[string]string{
		version.ProductName: "netready", version.FileDescription: "netready: is this network ready for cloud voice?",
		version.ProductVersion: d.commit.version, version.FileVersion: d.commit.version,
		version.InternalName: program, version.OriginalFilename: file,
	} {
		if err := info.Set(english, key, value); err != nil {
			return nil, err
		}
	}
	rs.SetVersionInfo(info)
	return rs, nil
}
