package page

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/report/html"

	"netready/probe"
	"netready/probe/invite"
	"netready/probe/regions"
	"netready/report"
	"netready/thresholds"
)

// script plays an assessment: what the browser gets to see of one, without
// measuring anything. The run itself has its own tests.
type script struct {
	dir   string
	pace  time.Duration // of a second of the call
	bad   bool          // a network with troubles
	dies  int           // the second in which the responder falls silent; 0: never
	fails string        // an error instead of a result
	waits int           // how often it says that it waits for its turn
	runs  atomic.Int64
}

var clockStart = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

// ulid makes ids that sort by n.
func ulid(n int64) string { return fmt.Sprintf("01KAXQ0000000000000000%04d", n) }

func (s *script) run(ctx context.Context, o Options, progress func(probe.Event)) (report.Report, error) {
	n := s.runs.Add(1)
	if s.fails != "" {
		progress(probe.Event{Step: "firewall", Text: "Trying the ports"})
		return report.Report{}, errors.New(s.fails)
	}
	r := s.result(n, o)
	seconds := int(o.Duration.Seconds())
	total := time.Duration(seconds+4) * s.pace
	rows := r.Firewall
	for i := range s.waits {
		progress(probe.Event{Step: "firewall", Text: fmt.Sprintf("The responder is busy: waiting for a turn (for %ds so far, 15m0s at most)", i)})
		s.wait(ctx, s.pace)
	}
	for i := range rows {
		progress(probe.Event{Step: "firewall", Text: "Trying the ports", Done: 0.15 * float64(i) / float64(len(rows)), Left: total, Rows: rows[:i+1]})
		s.wait(ctx, s.pace/4)
	}
	for i, sec := range r.Voice.Timeline {
		if ctx.Err() != nil {
			r.Voice.Timeline, r.Complete = r.Voice.Timeline[:i], false
			break
		}
		progress(probe.Event{
			Step: "call", Text: "Placing the test call", Done: 0.15 + 0.7*float64(i)/float64(seconds), Left: total - time.Duration(i)*s.pace,
			Live: &probe.Live{Second: sec.Second, Up: sec.Up, Down: sec.Down, RTTMS: sec.RTTMS},
		})
		s.wait(ctx, s.pace)
	}
	progress(probe.Event{Step: "late", Text: "Waiting for late packets", Done: 0.88, Left: 3 * s.pace})
	s.wait(ctx, s.pace)
	progress(probe.Event{Step: "bandwidth", Text: "Measuring the bandwidth", Done: 0.95, Left: s.pace})
	s.wait(ctx, s.pace)
	r.FinishedAt = r.StartedAt.Add(o.Duration + 6*time.Second)
	rep := judged(r)
	return rep, save(s.dir, rep)
}

func (s *script) wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func (s *script) result(n int64, o Options) facts.Result {
	r := sample(o, s.bad)
	r.RunID = ulid(n)
	r.StartedAt = clockStart.Add(time.Duration(n) * 7 * time.Minute)
	if s.dies > 0 {
		for i := s.dies; i < len(r.Voice.Timeline); i++ {
			sec := &r.Voice.Timeline[i]
			sec.Down, sec.RTTMS = nil, nil
			sec.Up = &facts.SecondSide{Sent: 50}
		}
		r.Complete, r.Voice.Down = false, nil
		r.NotMeasured = append(r.NotMeasured, facts.NotMeasured{
			What: "voice.down", Reason: fmt.Sprintf("the responder fell silent in second %d: its records of the rest did not arrive", s.dies),
		})
	}
	return r
}

