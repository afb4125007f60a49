package page

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"netready/probe/regions"
	"netready/report"
	"netready/report/html"
)

// Bounds of what the form takes.
const (
	maxSeconds = 3600
	maxCalls   = 200
	maxText    = 64 << 10 // bytes of organization and location: more is an accident
	maxBody    = 1 << 20
)

// handler routes the requests; ctx is the server's and outlives them.
func (s *Server) handler(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.index)
	mux.HandleFunc("GET /assets/{name}", asset)
	mux.HandleFunc("GET /api/events", func(w http.ResponseWriter, r *http.Request) { s.events(ctx, w, r) })
	mux.HandleFunc("GET /api/results", s.results)
	mux.HandleFunc("GET /api/results/{id}/{form}", s.result)
	mux.HandleFunc("GET /api/compare", s.compare)
	mux.HandleFunc("POST /api/start", func(w http.ResponseWriter, r *http.Request) { s.start(ctx, w, r) })
	mux.HandleFunc("POST /api/stop", func(w http.ResponseWriter, _ *http.Request) {
		s.test.stop()
		answer(w, struct{}{})
	})
	mux.HandleFunc("POST /api/decline", s.decline)
	mux.HandleFunc("POST /api/open", s.open)
	mux.HandleFunc("POST /api/forget", s.forget)
	mux.HandleFunc("POST /api/measure", func(w http.ResponseWriter, r *http.Request) { s.measure(ctx, w, r) })
	return s.guard.protect(mux)
}

// lastTime is where an invite comes from that the page remembered.
const lastTime = "the last time"

// indexView is the data of the page's template.
type indexView struct {
	Frame, Views string // the styles, and the script: parts of this program
	Start        string
	Version, Dir string
	Phase        string // of the run, and its number and result: what to show first
	Run          int
	Result       string
	Groups       []regionGroup
	Form         form   // without the invite
	Invite       string // the host of an invite that is known already
	InviteFrom   string // where it comes from
	Measures     bool
}

// regionGroup is the regions of one continent.
type regionGroup struct {
	Continent string
	Regions   []regions.Region
}

func (s *Server) index(w http.ResponseWriter, _ *http.Request) {
	f := s.memory.load()
	now := s.test.snapshot()
	v := indexView{
		Frame: frameStyle, Views: viewStyle, Start: start, Version: s.cfg.Version, Dir: s.cfg.Dir, Groups: groups(s.cfg.Regions), Measures: s.cfg.Measure != nil,
		Phase: now.Phase, Run: now.Run, Result: now.Result,
	}
	switch {
	case s.cfg.Invite.Host != "":
		v.Invite, v.InviteFrom = s.cfg.Invite.Host, "the command line"
	case f.invite().Host != "":
		v.Invite, v.InviteFrom = f.invite().Host, lastTime
	}
	f.Invite = ""
	v.Form = s.cfg.Given.over(f)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = html.Print(w, indexPage(v))
}

func groups(list []regions.Region) []regionGroup {
	var out []regionGroup
	for _, r := range list {
		name := cmp.Or(r.Continent, "Other")
		at := slices.IndexFunc(out, func(g regionGroup) bool { return g.Continent == name })
		if at < 0 {
			out = append(out, regionGroup{Continent: name})
			at = len(out) - 1
		}
		out[at].Regions = append(out[at].Regions, r)
	}
	return out
}

// startRequest is the form as the page sends it.
type startRequest struct {
	Region       string `json:"region"`
	Organization string `json:"organization"`
	Location     string `json:"location"`
	Invite       string `json:"invite"` // "" for the one that is known already
	DurationS    int    `json:"duration_s"`
	Calls        int    `json:"calls"`
	Auto         bool   `json:"auto"`      // as long as it takes, in place of DurationS
	Upload       bool   `json:"upload"`    // send the result to the responder
	Anonymous    bool   `json:"anonymous"` // without this computer's name and addresses
	Responder    string `json:"responder"` // host:port of the result to be run again; "" for a new test
}

