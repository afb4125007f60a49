package page

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"netready/probe/responder"
	"netready/results"
	"netready/results/store"
	"netready/thresholds"
)

// dayView is what the template prints of a day.
type dayView struct {
	Day, Org                              string
	AllOrgs                               bool // the token reads all, so that one can be chosen
	Earlier, Later                        string
	Total                                 count
	Tiles                                 []tile
	MachineTable, LocationTable, OrgTable groupTable
	MissedMachines, MissedPlaces          int
	Hours                                 []hourRow
	Downloads                             []link
	List                                  []runRow
	Heads                                 []string
	Matching                              int
	Filters                               []link // what the list is bound to, each with a link without it
	More                                  string
}

type link struct{ Text, URL string }

type tile struct {
	link
	Tone, Sign string
	Runs       int
	Percent    string
}

// groupTable is a table of groups, with its words.
type groupTable struct {
	What, Head        string
	Org, ByOrg, First bool // which columns it has; ByOrg: its rows are organisations
	Rows              []groupRow
}

type groupRow struct {
	group
	URL, LowestMOS string
}

type hourRow struct {
	count
	Hour, URL string
	Bars      []bar // not ready, ready, undetermined
}

// bar is a part of a bar that is 100 wide in the fullest hour.
type bar struct {
	Tone     string
	At, Wide float64
}

type runRow struct {
	URL, Started, StartedISO, Machine, Org, Location, Region, First string
	Tone, Sign, Verdict                                             string
	Figures                                                         []string
}

// day shows a day.
func (h *handler) day(w http.ResponseWriter, r *http.Request, who responder.Holder) {
	a, ok := h.asked(w, r, who)
	if !ok {
		return
	}
	s, err := h.inTurn(r.Context(), who.TokenID, func() (*sum, error) { return sumUp(h.Store.Rows(r.Context(), a.query()), a) })
	if err != nil {
		h.failed(w, r, err)
		return
	}
	h.note(who, "the page of "+a.query().Values().Encode(), s.Runs)
	h.show(w, http.StatusOK, "day", frame{Title: "Results of " + a.day.Format("2 January 2006"), Who: whose(who), Body: viewOf(a, s, who)})
}

// asked reads a request, or says what is wrong with it.
func (h *handler) asked(w http.ResponseWriter, r *http.Request, who responder.Holder) (asked, bool) {
	a, err := read(r.URL.Query(), who, h.Now())
	switch {
	case errors.Is(err, errOther):
		h.Log.Warn("a request for results was refused", "from", r.RemoteAddr, "token", who.TokenID, "code", results.NotAReader)
		h.refuse(w, r, http.StatusForbidden, "This link reads the results of another organization. Ask whoever runs the responder for one.")
	case err != nil:
		h.refuse(w, r, http.StatusBadRequest, "The address is not right: "+err.Error()+".")
	}
	return a, err == nil
}

// note writes down who saw what.
func (h *handler) note(who responder.Holder, of string, n int) {
	if n > 0 {
		h.Store.Note(store.Access{By: who.TokenID, Org: who.Org, What: store.ReadResults, Of: of, Results: n})
	}
}

// to is the address of a page.
func to(path string, v url.Values) string { return path + "?" + v.Encode() }

func viewOf(a asked, s *sum, who responder.Holder) dayView {
	v := dayView{
		Day: a.day.Format(time.DateOnly), Org: a.org, AllOrgs: who.Org == "", Total: s.count, Matching: s.matching,
		MissedMachines: s.machines.Missed, MissedPlaces: s.locations.Missed,
		Tiles: tiles(a, s.count, who), Hours: hourRows(a, s, who), Filters: filters(a, who),
	}
	whole := asked{day: a.day, org: a.org}
	plain := whole.values(who)
	v.Earlier, v.Later = shifted(whole, -1, who), shifted(whole, 1, who)
	v.MachineTable = groupTable{What: "Worst machines", Head: "Machine", Org: v.AllOrgs, First: true}
	v.LocationTable = groupTable{What: "Locations", Head: "Location", Org: v.AllOrgs}
	v.OrgTable = groupTable{What: "Organizations", Head: "Organization", ByOrg: true}
	v.MachineTable.Rows = groupRows(&s.machines, shownTop, func(g *group) asked {
		return asked{day: a.day, org: g.Org, filter: filter{Machine: g.Name}}
	}, who)
	v.LocationTable.Rows = groupRows(&s.locations, shownTop, func(g *group) asked {
		return asked{day: a.day, org: g.Org, filter: filter{Location: g.Name}}
	}, who)
	if v.AllOrgs {
		v.OrgTable.Rows = groupRows(&s.orgs, shownOrgs, func(g *group) asked { return asked{day: a.day, org: g.Org} }, who)
	}
	if s.Runs > 0 {
		for _, kind := range kinds {
			values := cloned(plain)
			values.Set("as", kind.as)
			v.Downloads = append(v.Downloads, link{kind.words, to(pathDownload, values)})
		}
	}
	v.Heads, v.List = heads(), runRows(s.list, a, who)
	if s.more {
		values := a.values(who)
		values.Set("before", markOf(s.list[len(s.list)-1]).String())
		v.More = to(results.PathPage, values) + "#runs"
	}
	return v
}

