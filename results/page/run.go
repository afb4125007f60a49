package page

import (
	"bytes"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"time"

	"netready/probe/responder"
	"netready/report"
	"netready/report/html"
	"netready/results"
	"netready/results/store"
)

// runView is what the template prints of a run.
type runView struct {
	Report     template.HTML // made by report/html
	Back, JSON string
}

// run shows a run as its report.
func (h *handler) run(w http.ResponseWriter, r *http.Request, who responder.Holder) {
	key, raw, ok := h.stored(w, r, who)
	if !ok {
		return
	}
	one, _, err := report.ReadJSON(bytes.NewReader(raw))
	if err != nil {
		h.refuse(w, r, http.StatusUnprocessableEntity, "This release cannot read the result: "+err.Error()+".")
		return
	}
	var b bytes.Buffer
	if err := html.Part(&b, one); err != nil {
		h.failed(w, r, err)
		return
	}
	back, err := url.ParseQuery(r.URL.Query().Get("back"))
	if err != nil || len(back) == 0 {
		back = url.Values{"day": {one.StartedAt.UTC().Format(time.DateOnly)}}
	}
	h.show(w, http.StatusOK, "run", frame{Title: "Run of " + report.OneLine(one.Machine.Hostname), Who: whose(who), Body: runView{
		Report: template.HTML(b.String()), //nolint:gosec // report/html escapes what a result says
		Back:   to(results.PathPage, back) + "#runs", JSON: to(pathJSON, url.Values{"key": {key}}),
	}})
}

// json hands a run out as it was stored, byte for byte.
func (h *handler) json(w http.ResponseWriter, r *http.Request, who responder.Holder) {
	key, raw, ok := h.stored(w, r, who)
	if !ok {
		return
	}
	name, _ := results.ReadKey(key)
	headers(w, "application/json")
	w.Header().Set("Content-Disposition", attachment("netready_"+name.RunID+".json"))
	_, _ = io.Copy(w, bytes.NewReader(raw)) // the browser may be gone
}

// stored reads the run that a request names, if who asks may read it.
func (h *handler) stored(w http.ResponseWriter, r *http.Request, who responder.Holder) (key string, raw []byte, ok bool) {
	key = r.URL.Query().Get("key")
	err := store.ErrNotFound
	if mayRead(who, key) {
		raw, err = h.Store.Read(r.Context(), key)
	}
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrKey):
		// The same words whether there is none or it is another organisation's.
		h.refuse(w, r, http.StatusNotFound, "There is no such run among the results that this link reads. It may have been deleted.")
		return "", nil, false
	case err != nil:
		h.failed(w, r, err)
		return "", nil, false
	}
	h.note(who, key, 1)
	return key, raw, true
}

// mayRead says whether a token reads the result of a key.
func mayRead(who responder.Holder, key string) bool {
	_, ok := results.ReadKey(key)
	return ok && (who.Org == "" || store.IsOf(key, who.Org))
}
