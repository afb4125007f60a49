package page

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"netready/probe/responder"
	"netready/report/merge"
	"netready/report/parquet"
	"netready/report/workbook"
	"netready/results/store"
)

// mostDownloaded is how many runs of a day the page hands out as one file. More is
// for netready merge, on a computer that has no calls to serve.
const mostDownloaded = 20_000

// A kind is a form in which a day can be downloaded.
type kind struct{ as, words, ending, mime string }

var kinds = []kind{
	{"xlsx", "Workbook", ".xlsx", workbook.MediaType},
	{"csv", "CSV", ".csv", "text/csv; charset=utf-8"},
	{"parquet", "Parquet", "-parquet.zip", "application/zip"},
}

// download hands out a day. The file is made whole before its first byte goes out, so
// that none is cut short unseen.
func (h *handler) download(w http.ResponseWriter, r *http.Request, who responder.Holder) {
	a, ok := h.asked(w, r, who)
	if !ok {
		return
	}
	for _, kind := range kinds {
		if kind.as == r.URL.Query().Get("as") {
			h.downloadAs(w, r, who, a, kind)
			return
		}
	}
	h.refuse(w, r, http.StatusBadRequest, "The address is not right: as is xlsx, csv or parquet.")
}

func (h *handler) downloadAs(w http.ResponseWriter, r *http.Request, who responder.Holder, a asked, as kind) {
	dir, err := os.MkdirTemp("", "netready-download-*")
	if err != nil {
		h.failed(w, r, err)
		return
	}
	defer os.RemoveAll(dir)
	switch err := h.makeAlone(r.Context(), who, a, as, dir); {
	case errors.Is(err, errOccupied):
		w.Header().Set("Retry-After", "30")
		h.refuse(w, r, http.StatusServiceUnavailable, "Another download is being made. Try again in half a minute.")
		return
	case errors.Is(err, errNoRuns):
		h.refuse(w, r, http.StatusNotFound, "There are no runs on this day.")
		return
	case errors.Is(err, errTooMany):
		h.refuse(w, r, http.StatusRequestEntityTooLarge, fmt.Sprintf(
			"The day has more than %d runs, which is too much for this page. On your own computer: netready merge LINK -o day.xlsx --since %s --until %s, where LINK is the one that you opened this page with.",
			mostDownloaded, a.day.Format(time.DateOnly), a.day.AddDate(0, 0, 1).Format(time.DateOnly)))
		return
	case err != nil:
		h.failed(w, r, err)
		return
	}
	headers(w, as.mime)
	w.Header().Set("Content-Disposition", attachment(fileName(a)+as.ending))
	if err := handOut(w, as, dir); err != nil {
		h.Log.Warn("a download was cut short", "token", who.TokenID, "from", r.RemoteAddr, "reason", err)
		panic(http.ErrAbortHandler) // what was sent must not look like the whole
	}
}

// Why no file was made.
var (
	errOccupied = errors.New("another download is being made")
	errNoRuns   = errors.New("there are no runs")
	errTooMany  = errors.New("there are too many runs")
)

// makeAlone makes the file of a day, if no other one is being made.
func (h *handler) makeAlone(ctx context.Context, who responder.Holder, a asked, as kind, dir string) error {
	select {
	case h.downloads <- struct{}{}:
		defer func() { <-h.downloads }()
	default:
		return errOccupied
	}
	switch runs, err := h.countRuns(ctx, a); {
	case err != nil:
		return err
	case runs == 0:
		return errNoRuns
	case runs > mostDownloaded:
		return errTooMany
	default:
		h.note(who, as.as+" of "+a.query().Values().Encode(), runs)
		return h.make(ctx, a, as, dir)
	}
}

// countRuns counts those of a day, and a few more than can be downloaded at most.
func (h *handler) countRuns(ctx context.Context, a asked) (n int, err error) {
	for _, err := range h.Store.List(ctx, a.query(), "") {
		if err != nil {
			return n, err
		}
		if n++; n > mostDownloaded {
			break
		}
	}
	return n, nil
}

// Names of the files while they are made.
const (
	madeWorkbook = "day.xlsx"
	madeCSV      = "day.csv"
)

// make merges a day as netready merge does.
func (h *handler) make(ctx context.Context, a asked, as kind, dir string) error {
	const place = "the store"
	m := merge.Merge{
		Sources: []string{place}, Version: h.Version, Now: h.Now(),
		Elsewhere: func(string) (merge.Place, bool) {
			return merge.Place{Name: place, Items: func(ctx context.Context, _ func(string) bool) iter.Seq2[merge.Item, error] { return h.items(ctx, a) }}, true
		},
	}
	switch as.as {
	case "xlsx":
		m.Out = filepath.Join(dir, madeWorkbook)
	case "csv":
		m.CSV = filepath.Join(dir, madeCSV)
	default:
		m.Parquet = dir
	}
	done, err := m.Do(ctx)
	for _, taking := range done.Places {
		if err == nil && taking.Failed {
			err = errNotWhole
		}
	}
	return err
}

var errNotWhole = errors.New("the store could not be read to its end")

// items are the results of a day, no faster than calls can bear.
func (h *handler) items(ctx context.Context, a asked) iter.Seq2[merge.Item, error] {
	return func(yield func(merge.Item, error) bool) {
		for stored, err := range h.Store.List(ctx, a.query(), "") {
			if err != nil {
				yield(merge.Item{}, err)
				return
			}
			item := merge.Item{Name: stored.Key, RunID: stored.RunID, Org: stored.Org}
			if err := h.pace.WaitN(ctx, int(min(stored.Size, downloadsBurst))); err != nil {
				yield(merge.Item{}, err)
				return
			}
			item.Data, err = h.Store.Read(ctx, stored.Key)
			if errors.Is(err, store.ErrNotFound) {
				continue // deleted meanwhile
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// handOut writes the file, or the tables in one archive, which keeps them as they are.
func handOut(w io.Writer, as kind, dir string) error {
	switch as.as {
	case "xlsx":
		return copyFile(w, filepath.Join(dir, madeWorkbook))
	case "csv":
		return copyFile(w, filepath.Join(dir, madeCSV))
	}
	archive := zip.NewWriter(w)
	for _, name := range []string{parquet.RunsFile, parquet.PortsFile} {
		entry, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			err = copyFile(entry, filepath.Join(dir, name))
		}
		if err != nil {
			return err
		}
	}
	return archive.Close()
}

func copyFile(w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// fileName is the name of a day's file, safe on every system.
func fileName(a asked) string {
	parts := []string{"netready"}
	org := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, a.org), "-")
	if org != "" {
		parts = append(parts, org[:min(len(org), 60)])
	}
	return strings.Join(append(parts, a.day.Format(time.DateOnly)), "_")
}

func attachment(name string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}