func cloned(v url.Values) url.Values {
	c := url.Values{}
	for name := range v {
		c.Set(name, v.Get(name))
	}
	return c
}

func shifted(a asked, days int, who responder.Holder) string {
	a.day = a.day.AddDate(0, 0, days)
	return to(results.PathPage, a.values(who))
}

// tones are how a verdict looks: never colour alone.
var tones = map[thresholds.Verdict][2]string{thresholds.Ready: {"pass", "✓"}, thresholds.NotReady: {"fail", "✕"}, thresholds.Undetermined: {"unknown", "?"}}

func tiles(a asked, c count, who responder.Holder) []tile {
	var list []tile
	for _, one := range []struct {
		verdict thresholds.Verdict
		runs    int
	}{{thresholds.NotReady, c.NotReady}, {thresholds.Undetermined, c.Undetermined}, {thresholds.Ready, c.Ready}} {
		only := asked{day: a.day, org: a.org, filter: filter{Verdict: one.verdict}}
		share := ""
		if c.Runs > 0 {
			share = thresholds.Figure(math.Round(1000*float64(one.runs)/float64(c.Runs))/10, "%")
		}
		tone := tones[one.verdict]
		list = append(list, tile{link{one.verdict.Title(), to(results.PathPage, only.values(who)) + "#runs"}, tone[0], tone[1], one.runs, share})
	}
	return list
}

func groupRows(g *groups, most int, of func(*group) asked, who responder.Holder) []groupRow {
	var list []groupRow
	for _, one := range g.worst(most) {
		row := groupRow{group: *one, LowestMOS: figure(one.LowestMOS)}
		if a := of(one); one.Name != "" || a.filter == (filter{}) {
			row.URL = to(results.PathPage, a.values(who)) + "#runs"
		}
		list = append(list, row)
	}
	return list
}

func hourRows(a asked, s *sum, who responder.Holder) []hourRow {
	most := 1
	for _, c := range s.hours {
		most = max(most, c.Runs)
	}
	var list []hourRow
	for hour, c := range s.hours {
		if c.Runs == 0 {
			continue
		}
		one := asked{day: a.day, org: a.org, filter: filter{Hour: strconv.Itoa(hour)}}
		width := func(n int) float64 { return math.Round(10_000*float64(n)/float64(most)) / 100 }
		list = append(list, hourRow{
			count: c, Hour: fmt.Sprintf("%02d:00", hour), URL: to(results.PathPage, one.values(who)) + "#runs",
			Bars: []bar{{"fail", 0, width(c.NotReady)}, {"pass", width(c.NotReady), width(c.Ready)}, {"unknown", width(c.NotReady + c.Ready), width(c.Undetermined)}},
		})
	}
	return list
}

// filters are what the list is bound to.
func filters(a asked, who responder.Holder) []link {
	var list []link
	add := func(text string, without func(*filter)) {
		rest := asked{day: a.day, org: a.org, filter: a.filter}
		without(&rest.filter)
		list = append(list, link{text, to(results.PathPage, rest.values(who)) + "#runs"})
	}
	if v := a.filter.Verdict; v != "" {
		add(v.Title(), func(f *filter) { f.Verdict = "" })
	}
	if a.filter.Machine != "" {
		add("Machine "+a.filter.Machine, func(f *filter) { f.Machine = "" })
	}
	if a.filter.Location != "" {
		add("Location "+a.filter.Location, func(f *filter) { f.Location = "" })
	}
	if a.filter.Hour != "" {
		add("Hour "+a.filter.Hour+" UTC", func(f *filter) { f.Hour = "" })
	}
	return list
}
