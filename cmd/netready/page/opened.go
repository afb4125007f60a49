package page

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"netready/report"
)

// opened are the results that were opened from files of somebody else. They are kept in
// memory only, until the program ends.
type opened struct {
	mu    sync.Mutex // guards the rest
	count int
	all   []openedResult // the newest last
}

type openedResult struct {
	entry  entry
	report report.Report
}

// add keeps a result, and drops the oldest of too many.
func (o *opened) add(name string, r report.Report) entry {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count++
	e := entryOf(r)
	e.ID, e.Opened = fmt.Sprintf("opened-%d", o.count), clip(name)
	o.all = append(o.all, openedResult{e, r})
	if len(o.all) > compared {
		o.all = slices.Delete(o.all, 0, 1)
	}
	return e
}

func (o *opened) find(id string) (openedResult, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, one := range o.all {
		if one.entry.ID == id {
			return one, true
		}
	}
	return openedResult{}, false
}

// list has the newest first.
func (o *opened) list() []entry {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []entry
	for _, one := range slices.Backward(o.all) {
		out = append(out, one.entry)
	}
	return out
}

// tooLarge says why a file cannot be a result.
func tooLarge(name string) string {
	return fmt.Sprintf("%s is larger than %d MB: no result is that large", name, largest>>20)
}

// open takes a file that the user chose or dropped on the page.
func (s *Server) open(w http.ResponseWriter, r *http.Request) {
	name := report.OneLine(clip(filepath.Base(filepath.ToSlash(r.URL.Query().Get("name")))))
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largest))
	if _, isLarge := errors.AsType[*http.MaxBytesError](err); isLarge {
		refuse(w, http.StatusBadRequest, "open", tooLarge(name))
		return
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "open", "the file did not arrive completely; open it again")
		return
	}
	rep, err := parseResult(text)
	if err != nil {
		refuse(w, http.StatusBadRequest, "open", report.OneLine(name+" cannot be opened: "+err.Error()))
		return
	}
	answer(w, s.opened.add(name, rep))
}

// errNoResult is the error for every file that holds something else.
var errNoResult = errors.New("it is not a result of netready; open the .txt or the .json that netready wrote")

// parseResult reads a TXT or a JSON, whatever its name ends with.
func parseResult(data []byte) (report.Report, error) {
	var r report.Report
	if len(data) == 0 {
		return r, errors.New("it is empty (0 bytes); ask for the file again")
	}
	text, err := report.Decode(data)
	if err != nil {
		return r, err
	}
	switch start := bytes.TrimSpace(text[:min(len(text), 4096)]); {
	case bytes.HasPrefix(data, []byte("PK")):
		return r, errors.New("it is a workbook or an archive; open one of the .txt or .json files, or merge it with netready merge")
	case bytes.HasPrefix(start, []byte("[")):
		return r, errors.New("it holds several results; open one of the files that they came from")
	case bytes.HasPrefix(start, []byte("{")):
		r, _, err = report.ReadJSON(bytes.NewReader(data))
	default:
		r, _, err = report.ReadText(bytes.NewReader(data))
	}
	if errors.Is(err, report.ErrNotResult) || err != nil && bytes.IndexByte(text, 0) >= 0 {
		return r, errNoResult
	}
	if err != nil {
		return r, errors.New(strings.TrimRight(err.Error(), ".") + "; ask for the file again")
	}
	return r, nil
}
