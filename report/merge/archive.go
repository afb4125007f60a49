package merge

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"netready/internal/scratch"
)

// Bounds on archives. A result is compressed to a tenth of its size, many results
// to a fortieth; a zip bomb to a thousandth.
const (
	maxEntries   = 1 << 20
	maxInflation = 200       // bytes out of one byte of archive
	freeBytes    = 64 << 20  // may come out of the smallest archive
	maxNesting   = 2         // an archive in an archive, as mail programs make
	maxNested    = 256 << 20 // bytes of an inner archive, in a temporary file
)

var errBomb = fmt.Errorf("the archive unpacks to more than %d times its size: left unread as a possible zip bomb; unpack it and give the folder", maxInflation)

// An archive counts what has been unpacked of it, over all its readers.
type archive struct {
	left atomic.Int64 // bytes that may still come out
}

func newArchive(size int64) *archive {
	a := new(archive)
	a.left.Store(freeBytes + maxInflation*size)
	return a
}

// meter counts the bytes that leave an archive.
type meter struct {
	io.ReadCloser
	archive *archive
}

func (m meter) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	if m.archive.left.Add(-int64(n)) < 0 {
		return 0, errBomb
	}
	return n, err
}

// archive visits the results in an archive on disk. A zip is read
// in place by several readers, so it stays open until the merge is done.
func (f *finder) archive(ctx context.Context, name string, k kind) error {
	file, err := os.Open(name)
	if err != nil {
		f.leaveOut(name, reason(err))
		return nil
	}
	f.closers = append(f.closers, file)
	info, err := file.Stat()
	if err != nil {
		f.leaveOut(name, reason(err))
		return nil
	}
	return f.inside(ctx, name, k, file, info.Size(), newArchive(info.Size()), 1)
}

// inside visits the results in an archive of a kind, at a depth of nesting.
func (f *finder) inside(ctx context.Context, name string, k kind, r readerAt, size int64, a *archive, depth int) error {
	if depth > maxNesting {
		f.leaveOut(name, "an archive in an archive in an archive: unpack it and give the folder")
		return nil
	}
	var err error
	switch k {
	case kindZip:
		err = f.zip(ctx, name, r, size, a, depth)
	case kindTar:
		err = f.tar(ctx, name, r, a, depth)
	default:
		err = f.gzip(ctx, name, r, a, depth)
	}
	if stop, ok := errors.AsType[emitError](err); ok {
		return stop.error
	}
	if err != nil {
		f.leaveOut(name, "reading the archive: "+err.Error())
	}
	return nil
}

type readerAt interface {
	io.Reader
	io.ReaderAt
}

// emitError marks an error that ends the merge; others end one archive.
type emitError struct{ error }

func (f *finder) zip(ctx context.Context, name string, r io.ReaderAt, size int64, a *archive, depth int) error {
	files, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("%w: it is damaged or cut short, copy it again", err)
	}
	if len(files.File) > maxEntries {
		return fmt.Errorf("more than %d files: split it", maxEntries)
	}
	for _, file := range files.File {
		if ctx.Err() != nil {
			return emitError{context.Cause(ctx)}
		}
		inner := name + "!" + zipName(file)
		switch {
		case file.FileInfo().IsDir() || !isOfUse(path.Base(file.Name)) || strings.HasPrefix(file.Name, "__MACOSX/"):
			continue
		case file.Flags&1 != 0:
			f.leaveOut(inner, "protected by a password: unpack it and give the folder")
			continue
		case file.UncompressedSize64 == 0 && file.CompressedSize64 <= 2:
			f.leaveOut(inner, "the file is empty: copy it again, or run netready again on that machine")
			continue
		}
		open := func() (io.ReadCloser, error) {
			content, err := file.Open()
			return meter{content, a}, err
		}
		if err := f.entry(ctx, inner, a, depth, open); err != nil {
			return err
		}
	}
	return nil
}

// entry is one file in an archive that can be opened at any time.
func (f *finder) entry(ctx context.Context, inner string, a *archive, depth int, open func() (io.ReadCloser, error)) error {
	if !isArchiveName(inner) {
		f.found++
		return wrapEmit(f.emit(source{name: inner, open: open}))
	}
	content, err := open()
	if err != nil {
		f.leaveOut(inner, reason(err))
		return nil
	}
	defer content.Close()
	return f.nested(ctx, inner, content, a, depth)
}

