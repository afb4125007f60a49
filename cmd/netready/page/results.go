package page

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"strings"

	"netready/report"
)

// compared is how many results fit side by side.
const compared = 12

func (s *Server) results(w http.ResponseWriter, _ *http.Request) {
	entries, err := s.folder.list()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "", err.Error())
		return
	}
	if entries == nil {
		entries = []entry{}
	}
	answer(w, entries)
}

// result sends one result: shown (view), or as a file to keep. The text and
// the JSON are the bytes that lie in the folder.
func (s *Server) result(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	switch form := r.PathValue("form"); form {
	case "view":
		s.fragment(w, []string{id}, func(b *bytes.Buffer, all []report.Report) error { return report.HTMLPart(b, all[0]) })
	case "txt", "json":
		name, text, err := s.folder.saved(id, "."+form)
		if err != nil {
			notFound(w, err)
			return
		}
		attach(w, name, map[string]string{"txt": "text/plain; charset=utf-8", "json": "application/json"}[form], text)
	case "row":
		_, text, err := s.folder.saved(id, ".txt")
		if err != nil {
			notFound(w, err)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(spreadsheetRow(string(text))))
	case "html", "xlsx":
		s.made(w, id, form)
	default:
		http.NotFound(w, r)
	}
}

// made sends a file that is written for the purpose.
func (s *Server) made(w http.ResponseWriter, id, form string) {
	name, _, err := s.folder.saved(id, ".json")
	if err != nil {
		notFound(w, err)
		return
	}
	rep, err := s.folder.report(id)
	if err != nil {
		notFound(w, err)
		return
	}
	var file bytes.Buffer
	kind := "text/html; charset=utf-8"
	if form == "html" {
		err = report.HTML(&file, rep)
	} else if s.cfg.Workbook != nil {
		kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
		err = s.cfg.Workbook(&file, rep)
	} else {
		err = errors.New("this build writes no workbooks")
	}
	if err != nil {
		refuse(w, http.StatusInternalServerError, "", err.Error())
		return
	}
	attach(w, strings.TrimSuffix(name, ".json")+"."+form, kind, file.Bytes())
}

func (s *Server) compare(w http.ResponseWriter, r *http.Request) {
	ids := r.URL.Query()["id"]
	if len(ids) < 2 || len(ids) > compared {
		refuse(w, http.StatusBadRequest, "", fmt.Sprintf("choose from 2 to %d results to compare", compared))
		return
	}
	s.fragment(w, ids, func(b *bytes.Buffer, all []report.Report) error { return report.HTMLComparison(b, all) })
}

// fragment sends results as HTML for the page to show.
func (s *Server) fragment(w http.ResponseWriter, ids []string, write func(*bytes.Buffer, []report.Report) error) {
	var all []report.Report
	for _, id := range ids {
		rep, err := s.folder.report(id)
		if err != nil {
			notFound(w, err)
			return
		}
		all = append(all, rep)
	}
	var b bytes.Buffer
	if err := write(&b, all); err != nil {
		refuse(w, http.StatusInternalServerError, "", err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

func notFound(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, errUnknown) || errors.Is(err, fs.ErrNotExist) {
		status = http.StatusNotFound
	}
	refuse(w, status, "", err.Error())
}

func attach(w http.ResponseWriter, name, kind string, text []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Content-Length", fmt.Sprint(len(text)))
	_, _ = w.Write(text)
}

// rowHeading is where the text report's line for the template begins.
const rowHeading = "ROW FOR THE SPREADSHEET"

// spreadsheetRow cuts the line for the template out of a text report: under
// its heading stand a line of column names and the line itself.
func spreadsheetRow(text string) string {
	_, rest, _ := strings.Cut(text, rowHeading)
	var lines []string
	for line := range strings.Lines(rest) {
		if line = strings.TrimRight(line, "\r\n"); strings.Contains(line, "\t") {
			lines = append(lines, line)
		}
	}
	if len(lines) < 2 {
		return ""
	}
	return lines[1]
}
