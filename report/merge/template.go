package merge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"netready/probe/facts"
	"netready/report"
	"netready/report/workbook"
	"netready/thresholds"
)

// Template writes a workbook with sample rows, which the first merge that
// adds to it removes. It writes over a file only with force.
func Template(ctx context.Context, name, version string, now time.Time, force bool) error {
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) && !force {
		return fmt.Errorf("%s exists: give another name, or --force to write over it", name)
	}
	samples := samples(now)
	rows := func(yield func(workbook.Row, error) bool) {
		for _, sample := range samples {
			row := workbook.FromReport(sample)
			row.Label("sample", []string{workbook.RemarkSample + ": goes away with the first merge --append"})
			if !yield(row, nil) {
				return
			}
		}
	}
	return writeFile(name, func(w io.Writer) error {
		return workbook.Writer{
			Limits: thresholds.Default(), Version: version, Made: now, Sources: []string{"sample rows"}, Samples: true,
		}.Write(w, len(samples), until(ctx, rows), nil)
	})
}

// samples are twelve runs on three machines: a good one, a busy Wi-Fi, and
// one behind a firewall that blocks the media ports.
func samples(now time.Time) []report.Report {
	day := now.UTC().Truncate(24 * time.Hour)
	var list []report.Report
	for i := range 12 {
		hour := 8 + 3*(i/3)
		wave := float64(min(hour, 20-hour+8)-8) / 6 // busiest in the early afternoon
		list = append(list, sample(i, day.Add(time.Duration(hour)*time.Hour), wave))
	}
	return list
}

func sample(i int, start time.Time, wave float64) report.Report {
	r := facts.Result{
		Schema: facts.SchemaVersion, RunID: fmt.Sprintf("SAMPLE-%02d", i+1), StartedAt: start, FinishedAt: start.Add(45 * time.Second),
		Organization: "Sample Ltd", Location: []string{"Head office", "Branch", "Home"}[i%3], Parts: facts.AllParts(), Complete: true,
		Machine: facts.Machine{Hostname: []string{"SAMPLE-PC1", "SAMPLE-PC2", "SAMPLE-PC3"}[i%3]},
		Region:  facts.Region{ID: "eu-central-1", Name: "Europe (Frankfurt)"},
		Voice:   facts.Voice{Mode: facts.ModeResponder, Codec: "pcmu", PtimeMS: 20, JitterBufferMS: 60, DurationS: 30, Calls: 1},
	}
	bad := 0.0
	if i%3 == 1 {
		bad = 1
	}
	r.Voice.Up = direction(1.5+wave+bad*(14+22*wave), bad*2.4*wave, bad*3*wave, 100-bad*wave, 4.38-bad*wave*0.9)
	r.Voice.Down = direction(1.1+wave+bad*(6+9*wave), bad*0.8*wave, bad*wave, 100-bad*0.4*wave, 4.39-bad*wave*0.4)
	rtt := 24 + 9*wave + bad*60*wave
	r.Voice.RTT = &facts.RTT{Source: facts.RTTStun, Samples: 150, AvgMS: round(rtt)}
	media := facts.StatusPass
	reason := ""
	if i%3 == 2 {
		media, reason = facts.StatusFail, "no_reply"
	}
	r.Firewall = []facts.PortRow{
		{Name: "Service HTTPS", Protocol: "tls", Port: 443, Required: true, Status: facts.StatusPass},
		{Name: "STUN", Protocol: "stun", Port: 3478, Required: true, Status: facts.StatusPass},
		{Name: "Media range", Protocol: "udp-range", Ports: "16384-65535", Required: true, Status: media, Reason: reason},
		{Name: "Google STUN", Protocol: "stun", Port: 19302, Status: facts.StatusFail, Reason: "no_reply"},
	}
	return report.New(r, thresholds.Default())
}

func direction(jitter, loss, discards, order, mos float64) *facts.Direction {
	return thresholds.KeepLimits(&facts.Direction{
		Sent: 1500, JitterMS: round(jitter), LossPercent: round(loss), DiscardPercent: round(discards),
		InOrderPercent: round(order), MOS: round(mos),
	})
}

func round(x float64) *float64 {
	x = float64(int(x*1000+0.5)) / 1000
	return &x
}
