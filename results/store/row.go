package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"netready/probe/facts"
	"netready/report"
	"netready/thresholds"
)

// A Row is what is shown of a run among others: its line in the index.
type Row struct {
	Stored
	Sum          string             `json:"sum"`          // SHA-256 of the result, its first half in hex
	Organization string             `json:"organization"` // as the result names it
	Location     string             `json:"location"`
	Machine      string             `json:"machine"` // host name, "" where it was left out
	Interface    string             `json:"interface"`
	Verdict      thresholds.Verdict `json:"verdict"`
	Complete     bool               `json:"complete"`
	First        string             `json:"first"`        // what to look at first
	PortsFailed  int                `json:"ports_failed"` // required ones
	JitterUp     *float64           `json:"jitter_up_ms"`
	JitterDown   *float64           `json:"jitter_down_ms"`
	LossUp       *float64           `json:"loss_up_percent"`
	LossDown     *float64           `json:"loss_down_percent"`
	RTT          *float64           `json:"rtt_avg_ms"`
	MOSUp        *float64           `json:"mos_up"`
	MOSDown      *float64           `json:"mos_down"`
}

// Bounds of the texts in a row, in bytes: a result may name anything.
const (
	longestName  = 400
	longestFirst = 600
)

// rowOf is the row of a result that is kept for an organisation.
func rowOf(org string, raw []byte, r report.Report) Row {
	org, region, id := bounded(org), bounded(r.Region.ID), bounded(r.RunID)
	sum := sha256.Sum256(raw)
	p := partitionOf(org, r.StartedAt)
	row := Row{
		Stored:       Stored{Key: p.key(region, id), RunID: id, Org: org, Region: region, Started: r.StartedAt.UTC(), Size: int64(len(raw))},
		Sum:          hex.EncodeToString(sum[:16]),
		Organization: cut(r.Organization, longestName), Location: cut(r.Location, longestName), Machine: cut(r.Machine.Hostname, longestName),
		Interface: cut(r.Machine.Interface.Kind, longestName), Verdict: r.Verdict, Complete: r.Complete,
	}
	for _, port := range r.Firewall {
		if thresholds.RowLevel(port) == thresholds.Fail {
			row.PortsFailed++
		}
	}
	for _, finding := range r.Findings {
		if finding.Level != thresholds.Pass {
			row.First = cut(finding.Text, longestFirst)
			break
		}
	}
	row.figures(r.Voice)
	return row
}

func (r *Row) figures(v facts.Voice) {
	if up := v.Up; up != nil {
		r.JitterUp, r.LossUp, r.MOSUp = up.JitterMS, up.LossPercent, up.MOS
	}
	if down := v.Down; down != nil {
		r.JitterDown, r.LossDown, r.MOSDown = down.JitterMS, down.LossPercent, down.MOS
	}
	if v.RTT != nil {
		r.RTT = v.RTT.AvgMS
	}
}

// bounded is a name that parts the store, which names none where it is empty.
func bounded(text string) string {
	if text == "" {
		return Nameless
	}
	return strings.ToValidUTF8(text[:min(len(text), longestName)], "")
}

// cut keeps the beginning of a text, whole characters in one line.
func cut(text string, most int) string {
	text = report.OneLine(text)
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// readRow makes the row of an object again, from the object.
func readRow(org, key string, raw []byte) (Row, error) {
	var row Row
	found := 0
	err := report.ReadBriefly(raw, func(r report.Report, _ report.Note, err error) error {
		if found++; err != nil || found > 1 {
			return fmt.Errorf("%w: %s", report.ErrNotResult, key)
		}
		row = rowOf(org, raw, r)
		return nil
	})
	if err != nil {
		return row, fmt.Errorf("%s: %w", key, err)
	}
	// The organisation of a key that was cut is not known from the key.
	a, _ := parseKey(key)
	if p := (partition{row.Started.Format(time.DateOnly), a.org}); p.key(row.Region, row.RunID) != key {
		return row, fmt.Errorf("it lies under another key than its own: %s", p.key(row.Region, row.RunID))
	}
	row.Key = key
	return row, nil
}