// sample is a result of a plausible network, or of one with troubles.
func sample(o Options, bad bool) facts.Result {
	seconds := int(o.Duration.Seconds())
	r := facts.Result{
		Schema: facts.SchemaVersion, Tool: facts.Tool{Name: "netready", Version: "v0.0.0-test"},
		Organization: o.Organization, Location: o.Location, Parts: facts.AllParts(), Complete: true,
		Machine: facts.Machine{
			Hostname: "FRONTDESK-07", OS: "windows 10.0.26200", CPUBusyPercent: new(11.0),
			Interface: facts.Interface{Name: "Ethernet", Kind: "wired", Mbps: new(1000.0)},
		},
		Region: facts.Region{ID: o.Region, Name: "Europe (Frankfurt)", Responder: "responder.example.net:443"},
		Voice: facts.Voice{
			Mode: facts.ModeResponder, Codec: "pcmu", PtimeMS: 20, JitterBufferMS: 60, DurationS: o.Duration.Seconds(), Calls: o.Calls,
			Assumptions: []string{"G.711 (64 kbit/s) with concealment after G.711 Appendix I", "jitter buffer 60 ms, packets of 20 ms", "one-way delay: half the smallest round trip, the buffer and the packet", "everything else as ITU-T G.107 gives it"},
			Up:          side(seconds*50, 0, 0.412), Down: side(seconds*50, 1, 1.938),
			RTT:            &facts.RTT{Source: facts.RTTStun, Samples: seconds * 5, MinMS: new(18.204), AvgMS: new(21.377), P95MS: new(26.02), MaxMS: new(34.91)},
			SendLatenessMS: &facts.Lateness{P50: new(0.061), P99: new(0.402), Max: new(1.117)},
		},
		Ping:      []facts.Ping{{Target: "192.168.1.1", Role: "gateway", Samples: 30, MinMS: new(0.3), AvgMS: new(0.611), MaxMS: new(2.4)}},
		Bandwidth: facts.Bandwidth{UpMbps: new(46.21), DownMbps: new(231.9)},
		NAT:       facts.NAT{PublicAddress: "198.51.100.23:49152", ForUser: "This network translates addresses in a way that calls get through.", ForNetwork: "Endpoint-independent mapping (RFC 4787), port kept."},
		Firewall:  ports(bad),
	}
	for i := range seconds {
		wave := math.Abs(math.Sin(float64(i) * 1.7))
		up := &facts.SecondSide{Sent: 50, LossPercent: new(0.0), JitterMS: new(0.3 + 0.4*wave), DelayMS: new(1 + wave)}
		down := &facts.SecondSide{Sent: 50, LossPercent: new(0.0), JitterMS: new(1.5 + wave), DelayMS: new(3 + 2*wave)}
		if bad && i >= seconds/2 && i < seconds/2+3 {
			up.LossPercent, up.JitterMS, down.JitterMS = new(8+6*wave), new(36+9*wave), new(14.0)
		}
		r.Voice.Timeline = append(r.Voice.Timeline, facts.Second{Second: i, Up: up, Down: down, RTTMS: new(19 + 4*wave)})
	}
	if bad {
		r.Voice.Up = side(seconds*50, seconds*2, 12.75)
		r.Voice.Up.MOS, r.Voice.Up.DiscardPercent = new(3.214), new(5.4)
		r.Bandwidth = facts.Bandwidth{Reason: "the connection was cut"}
		r.NotMeasured = []facts.NotMeasured{{What: "bandwidth", Reason: "the connection was cut"}}
	}
	return r
}

func side(sent, lost int, jitter float64) *facts.Direction {
	asked, got := 46, 46
	return thresholds.KeepLimits(&facts.Direction{
		Sent: sent, Received: sent - lost, Lost: lost,
		LossPercent: new(math.Round(1e5*float64(lost)/float64(sent)) / 1e3), DiscardPercent: new(0.0), InOrderPercent: new(100.0),
		JitterMS: new(jitter), JitterMaxMS: new(jitter * 2.5), R: new(92.1), MOS: new(4.383), MOSBasis: "pcmu",
		Burst:     facts.Burst{BurstR: new(1.0), LongestRun: min(lost, 4), WorstWindowPercent: new(float64(min(lost, 12)))},
		DSCPAsked: &asked, DSCPReceived: &got,
	})
}

