package page

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"netready/report"
)

// Bounds of what is read from the folder of results, whatever lies there.
const (
	listed  = 200      // results in the list, the newest
	entries = 20_000   // files that are looked at
	largest = 8 << 20  // bytes of one file; a result is about 50 kB, the longest call's some 3 MB
	budget  = 64 << 20 // bytes that are read for one list; the next goes on from there
	longest = 16 << 10 // bytes of one text in the list
)

var (
	runID      = regexp.MustCompile(`^[0-7][0-9A-HJKMNP-TV-Z]{25}$`) // a ULID
	errUnknown = errors.New("no result with this ID in the folder")
)

// folder is the folder of results. Every file is opened below it and by a name that was
// found in it, never by a name from a request.
type folder struct {
	dir string

	mu    sync.Mutex       // guards the rest
	known map[string]known // by the file's name: what it was when it was read
}

// known is a file that was read already. Only one that has changed is read again.
type known struct {
	size     int64
	modified time.Time
	entry    entry
	isResult bool
}

// entry is one result in the list.
type entry struct {
	ID           string    `json:"id"`
	Started      time.Time `json:"started_at"`
	Organization string    `json:"organization"`
	Location     string    `json:"location"`
	Host         string    `json:"host"`
	Region       string    `json:"region"`
	RegionID     string    `json:"region_id"`
	Responder    string    `json:"responder"`  // host:port, "" where there was none
	DurationS    int       `json:"duration_s"` // of the call, in whole seconds
	Calls        int       `json:"calls"`
	Verdict      string    `json:"verdict"`
	Complete     bool      `json:"complete"`
	Opened       string    `json:"opened,omitempty"` // name of the file that it was opened from; "" for those of the folder

	file string
	text bool // its text file is in the same folder

	brief brief
}

// list finds the results, the newest first. Other files are skipped.
func (f *folder) list() ([]entry, error) {
	root, err := os.OpenRoot(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // nothing was saved yet
	}
	if err != nil {
		return nil, fmt.Errorf("opening the folder of results: %w", err)
	}
	defer root.Close()
	files, texts, err := filesOf(root)
	if err != nil {
		return nil, err
	}
	out := f.read(root, files)
	for i := range out {
		out[i].text = texts[strings.TrimSuffix(out[i].file, ".json")]
	}
	slices.SortStableFunc(out, func(a, b entry) int {
		return cmp.Or(b.Started.Compare(a.Started), strings.Compare(b.ID, a.ID), whole(a, b))
	})
	// A copy of a result is the same result: the one with its text is kept.
	return slices.CompactFunc(out, func(a, b entry) bool { return a.ID == b.ID }), nil
}

// filesOf lists the JSON files, the newest first, and the names that also have a text file.
func filesOf(root *os.Root) (files []fs.FileInfo, texts map[string]bool, err error) {
	dir, err := root.Open(".")
	if err != nil {
		return nil, nil, fmt.Errorf("opening the folder of results: %w", err)
	}
	defer dir.Close()
	all, err := dir.ReadDir(entries)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("listing the folder of results: %w", err)
	}
	texts = map[string]bool{}
	for _, e := range all {
		if name, found := strings.CutSuffix(e.Name(), ".txt"); found && e.Type().IsRegular() {
			texts[name] = true
		}
		if !e.Type().IsRegular() || !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		if info, err := e.Info(); err == nil {
			files = append(files, info)
		}
	}
	slices.SortStableFunc(files, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	return files[:min(len(files), listed)], texts, nil
}

// read reads the files that have changed, and lists the results.
func (f *folder) read(root *os.Root, files []fs.FileInfo) []entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := map[string]known{}
	var out []entry
	left := int64(budget)
	for _, info := range files {
		name := info.Name()
		k, found := f.known[name]
		if !found || k.size != info.Size() || !k.modified.Equal(info.ModTime()) {
			if left -= info.Size(); left < 0 {
				continue // the next list has it
			}
			k = known{size: info.Size(), modified: info.ModTime()}
			e, err := readEntry(root, name)
			k.entry, k.isResult = e, err == nil
		}
		seen[name] = k
		if k.isResult {
			out = append(out, k.entry)
		}
	}
	f.known = seen
	return out
}

