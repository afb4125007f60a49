package main

import (
	"bytes"
	"debug/macho"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
)

// universal joins the two macOS programs into one file that runs on both processors.
func (d dist) universal(wanted []target) error {
	var parts []target
	for _, t := range wanted {
		if t.os == "darwin" {
			parts = append(parts, t)
		}
	}
	if len(parts) < 2 {
		return nil
	}
	var programs [][]byte
	for _, t := range parts {
		b, err := os.ReadFile(d.path(t.file("netready")))
		if err != nil {
			return fmt.Errorf("reading a macOS program: %w", err)
		}
		programs = append(programs, b)
	}
	fat, err := join(programs)
	if err != nil {
		return err
	}
	fmt.Fprintln(d.said, "join ", universalName)
	if err := os.WriteFile(d.path(universalName), fat, 0o755); err != nil { //nolint:gosec // a program
		return fmt.Errorf("writing the universal program: %w", err)
	}
	return os.Chtimes(d.path(universalName), d.commit.date, d.commit.date)
}

const universalName = "netready-macos-universal"

// pageBits is the alignment of each part: 16 KiB, the page of arm64 (Apple's
// loader asks for it).
const pageBits = 14

// join puts Mach-O programs into one universal file: a header, a row for each
// part (mach-o/fat.h), and the parts as they are, so that their signatures hold.
func join(programs [][]byte) ([]byte, error) {
	var header, body bytes.Buffer
	first := uint32(1 << pageBits)
	must := func(w *bytes.Buffer, v any) { _ = binary.Write(w, binary.BigEndian, v) } // a buffer takes everything
	must(&header, []uint32{macho.MagicFat, uint32(len(programs))})
	var seen []macho.Cpu
	for _, p := range programs {
		f, err := macho.NewFile(bytes.NewReader(p))
		if err != nil {
			return nil, fmt.Errorf("reading a macOS program: %w", err)
		}
		if slices.Contains(seen, f.Cpu) {
			return nil, fmt.Errorf("two parts are for the same processor, %s", f.Cpu)
		}
		seen = append(seen, f.Cpu)
		if gap := -body.Len() & (1<<pageBits - 1); gap > 0 {
			body.Write(make([]byte, gap))
		}
		must(&header, []uint32{uint32(f.Cpu), f.SubCpu, first + uint32(body.Len()), uint32(len(p)), pageBits})
		body.Write(p)
	}
	header.Write(make([]byte, int(first)-header.Len()))
	return append(header.Bytes(), body.Bytes()...), nil
}
