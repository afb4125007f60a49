package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"netready/probe/facts"

	"netready/probe"
	"netready/probe/regions"
	"netready/report"
	"netready/thresholds"
)

// regionsCmd is "netready regions": what can be chosen and what each region
// can measure.
type regionsCmd struct {
	Regions string `placeholder:"FILE" help:"Replaces the built-in list of regions and checks (YAML)."`
	Measure bool   `help:"Measure the round trip to each region's public endpoint and rank them; a few packets for each."`
	JSON    bool   `name:"json" help:"Print one JSON document."`
}

// regionRow is one region of the list.
type regionRow struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Continent string     `json:"continent"`
	Measures  []string   `json:"measures"`       // call, call_by_turn, round_trip, ports
	TURN      []string   `json:"turn,omitempty"` // URIs of the region's TURN server
	RTT       *facts.RTT `json:"rtt,omitempty"`
	Reason    string     `json:"reason,omitempty"` // why there is no round trip
}

// What a region can measure.
const (
	measuresCall       = "call"         // with a responder
	measuresCallByTURN = "call_by_turn" // with a TURN server, for which credentials are needed
	measuresRoundTrip  = "round_trip"   // with a public endpoint
	measuresPorts      = "ports"
)

// measureLimit is for one region: all of its three endpoints may be dead.
const measureLimit = 18 * time.Second

// Run lists the regions, and measures them if asked to.
func (c *regionsCmd) Run(app *app) error {
	list, err := loadRegions(c.Regions)
	if err != nil {
		return usageError(err)
	}
	rows := make([]regionRow, len(list.Regions))
	for i, known := range list.Regions {
		region, err := list.Find(known.ID)
		if err != nil {
			return usageError(err)
		}
		rows[i] = newRegionRow(region)
	}
	if c.Measure {
		measureRegions(app.Ctx, list, rows)
	}
	if c.JSON {
		enc := json.NewEncoder(app.Stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(struct {
			File    string      `json:"regions_file"`
			Regions []regionRow `json:"regions"`
		}{list.File, rows})
	}
	return c.print(app, list, rows)
}

func newRegionRow(r regions.Region) regionRow {
	row := regionRow{ID: r.ID, Name: r.Name, Continent: r.Continent}
	if len(r.Responders) > 0 || r.ID == regions.Local {
		row.Measures = append(row.Measures, measuresCall)
	}
	for _, uri := range r.TURNURIs {
		row.TURN = append(row.TURN, uri.String())
	}
	if len(row.TURN) > 0 {
		row.Measures = append(row.Measures, measuresCallByTURN)
	}
	if r.STUN != "" || r.Echo != "" || r.TCP != "" {
		row.Measures = append(row.Measures, measuresRoundTrip)
	}
	row.Measures = append(row.Measures, measuresPorts)
	return row
}

// measureRegions asks all regions at once and ranks them by round trip; those
// that did not answer come last.
func measureRegions(ctx context.Context, list regions.List, rows []regionRow) {
	var wg sync.WaitGroup
	for i := range rows {
		wg.Go(func() { rows[i].measure(ctx, list) })
	}
	wg.Wait()
	slices.SortStableFunc(rows, func(a, b regionRow) int {
		switch {
		case a.RTT != nil && b.RTT != nil:
			return int(1e6 * (*a.RTT.AvgMS - *b.RTT.AvgMS))
		case a.RTT != nil:
			return -1
		case b.RTT != nil:
			return 1
		}
		return 0
	})
}

func (row *regionRow) measure(ctx context.Context, list regions.List) {
	region, err := list.Find(row.ID)
	if err != nil {
		row.Reason = err.Error()
		return
	}
	if region.STUN == "" && region.Echo == "" && region.TCP == "" {
		row.Reason = "no public endpoint to ask; it needs a responder"
		return
	}
	ctx, cancel := context.WithTimeout(ctx, measureLimit)
	defer cancel()
	rtt, reason := probe.RoundTrip(ctx, region)
	row.RTT, row.Reason = rtt, oneLine(reason)
}

func (c *regionsCmd) print(app *app, list regions.List, rows []regionRow) error {
	if list.File != "" {
		fmt.Fprintln(app.Stdout, "from", report.OneLine(list.File))
	}
	out := safe(app.Stdout)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	heading := "REGION\tNAME\tMEASURES"
	if c.Measure {
		heading += "\tROUND TRIP\tLOST"
	}
	fmt.Fprintln(w, heading)
	for _, row := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s", report.OneLine(row.ID), report.OneLine(row.Name), row.words())
		if c.Measure {
			fmt.Fprint(w, "\t"+row.roundTrip())
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("printing the regions: %w", err)
	}
	if c.Measure {
		unanswered(out, rows)
	}
	fmt.Fprintln(out, "\nA call with figures for each direction needs a responder in the region (netready-responder) or a TURN server (--ice, --turn).")
	return nil
}

func (row *regionRow) words() string {
	words := map[string]string{
		measuresCall: "call both ways", measuresRoundTrip: "round trip", measuresPorts: "ports",
		measuresCallByTURN: "call through " + report.OneLine(strings.Join(row.TURN, " or ")),
	}
	all := make([]string, len(row.Measures))
	for i, m := range row.Measures {
		all[i] = words[m]
	}
	return strings.Join(all, ", ")
}

func (row *regionRow) roundTrip() string {
	if row.RTT == nil {
		return "not measured\t"
	}
	return fmt.Sprintf("%s (%s)\t%d of %d", thresholds.Figure(*row.RTT.AvgMS, "ms"), row.RTT.Source, row.RTT.Lost, row.RTT.Lost+row.RTT.Samples)
}

// unanswered says under the table why regions have no round trip; where none
// answered it is one reason and not twenty.
func unanswered(w io.Writer, rows []regionRow) {
	var silent []regionRow
	for _, row := range rows {
		if row.RTT == nil && slices.Contains(row.Measures, measuresRoundTrip) {
			silent = append(silent, row)
		}
	}
	answered := slices.ContainsFunc(rows, func(row regionRow) bool { return row.RTT != nil })
	switch {
	case len(silent) == 0:
	case !answered && len(silent) > 1:
		fmt.Fprintf(w, "\nNo region answered: is this computer online? %s: %s\n", report.OneLine(silent[0].ID), silent[0].Reason)
	default:
		fmt.Fprintln(w, "\nNot measured:")
		for _, row := range silent {
			fmt.Fprintf(w, "  %s: %s\n", report.OneLine(row.ID), row.Reason)
		}
	}
}
