package merge

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/semaphore"

	"netready/report"
	"netready/report/workbook"
)

// maxResult is the largest result file that is read, in bytes. A run of an
// hour with its timeline takes 2 MB.
const maxResult = 16 << 20

// A source is one thing that should hold runs: a file, or a file in an archive.
type source struct {
	name     string // a path; "archive.zip!folder/file.json" in an archive
	named    bool   // by the user, not found in a folder or an archive
	workbook bool   // an Excel workbook, read by its path
	runID    string // of the one run that it has to hold; "": any
	org      string // that it lies under in its place; "": not known
	open     func() (io.ReadCloser, error)
}

// A finder turns the arguments of a merge into sources.
type finder struct {
	stdin   io.Reader
	skip    []string // paths that are no sources: what is being written
	emit    func(source) error
	leftOut func(workbook.LeftOut)
	appends bool                // what is written is added to, and read for that
	closers []io.Closer         // archives that stay open for their readers
	seen    map[string]bool     // paths that were named
	found   int                 // sources so far, and what was left out
	memory  *semaphore.Weighted // of the bytes that wait in memory
	known   *names              // of items that the workbook has
	takings []Taking            // of the places so far
	// elsewhere is Merge.Elsewhere.
	elsewhere func(string) (Place, bool)
}

// find visits the arguments in their order. It fails only where emit does.
func (f *finder) find(ctx context.Context, args []string) error {
	for _, arg := range args {
		if err := f.argument(ctx, arg); err != nil {
			return err
		}
	}
	return nil
}

func (f *finder) argument(ctx context.Context, arg string) error {
	if arg == "-" {
		return f.list(ctx)
	}
	if f.elsewhere != nil {
		if place, ok := f.elsewhere(arg); ok {
			return f.place(ctx, place)
		}
	}
	info, err := os.Stat(arg)
	if err == nil {
		return f.path(ctx, arg, info)
	}
	// The shell of Windows leaves patterns to the program. A file that exists is
	// used above, so brackets in its name do no harm.
	if matches, globErr := filepath.Glob(arg); globErr == nil && strings.ContainsAny(arg, "*?[") {
		if len(matches) == 0 {
			f.leaveOut(arg, "nothing matches this pattern")
		}
		for _, match := range matches {
			if info, err = os.Stat(match); err != nil {
				f.leaveOut(match, reason(err))
				continue
			}
			if err := f.path(ctx, match, info); err != nil {
				return err
			}
		}
		return nil
	}
	f.leaveOut(arg, reason(err))
	return nil
}

// list reads further sources from standard input, one a line.
func (f *finder) list(ctx context.Context) error {
	if f.stdin == nil {
		return nil
	}
	// A list that PowerShell made is UTF-16.
	lines := bufio.NewScanner(report.DecodeReader(f.stdin))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name := strings.TrimPrefix(strings.TrimRight(lines.Text(), "\r"), "\ufeff")
		if name == "" || name == "-" {
			continue
		}
		if err := f.argument(ctx, name); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		f.leaveOut("-", "reading the list on standard input: "+err.Error())
	}
	return nil
}

// path uses what the user has named, or leaves it out with a reason.
func (f *finder) path(ctx context.Context, name string, info fs.FileInfo) error {
	if f.named(name) {
		f.leaveOut(name, "it is named twice: it was read once")
		return nil
	}
	switch {
	case info.IsDir():
		before := f.found
		err := f.folder(ctx, name)
		if err == nil && f.found == before {
			f.leaveOut(name, "there is no result of netready (.txt, .json) and no archive of them in this folder; workbooks have to be named themselves")
		}
		return err
	case !info.Mode().IsRegular():
		f.leaveOut(name, "not a file: give a file, a folder or an archive")
		return nil
	case f.isSkipped(info):
		if !f.appends {
			f.leaveOut(name, "it is the file that is written here: give --append to add to it, or another name with -o")
		}
		return nil
	}
	return f.file(ctx, name, info, true)
}