func ports(bad bool) []facts.PortRow {
	rows := []facts.PortRow{
		{Name: "Service HTTPS", Protocol: "tls", Host: "api.mypurecloud.de", Port: 443, Required: true},
		{Name: "Service apps", Protocol: "https", Host: "apps.mypurecloud.de", Port: 443, Required: true},
		{Name: "Service STUN", Protocol: "stun", Host: "stun.kinesisvideo.eu-central-1.amazonaws.com", Port: 443, Required: true},
		{Name: "Media STUN", Protocol: "udp", Host: "responder.example.net", Port: 3478, Required: true},
		{Name: "Media STUN over TCP", Protocol: "stun-tcp", Host: "responder.example.net", Port: 3478, Required: true},
		{Name: "Media range", Protocol: "udp-range", Host: "responder.example.net", Ports: "16384-65535", Required: true, Tested: []int{16384, 20110, 31007, 65535}},
		{Name: "DNS", Protocol: "dns", Host: "192.168.1.1", Port: 53, Note: "often flagged as failed; common, and nothing to worry about"},
		{Name: "Google STUN", Protocol: "stun", Host: "stun.l.google.com", Port: 19302, Note: "optional; nothing to worry about if STUN is not used"},
	}
	for _, name := range []string{"login", "realtime", "webrtc", "signaling", "provisioning", "status"} {
		rows = append(rows, facts.PortRow{Name: "Service " + name, Protocol: "https", Host: name + ".mypurecloud.de", Port: 443, Required: true})
	}
	for i := range rows {
		rows[i].Status, rows[i].ElapsedMS = facts.StatusPass, new(12.4)
	}
	rows[7].Status, rows[7].Reason = facts.StatusFail, "no_reply"
	if bad {
		rows[5].Status, rows[5].Reason, rows[5].FailedPorts = facts.StatusFail, "partly_open", []int{31007, 65535}
		rows[5].Detail = "2 of 4 tried ports are closed: 31007, 65535; no answer came back, though the responder listens there."
		rows[4].Status, rows[4].Reason = facts.StatusFail, "refused"
		rows[2].Status, rows[2].Reason, rows[2].Detail = facts.StatusNotMeasured, "dns", "no such host"
	}
	return rows
}

func judged(r facts.Result) report.Report {
	rep := report.New(r, thresholds.Default())
	if rep.Findings != nil {
		return rep
	}
	switch {
	case r.Voice.Up.LossPercent != nil && *r.Voice.Up.LossPercent > 1:
		rep.Verdict = thresholds.NotReady
		rep.Findings = []thresholds.Finding{
			{Level: thresholds.Fail, What: "cause", Text: "Packets are lost in bursts on the way up, while the gateway answers evenly.", Advice: "The fault lies behind the gateway: ask the provider about the uplink at this hour."},
			{Level: thresholds.Fail, What: "port", Text: "Media range: UDP 16384-65535 is not open in full.", Advice: "Ask the network team to allow outbound UDP 16384-65535 to the media addresses."},
		}
	case !r.Complete:
		rep.Verdict = thresholds.Undetermined
	default:
		rep.Verdict = thresholds.Ready
	}
	return rep
}

// save writes the pair of files as a run does.
func save(dir string, rep report.Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(rep, "", " ")
	if err != nil {
		return err
	}
	base := filepath.Join(dir, "netready_"+rep.RunID[18:])
	if err := os.WriteFile(base+".json", text, 0o644); err != nil {
		return err
	}
	cell := strings.NewReplacer("\t", " ", "\n", " ")
	txt := "\ufeffVOIP\r\n\r\nROW FOR THE SPREADSHEET\r\nRun ID\tOrganization\r\n" + rep.RunID + "\t" + cell.Replace(rep.Organization) + "\r\n"
	return os.WriteFile(base+".txt", []byte(txt), 0o644)
}

// regions are enough of a list to search in.
func someRegions() []regions.Region {
	return []regions.Region{
		{ID: "local", Name: "This machine", Continent: "This machine"},
		{ID: "us-east-1", Name: "US East (N. Virginia)", Continent: "North America"},
		{ID: "us-west-2", Name: "US West (Oregon)", Continent: "North America"},
		{ID: "sa-east-1", Name: "South America (São Paulo)", Continent: "South America"},
		{ID: "eu-central-1", Name: "Europe (Frankfurt)", Continent: "Europe", Country: "Germany", Responders: []invite.Invite{{Host: "responder.example.net:443"}}},
		{ID: "eu-west-2", Name: "Europe (London)", Continent: "Europe"},
		{ID: "ap-southeast-2", Name: "Asia Pacific (Sydney)", Continent: "Oceania"},
	}
}

// serve starts a page and returns it; it ends with the test.
func serve(tb testing.TB, cfg Config) *Server {
	tb.Helper()
	if cfg.Regions == nil {
		cfg.Regions = someRegions()
	}
	if cfg.Formats == nil {
		cfg.Formats = map[string]Format{"html": {Kind: "text/html; charset=utf-8", Write: html.Write}}
	}
	ctx, cancel := context.WithCancel(tb.Context())
	s, err := Listen(ctx, cfg)
	if err != nil {
		tb.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("Serve: %v", err)
		}
	})
	return s
}
