package merge

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/report"
	"netready/thresholds"
)

// corpusRun is run number i of a made-up company, as heavy as a real one.
func corpusRun(i int) report.Report {
	r := rand.New(rand.NewPCG(uint64(i), 4))
	figure := func(scale float64) *float64 { return round(scale * r.ExpFloat64()) }
	start := time.Date(2026, 10, 1, 7, 0, 0, 0, time.UTC).Add(time.Duration(i) * 13 * time.Second)
	run := sample(i, start, r.Float64())
	run.RunID = fmt.Sprintf("01JCORPUS%017d", i)
	run.Organization, run.Location = "Corpus Inc", fmt.Sprintf("Site %02d", i%40)
	run.Machine.Hostname = fmt.Sprintf("PC-%05d", i/20)
	run.Voice.Assumptions = []string{"G.711 with Appendix I concealment", "published for 10 ms packets, used at 20 ms"}
	run.Voice.PerCall = []facts.CallPair{{Up: run.Voice.Up, Down: run.Voice.Down}}
	for second := range 30 {
		side := &facts.SecondSide{Sent: 50, LossPercent: figure(0.1), JitterMS: figure(3), DelayMS: figure(5)}
		run.Voice.Timeline = append(run.Voice.Timeline, facts.Second{Second: second, Up: side, Down: side, RTTMS: figure(20)})
	}
	for port := range 12 {
		run.Firewall = append(run.Firewall, facts.PortRow{
			Name: fmt.Sprintf("Service %d", port), Protocol: "tls", Host: "api.example.com", Port: 443 + port, Required: true,
			Status: facts.StatusPass, Detail: "connected, certificate of the service", ElapsedMS: figure(30),
		})
	}
	return report.New(run.Result, thresholds.Default())
}

// writeCorpus writes n results in folders of a thousand.
func writeCorpus(tb testing.TB, folder string, n int) {
	tb.Helper()
	for i := range n {
		data := jsonOf(tb, corpusRun(i))
		name := filepath.Join(folder, fmt.Sprintf("%03d", i/1000), fmt.Sprintf("run%06d.json", i))
		if i%1000 == 0 {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				tb.Fatal(err)
			}
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}