func (s *Server) start(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	var req startRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&req); err != nil {
		refuse(w, http.StatusBadRequest, "", "The form could not be read: "+err.Error())
		return
	}
	if field, err := s.check(req); err != nil {
		refuse(w, http.StatusBadRequest, field, err.Error())
		return
	}
	to, typed, err := s.farEnd(req, s.memory.load().invite())
	if err != nil {
		refuse(w, http.StatusBadRequest, "invite", err.Error())
		return
	}
	err = s.test.start(ctx, Options{
		Region: req.Region, Organization: req.Organization, Location: req.Location, FarEnd: to,
		Duration: req.length(), Auto: req.Auto, Calls: req.Calls, Upload: req.Upload, Anonymous: req.Anonymous,
	}, func(r report.Report, err error) { s.learn(to.Invite, typed, r, err) })
	if err != nil {
		refuse(w, http.StatusConflict, "", err.Error())
		return
	}
	note := struct {
		Note string `json:"note,omitempty"`
	}{}
	keep := func(f *form) { // all but the invite, which is kept once it has worked
		*f = form{req.Region, req.Organization, req.Location, f.Invite, req.DurationS, req.Calls, req.Auto, req.Upload, req.Anonymous}
	}
	if err := s.memory.change(keep); err != nil {
		note.Note = err.Error() // the run goes on
	}
	answer(w, note)
}

// length is how long the call lasts, at the most.
func (req startRequest) length() time.Duration {
	if req.Auto {
		return AutoAtMost
	}
	return time.Duration(req.DurationS) * time.Second
}

// check finds the first field that cannot be used, and says what to enter.
func (s *Server) check(req startRequest) (field string, err error) {
	known := slices.ContainsFunc(s.cfg.Regions, func(r regions.Region) bool { return r.ID == req.Region })
	switch {
	case req.Region == "":
		return "region", errors.New("choose the region that your calls go to")
	case !known:
		return "region", fmt.Errorf("the region %q is not in the list; choose one that is", req.Region)
	case len(req.Organization) > maxText:
		return "organization", errors.New("this name is too long; use a shorter one")
	case len(req.Location) > maxText:
		return "location", errors.New("this text is too long; use a shorter one")
	case !req.Auto && (req.DurationS < 1 || req.DurationS > maxSeconds):
		return "duration", fmt.Errorf("enter a length from 1 to %d seconds; 30 is usual", maxSeconds)
	case req.Calls < 1 || req.Calls > maxCalls:
		return "calls", fmt.Errorf("enter a number from 1 to %d", maxCalls)
	}
	return "", nil
}

func (s *Server) forget(w http.ResponseWriter, _ *http.Request) {
	if err := s.memory.forgetInvite(); err != nil {
		refuse(w, http.StatusInternalServerError, "invite", err.Error())
		return
	}
	s.used.forget()
	answer(w, struct{}{})
}

func (s *Server) measure(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	if s.cfg.Measure == nil {
		http.NotFound(w, r)
		return
	}
	if s.test.running() {
		refuse(w, http.StatusConflict, "", errBusy.Error())
		return
	}
	ctx, cancel := context.WithCancel(ctx) // ends with the server, or when the page is gone
	defer cancel()
	defer context.AfterFunc(r.Context(), cancel)()
	times, err := s.cfg.Measure(ctx)
	if err != nil {
		refuse(w, http.StatusBadGateway, "region", err.Error())
		return
	}
	answer(w, times)
}

// answer sends a value as JSON.
func answer(w http.ResponseWriter, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}

// refuse says what is wrong, and with which field of the form.
func refuse(w http.ResponseWriter, status int, field, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	text, _ := json.Marshal(map[string]string{"field": field, "error": message}) // strings: cannot fail
	_, _ = w.Write(text)
}