// named notes a name and says whether it was named before.
func (f *finder) named(name string) bool {
	if whole, err := filepath.Abs(name); err == nil {
		name = whole
	}
	if f.seen == nil {
		f.seen = map[string]bool{}
	}
	before := f.seen[name]
	f.seen[name] = true
	return before
}

// folder visits the result files and archives below a folder. Other files are not
// a mistake of the user and are not mentioned.
func (f *finder) folder(ctx context.Context, root string) error {
	return filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			f.leaveOut(name, reason(err))
			if entry != nil && entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.IsDir() || !isOfUse(name) {
			return nil
		}
		if entry.Type().IsRegular() && isResultName(name) && !f.mayBeSkipped(name) {
			f.found++
			return f.emit(fileSource(name)) // nearly all are plain results: the reader checks
		}
		info, err := os.Stat(name) // follows a link to a file
		switch {
		case err != nil:
			f.leaveOut(name, reason(err))
		case info.Mode().IsRegular() && !f.isSkipped(info):
			return f.file(ctx, name, info, false)
		}
		return nil
	})
}

// file looks at the first bytes, because a name proves nothing.
func (f *finder) file(ctx context.Context, name string, info fs.FileInfo, named bool) error {
	if info.Size() == 0 {
		f.leaveOut(name, "the file is empty: copy it again, or run netready again on that machine")
		return nil
	}
	kind, why, err := kindOf(name)
	switch {
	case err != nil:
		f.leaveOut(name, reason(err))
		return nil
	case why != "":
		f.leaveOut(name, why)
		return nil
	case kind == kindWorkbook:
		f.found++
		return f.emit(source{name: name, workbook: true, named: named})
	case kind != kindResult:
		before := f.found
		err := f.archive(ctx, name, kind)
		if err == nil && f.found == before {
			f.leaveOut(name, "there is no result of netready (.txt, .json) in this archive")
		}
		return err
	}
	f.found++
	one := fileSource(name)
	one.named = named
	return f.emit(one)
}

func fileSource(name string) source {
	return source{name: name, open: func() (io.ReadCloser, error) { return os.Open(name) }}
}

// mayBeSkipped compares names, which is fast; isSkipped compares files.
func (f *finder) mayBeSkipped(name string) bool {
	return slices.ContainsFunc(f.skip, func(other string) bool {
		return strings.EqualFold(filepath.Base(name), filepath.Base(other))
	})
}

// isResultName says whether a name is that of a plain result file.
func isResultName(name string) bool {
	ext := strings.ToLower(filepath.Ext(name))
	return ext == ".json" || ext == ".txt"
}

func (f *finder) isSkipped(info fs.FileInfo) bool {
	return slices.ContainsFunc(f.skip, func(name string) bool {
		other, err := os.Stat(name)
		return err == nil && os.SameFile(info, other)
	})
}

func (f *finder) leaveOut(name, why string) {
	f.found++
	f.leftOut(workbook.LeftOut{Source: name, Reason: why})
}

// isOfUse says whether a file in a folder or archive may be a result.
func isOfUse(name string) bool {
	if strings.HasPrefix(filepath.Base(name), report.SeriesPrefix) {
		return false // a table of runs that have files of their own
	}
	base := filepath.Base(name)
	if strings.HasPrefix(base, "~$") || strings.HasPrefix(base, "._") || strings.HasPrefix(base, ".~") {
		return false // lock and metadata files of Excel, macOS and LibreOffice
	}
	lower := strings.ToLower(base)
	return slices.ContainsFunc([]string{".txt", ".json", ".jsonl", ".zip", ".tar", ".gz", ".tgz"}, func(ext string) bool {
		return strings.HasSuffix(lower, ext)
	})
}

// reason is an error of the file system in one line of the sheet Left out.
func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or folder: check the name"
	case errors.Is(err, fs.ErrPermission):
		return "no permission to read it: ask its owner, or copy it to a folder of yours"
	}
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Sprintf("%s: %v", pathError.Op, pathError.Err)
	}
	return err.Error()
}
