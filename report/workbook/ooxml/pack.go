// Package ooxml knows the insides of a workbook file (ECMA-376): a zip of XML
// parts. It reads sheets in pieces and within bounds, writes rows on all
// processors, and leaves what it does not know as it was, byte for byte. What
// the sheets say is for package workbook.
package ooxml

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"
)

// Bounds on a workbook that is read. Its XML is compressed to a tenth of its size,
// or to a fortieth if the rows are much alike; a zip bomb to a thousandth.
const (
	maxParts      = 20_000
	freeUnpacked  = 64 << 20  // bytes, however small the file is
	mostInflation = 50        // bytes out of one byte of the file, beyond that
	mostBeside    = 10        // the same of what is no sheet and no table of texts: it is held in memory
	maxStyles     = 16 << 20  // bytes of styles.xml: 65,000 styles, all that Excel allows
	maxDirectory  = 8 << 20   // bytes of any list of parts
	maxForeign    = 256 << 20 // bytes of one sheet that is carried over
	maxExtraField = 4 << 10   // bytes between a part's name and its data
)

var errPackBomb = fmt.Errorf("it unpacks to more than %d times its size: left unread as a possible zip bomb", mostInflation)

// A File is a workbook's file: a zip of parts, each read to its end once and
// found whole.
type File struct {
	file  *os.File
	size  int64
	parts map[string]*zip.File // by path in lower case, with slashes

	Sheets  []Sheet // in their order
	Macs    bool    // dates count from 1904, as on old Macs
	texts   *texts
	Formats []Format
}

// Open opens a workbook and reads every part of it to its end: a part that
// does not agree with its checksum and length is an error, and so is a
// directory that does not agree with the parts.
func Open(name string) (*File, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, withoutPath(err)
	}
	p := &File{file: file, parts: map[string]*zip.File{}}
	if err := p.check(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return p, nil
}

// withoutPath drops the path that the system's error repeats.
func withoutPath(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// Close closes the file.
func (p *File) Close() error { return p.file.Close() }

func (p *File) check() error {
	info, err := p.file.Stat()
	if err != nil {
		return withoutPath(err)
	}
	p.size = info.Size()
	files, err := zip.NewReader(p.file, p.size)
	if err != nil {
		return fmt.Errorf("it is not a zip of parts, or was cut short: %w", err)
	}
	files.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	if len(files.File) > maxParts {
		return fmt.Errorf("it has more than %d parts: left unread as a possible zip bomb", maxParts)
	}
	for _, f := range files.File {
		part := PartName(f.Name)
		if _, twice := p.parts[part]; twice {
			return fmt.Errorf("the part %q is in the file twice: it is damaged", f.Name)
		}
		p.parts[part] = f
	}
	return p.checkParts(files.File)
}

// PartName is a path as the relations name it, in one case.
func PartName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// checkParts reads all parts.
func (p *File) checkParts(files []*zip.File) error {
	all := freeUnpacked + mostInflation*p.size
	beside := freeUnpacked + mostBeside*p.size
	buf := make([]byte, 1<<16)
	for _, f := range files {
		left := &all
		if most := partLimit(f.Name); most > 0 {
			left = &most
		} else if !isStreamed(f.Name) {
			left = &beside
		}
		before := *left
		if err := p.checkPart(f, left, buf); err != nil {
			if errors.Is(err, errPackBomb) {
				return err
			}
			return fmt.Errorf("its part %q is damaged: %w", f.Name, err)
		}
		if left != &all {
			all -= before - *left
		}
		if all < 0 {
			return errPackBomb
		}
	}
	return nil
}

// isStreamed says whether a part is read in pieces, so that its size costs time
// alone.
func isStreamed(name string) bool {
	name = PartName(name)
	return strings.HasPrefix(name, "xl/worksheets/sheet") || name == sharedStringsPart
}

// partLimit is the most bytes of a part that is read whole into structures; 0:
// no limit of its own.
func partLimit(name string) int64 {
	name = PartName(name)
	switch {
	case name == "xl/styles.xml":
		return maxStyles
	case name == "[content_types].xml", name == "xl/workbook.xml", path.Ext(name) == ".rels":
		return maxDirectory
	}
	return 0
}

// checkPart reads a part to its end, of at most *left bytes.
func (p *File) checkPart(f *zip.File, left *int64, buf []byte) error {
	if f.Flags&1 != 0 {
		return errors.New("it is protected by a password: save the workbook without one")
	}
	if f.FileInfo().IsDir() != strings.HasSuffix(f.Name, "/") {
		return errors.New("it is a file and a folder at once")
	}
	if err := p.sameName(f); err != nil {
		return err
	}
	content, err := f.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	for {
		n, err := content.Read(buf)
		if *left -= int64(n); *left < 0 {
			return errPackBomb
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// sameName compares the name in the directory with that before the part. The
// reader goes by the first alone, and a damaged one would hide a part.
func (p *File) sameName(f *zip.File) error {
	const localHeader = 30 // bytes before the name, APPNOTE 4.3.7
	at, err := f.DataOffset()
	if err != nil {
		return err
	}
	size := localHeader + len(f.Name)
	window := make([]byte, min(at, int64(size+maxExtraField)))
	if _, err := p.file.ReadAt(window, at-int64(len(window))); err != nil {
		return err
	}
	for extra := 0; extra+size <= len(window); extra++ {
		head := window[len(window)-extra-size:]
		if string(head[:4]) == "PK\x03\x04" && int(binary.LittleEndian.Uint16(head[28:])) == extra &&
			int(binary.LittleEndian.Uint16(head[26:])) == len(f.Name) && string(head[localHeader:size]) == f.Name {
			return nil
		}
	}
	return errors.New("its name before the data is not the one in the directory")
}

// open opens a part; nil where there is none.
func (p *File) open(part string) (io.ReadCloser, error) {
	f := p.parts[PartName(part)]
	if f == nil {
		return nil, fmt.Errorf("the part %q is missing: the workbook is damaged", part)
	}
	return f.Open()
}

func (p *File) has(part string) bool { return p.parts[PartName(part)] != nil }