// whole puts an entry that has its text file before one that has none.
func whole(a, b entry) int {
	switch {
	case a.text == b.text:
		return 0
	case a.text:
		return -1
	}
	return 1
}

func readEntry(root *os.Root, name string) (entry, error) {
	text, err := readBelow(root, name)
	if err != nil {
		return entry{}, err
	}
	if text, err = report.Decode(text); err != nil {
		return entry{}, err
	}
	var e entry
	err = report.ReadBriefly(text, func(r report.Report, _ report.Note, err error) error {
		if e = entryOf(r); !runID.MatchString(e.ID) {
			return errUnknown
		}
		return err
	})
	if err != nil {
		return entry{}, fmt.Errorf("reading %s: %w", name, err)
	}
	e.file = name
	return e, nil
}

// entryOf is what the list shows of a result.
func entryOf(r report.Report) entry {
	return entry{
		ID: r.RunID, Started: r.StartedAt, Organization: clip(r.Organization), Location: clip(r.Location), Host: clip(r.Machine.Hostname),
		Region: clip(cmp.Or(r.Region.Name, r.Region.ID)), RegionID: clip(r.Region.ID), Responder: clip(r.Region.Responder),
		DurationS: int(math.Ceil(min(max(cmp.Or(r.Voice.DurationAskedS, r.Voice.DurationS), 0), maxSeconds))), Calls: r.Voice.Calls, Verdict: clip(string(r.Verdict)), Complete: r.Complete,
		brief: briefOf(r),
	}
}

// clip shortens a text that is longer than any name.
func clip(s string) string {
	if len(s) > longest {
		return strings.ToValidUTF8(s[:longest], "")
	}
	return s
}

func readReport(root *os.Root, name string) (report.Report, error) {
	text, err := readBelow(root, name)
	if err != nil {
		return report.Report{}, err
	}
	r, _, err := report.ReadJSON(bytes.NewReader(text))
	if err != nil {
		return r, fmt.Errorf("reading %s: %w", name, err)
	}
	return r, nil
}

// readBelow reads a file of the folder. A pipe or a device would make a request wait
// without end, so the file is opened without waiting, and checked first.
func readBelow(root *os.Root, name string) ([]byte, error) {
	flag := os.O_RDONLY
	if runtime.GOOS != "windows" {
		flag |= syscall.O_NONBLOCK
	}
	file, err := root.OpenFile(name, flag, 0)
	if err != nil {
		return nil, fmt.Errorf("opening a result: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("opening a result: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file, but a pipe, a device or a folder: remove it from the folder of results", name)
	case info.Size() > largest:
		return nil, errors.New(tooLarge(name))
	}
	text, err := io.ReadAll(io.LimitReader(file, largest))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return text, nil
}

// report opens one result again.
func (f *folder) report(id string) (report.Report, error) {
	var r report.Report
	err := f.with(id, func(root *os.Root, e entry) (err error) {
		r, err = readReport(root, e.file)
		return err
	})
	return r, err
}

// saved returns a file of a result as it is on the disk: .txt or .json.
func (f *folder) saved(id, ending string) (name string, text []byte, err error) {
	err = f.with(id, func(root *os.Root, e entry) (err error) {
		name = strings.TrimSuffix(e.file, ".json") + ending
		text, err = readBelow(root, name)
		return err
	})
	return name, text, err
}

func (f *folder) with(id string, use func(*os.Root, entry) error) error {
	entries, err := f.list()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(entries, func(e entry) bool { return e.ID == id })
	if at < 0 {
		return errUnknown
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return fmt.Errorf("opening the folder of results: %w", err)
	}
	defer root.Close()
	return use(root, entries[at])
}
