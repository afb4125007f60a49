package main

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"image/png"
	"os"
)

// infoPlist tells macOS what the bundle is. It has no menu and no window of its
// own: the page opens in the browser.
const infoPlist = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
  <key>CFBundleIdentifier</key><string>netready</string>
  <key>CFBundleName</key><string>netready</string>
  <key>CFBundleExecutable</key><string>netready</string>
  <key>CFBundleIconFile</key><string>netready</string>
  <key>CFBundlePackageType</key><string>APPL</string>
  <key>CFBundleShortVersionString</key><string>%d.%d.%d</string>
  <key>CFBundleVersion</key><string>%d.%d.%d</string>
  <key>LSMinimumSystemVersion</key><string>12.0</string>
  <key>LSUIElement</key><true/>
</dict></plist>
`

// macBundle packs the universal program as an application that opens the page.
func (d dist) macBundle([]target) error {
	program, err := os.ReadFile(d.path(universalName))
	if os.IsNotExist(err) {
		return nil // --only left macOS out
	}
	if err != nil {
		return fmt.Errorf("reading the universal program: %w", err)
	}
	sign, err := icns()
	if err != nil {
		return fmt.Errorf("drawing the sign for macOS: %w", err)
	}
	n := d.commit.numbers()
	plist := fmt.Appendf(nil, infoPlist, n[0], n[1], n[2], n[0], n[1], n[2])
	fmt.Fprintln(d.said, "pack  netready-macos.zip")
	return d.zip("netready-macos.zip", []packed{
		{"netready.app/Contents/Info.plist", plist, 0o644},
		{"netready.app/Contents/MacOS/netready", program, 0o755},
		{"netready.app/Contents/Resources/netready.icns", sign, 0o644},
	})
}

// packed is one file of an archive.
type packed struct {
	name string
	data []byte
	mode os.FileMode
}

// zip writes an archive whose bytes depend on the files and the commit alone.
func (d dist) zip(name string, files []packed) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: d.commit.date}
		h.SetMode(f.mode)
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write(f.data)
		}
		if err != nil {
			return fmt.Errorf("packing %s: %w", name, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("packing %s: %w", name, err)
	}
	return os.WriteFile(d.path(name), b.Bytes(), 0o644)
}

// icns is the icon as macOS reads it: chunks of a type, a length and a PNG.
func icns() ([]byte, error) {
	var chunks bytes.Buffer
	for _, c := range []struct {
		kind string
		size int
	}{{"ic07", 128}, {"ic08", 256}, {"ic09", 512}} {
		var image bytes.Buffer
		if err := png.Encode(&image, icon(c.size)); err != nil {
			return nil, err
		}
		chunks.Write(chunk(c.kind, image.Bytes()))
	}
	return chunk("icns", chunks.Bytes()), nil
}

func chunk(kind string, data []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte(kind), uint32(len(data)+8)), data...)
}
