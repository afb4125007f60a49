package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"netready/probe/facts"
)

// WriteJSON writes the report as one indented document.
func WriteJSON(w io.Writer, r Report) error { return encode(w, whole(r)) }

// WriteJSONArray writes several reports as one document.
func WriteJSONArray(w io.Writer, reports []Report) error {
	all := make([]Report, 0, len(reports))
	for _, r := range reports {
		all = append(all, whole(r))
	}
	return encode(w, all)
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

// whole replaces every list that is null by an empty one.
func whole(r Report) Report {
	fill(&r.Parts)
	fill(&r.Voice.Assumptions)
	fill(&r.Voice.PerCall)
	fill(&r.Voice.Timeline)
	fill(&r.Voice.PathChanges)
	fill(&r.Ping)
	fill(&r.Firewall)
	fill(&r.NotMeasured)
	fill(&r.Environment.DNS)
	fill(&r.Findings)
	fill(&r.Path.Hops)
	directions := []*facts.Direction{r.Voice.Up, r.Voice.Down}
	for _, pair := range r.Voice.PerCall {
		directions = append(directions, pair.Up, pair.Down)
	}
	if u := r.UnderLoad; u != nil {
		for _, p := range []*facts.LoadPhase{u.Down, u.Up} {
			if p != nil {
				directions = append(directions, p.CallUp, p.CallDown, p.UnmarkedUp, p.UnmarkedDown)
			}
		}
	}
	for _, d := range directions {
		if d != nil {
			fill(&d.Shifts)
			fill(&d.Unreliable)
		}
	}
	r.Firewall = slices.Clone(r.Firewall)
	for i := range r.Firewall {
		fill(&r.Firewall[i].FailedPorts)
	}
	for i := range r.Environment.DNS {
		fill(&r.Environment.DNS[i].Addresses)
	}
	return r
}

func fill[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}
