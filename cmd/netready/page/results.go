package page

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"strings"

	"netready/report"
	"netready/report/html"
)

// compared is how many results fit side by side.
const compared = 12

func (s *Server) results(w http.ResponseWriter, _ *http.Request) {
	found, err := s.folder.list()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "", err.Error())
		return
	}
	answer(w, append(append([]entry{}, s.opened.list()...), found...))
}

// report finds a result: one that was opened, or one of the folder.
func (s *Server) report(id string) (report.Report, error) {
	if one, found := s.opened.find(id); found {
		return one.report, nil
	}
	return s.folder.report(id)
}

// file is one of the two files of a result: the bytes in the folder or, of a result that
// was opened, the file written again.
func (s *Server) file(id, ending string) (name string, text []byte, err error) {
	one, found := s.opened.find(id)
	if !found {
		return s.folder.saved(id, ending)
	}
	var b bytes.Buffer
	if ending == ".txt" {
		err = report.WriteText(&b, one.report)
	} else {
		err = report.WriteJSON(&b, one.report)
	}
	return report.FileName(one.report) + ending, b.Bytes(), err
}

// result sends one result, to be shown (view) or as a file to keep. The text and the JSON
// are the bytes in the folder.
func (s *Server) result(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	switch form := r.PathValue("form"); form {
	case "view":
		s.fragment(w, []string{id}, func(b *bytes.Buffer, all []report.Report) error { return s.withDay(b, all[0]) })
	case "txt", "json":
		name, text, err := s.file(id, "."+form)
		if err != nil {
			notFound(w, err)
			return
		}
		attach(w, name, map[string]string{"txt": "text/plain; charset=utf-8", "json": "application/json"}[form], text)
	case "row":
		s.row(w, id)
	case "about":
		rep, err := s.report(id)
		if err != nil {
			notFound(w, err)
			return
		}
		answer(w, entryOf(rep))
	default:
		format, known := s.cfg.Formats[form]
		if !known {
			http.NotFound(w, r)
			return
		}
		s.made(w, id, form, format)
	}
}

// A Format is a kind of file that a result can be written as.
type Format struct {
	Kind  string // media type
	Write func(w io.Writer, r report.Report) error
}

// made sends a file that is written for this request.
func (s *Server) made(w http.ResponseWriter, id, ending string, format Format) {
	rep, err := s.report(id)
	if err != nil {
		notFound(w, err)
		return
	}
	var file bytes.Buffer
	if err := format.Write(&file, rep); err != nil {
		refuse(w, http.StatusInternalServerError, "", err.Error())
		return
	}
	attach(w, report.FileName(rep)+"."+ending, format.Kind, file.Bytes())
}

// row sends the content of the clipboard: the line of the text file and, for spreadsheets
// that accept it, the same line as a table of typed cells.
func (s *Server) row(w http.ResponseWriter, id string) {
	_, text, err := s.file(id, ".txt")
	if err != nil {
		notFound(w, err)
		return
	}
	rep, err := s.report(id)
	if err != nil {
		notFound(w, err)
		return
	}
	var table strings.Builder
	if err := html.Row(&table, rep); err != nil {
		refuse(w, http.StatusInternalServerError, "", err.Error())
		return
	}
	answer(w, map[string]string{"text": report.SpreadsheetRow(string(text)), "html": table.String()})
}

func (s *Server) compare(w http.ResponseWriter, r *http.Request) {
	ids := r.URL.Query()["id"]
	if len(ids) < 2 || len(ids) > compared {
		refuse(w, http.StatusBadRequest, "", fmt.Sprintf("choose from 2 to %d results to compare", compared))
		return
	}
	s.fragment(w, ids, func(b *bytes.Buffer, all []report.Report) error { return html.Comparison(b, all) })
}

// fragment sends results as HTML for the page to show.
func (s *Server) fragment(w http.ResponseWriter, ids []string, write func(*bytes.Buffer, []report.Report) error) {
	var all []report.Report
	for _, id := range ids {
		rep, err := s.report(id)
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