// nested unpacks an archive in an archive into a temporary file and visits it.
func (f *finder) nested(ctx context.Context, inner string, content io.Reader, a *archive, depth int) error {
	file, err := scratch.New("archive")
	if err != nil {
		f.leaveOut(inner, reason(err))
		return nil
	}
	f.closers = append(f.closers, file)
	size, err := io.Copy(file, io.LimitReader(content, maxNested+1))
	head := make([]byte, 512)
	switch {
	case err != nil:
		f.leaveOut(inner, reason(err))
		return nil
	case size > maxNested:
		f.leaveOut(inner, fmt.Sprintf("an archive in an archive, larger than %d MB: unpack it and give the folder", maxNested>>20))
		return nil
	}
	n, err := file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		f.leaveOut(inner, reason(err))
		return nil
	}
	whole := io.NewSectionReader(file, 0, size)
	return wrapEmit(f.inside(ctx, inner, sniff(head[:n]), whole, size, a, depth+1))
}

func (f *finder) tar(ctx context.Context, name string, r io.Reader, a *archive, depth int) error {
	files := tar.NewReader(r)
	for count := 0; ; count++ {
		head, err := files.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%w: it is damaged or cut short, copy it again", err)
		case ctx.Err() != nil:
			return emitError{context.Cause(ctx)}
		case count > maxEntries:
			return fmt.Errorf("more than %d files: split it", maxEntries)
		case head.Typeflag != tar.TypeReg || !isOfUse(path.Base(head.Name)):
			continue
		}
		if err := f.streamed(ctx, name+"!"+head.Name, meter{io.NopCloser(files), a}, a, depth); err != nil {
			return err
		}
	}
}

// zipName is the name of a file in a zip, in UTF-8. Without the flag for UTF-8 a
// name is in the character set of DOS (APPNOTE, Appendix D). macOS and others
// write UTF-8 without the flag, so a name that is valid UTF-8 is taken as such.
func zipName(file *zip.File) string {
	if utf8.ValidString(file.Name) {
		return file.Name
	}
	if file.NonUTF8 {
		if name, err := charmap.CodePage437.NewDecoder().String(file.Name); err == nil {
			return name
		}
	}
	return strings.ToValidUTF8(file.Name, "\uFFFD")
}

func (f *finder) gzip(ctx context.Context, name string, r io.Reader, a *archive, depth int) error {
	content, err := gzip.NewReader(r)
	if err != nil {
		return fmt.Errorf("%w: it is damaged or cut short, copy it again", err)
	}
	unpacked := bytes.NewBuffer(nil)
	metered := meter{content, a}
	if _, err := io.CopyN(unpacked, metered, 512); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	whole := io.MultiReader(unpacked, metered)
	if sniff(unpacked.Bytes()) == kindTar {
		return f.tar(ctx, name, whole, a, depth)
	}
	return f.streamed(ctx, name, whole, a, depth)
}

// streamed is a file that can be read only now. It is kept in memory for its
// reader. If too much is kept, this waits.
func (f *finder) streamed(ctx context.Context, inner string, content io.Reader, a *archive, depth int) error {
	if isArchiveName(inner) && depth > 0 && strings.Contains(inner, "!") {
		return f.nested(ctx, inner, content, a, depth)
	}
	data, err := io.ReadAll(io.LimitReader(content, maxResult+1))
	if err != nil {
		f.leaveOut(inner, err.Error())
		if errors.Is(err, errBomb) {
			return err
		}
		return nil
	}
	size := min(int64(len(data)), maxInMemory)
	if err := f.memory.Acquire(ctx, size); err != nil {
		return emitError{context.Cause(ctx)}
	}
	f.found++
	return wrapEmit(f.emit(source{name: inner, open: func() (io.ReadCloser, error) {
		return &memoryFile{bytes.NewReader(data), f.memory, size}, nil
	}}))
}

func wrapEmit(err error) error {
	if err == nil {
		return nil
	}
	return emitError{err}
}

func isArchiveName(name string) bool {
	switch path.Ext(strings.ToLower(name)) {
	case ".zip", ".gz", ".tgz", ".tar":
		return true
	}
	return false
}
