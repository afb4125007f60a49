package page

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"netready/report"
)

// Bounds of what is read from the folder of results.
const (
	listed  = 200      // results in the list, the newest
	largest = 32 << 20 // bytes of one file; a result is about 50 kB
)

var (
	runID      = regexp.MustCompile(`^[0-7][0-9A-HJKMNP-TV-Z]{25}$`) // a ULID
	errUnknown = errors.New("no result of that id in the folder")
)

// folder is where the results lie. Every file is opened below it and by a name
// that was found in it, never by one that a request brings.
type folder struct{ dir string }

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

	file string
	text bool // its text file lies beside it
}

// list finds the results, the newest first. Files that are no results are
// passed over.
func (f folder) list() ([]entry, error) {
	root, err := os.OpenRoot(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // nothing was saved yet
	}
	if err != nil {
		return nil, fmt.Errorf("opening the folder of results: %w", err)
	}
	defer root.Close()
	files, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("listing the folder of results: %w", err)
	}
	texts := map[string]bool{}
	for _, e := range files {
		if name, found := strings.CutSuffix(e.Name(), ".txt"); found {
			texts[name] = true
		}
	}
	files = slices.DeleteFunc(files, func(e fs.DirEntry) bool {
		return !e.Type().IsRegular() || !strings.HasSuffix(e.Name(), ".json")
	})
	newest(files)
	var out []entry
	for _, e := range files[:min(len(files), listed)] {
		if found, err := readEntry(root, e.Name()); err == nil {
			found.text = texts[strings.TrimSuffix(found.file, ".json")]
			out = append(out, found)
		}
	}
	slices.SortStableFunc(out, func(a, b entry) int {
		return cmp.Or(b.Started.Compare(a.Started), strings.Compare(b.ID, a.ID), whole(a, b))
	})
	// A copy of a result is the same result, and no reason to lose the text of it.
	return slices.CompactFunc(out, func(a, b entry) bool { return a.ID == b.ID }), nil
}

// whole puts an entry that has its text before one that has not.
func whole(a, b entry) int {
	switch {
	case a.text == b.text:
		return 0
	case a.text:
		return -1
	}
	return 1
}

func newest(files []fs.DirEntry) {
	times := map[string]time.Time{}
	for _, e := range files {
		if info, err := e.Info(); err == nil {
			times[e.Name()] = info.ModTime()
		}
	}
	slices.SortStableFunc(files, func(a, b fs.DirEntry) int { return times[b.Name()].Compare(times[a.Name()]) })
}

func readEntry(root *os.Root, name string) (entry, error) {
	r, err := readReport(root, name)
	if err != nil {
		return entry{}, err
	}
	if !runID.MatchString(r.RunID) {
		return entry{}, errUnknown
	}
	region := r.Region.Name
	if region == "" {
		region = r.Region.ID
	}
	return entry{
		r.RunID, r.StartedAt, r.Organization, r.Location, r.Machine.Hostname, region, r.Region.ID,
		r.Region.Responder, int(math.Ceil(cmp.Or(r.Voice.DurationAskedS, r.Voice.DurationS))), r.Voice.Calls, string(r.Verdict), r.Complete, name, false,
	}, nil
}

func readReport(root *os.Root, name string) (report.Report, error) {
	var r report.Report
	text, err := readBelow(root, name)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("reading %s: %w", name, err)
	}
	return r, nil
}

func readBelow(root *os.Root, name string) ([]byte, error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening a result: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, largest))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return text, nil
}

// report opens one result again.
func (f folder) report(id string) (report.Report, error) {
	var r report.Report
	err := f.with(id, func(root *os.Root, e entry) (err error) {
		r, err = readReport(root, e.file)
		return err
	})
	return r, err
}

// saved returns a file of a result as it lies on the disk: .txt or .json.
func (f folder) saved(id, ending string) (name string, text []byte, err error) {
	err = f.with(id, func(root *os.Root, e entry) (err error) {
		name = strings.TrimSuffix(e.file, ".json") + ending
		text, err = readBelow(root, name)
		return err
	})
	return name, text, err
}

func (f folder) with(id string, use func(*os.Root, entry) error) error {
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
