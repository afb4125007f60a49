package thresholds

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"netready/probe/facts"

	"netready/internal/seed"
)

// goodDirection has every figure that has a limit, each within it.
func goodDirection() *facts.Direction {
	return KeepLimits(&facts.Direction{
		Sent: 1500, Received: 1500, LossPercent: new(0.0), DiscardPercent: new(0.0), InOrderPercent: new(100.0),
		JitterMS: new(1.0), JitterMaxMS: new(2.0), MOS: new(4.3),
	})
}

func goodResult() facts.Result {
	return facts.Result{
		Parts: facts.AllParts(), Complete: true,
		Region: facts.Region{ID: "x", Responder: "h:1"},
		Voice: facts.Voice{
			Mode: facts.ModeResponder, Up: goodDirection(), Down: goodDirection(),
			RTT: &facts.RTT{Source: "stun", Samples: 100, AvgMS: new(20.0), MinMS: new(10.0)},
		},
		Firewall: []facts.PortRow{
			{Name: "UDP to the responder", Required: true, Status: facts.StatusPass},
			{Name: "DNS", Status: facts.StatusFail, Reason: "no_reply", Note: "nothing to worry about"},
		},
	}
}

func verdict(r facts.Result) Verdict { return VerdictOf(r, Default().Judge(r)) }

func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*facts.Result)
		want   Verdict
	}{
		{"all good, an optional port failed", func(*facts.Result) {}, Ready},
		{"jitter just below", func(r *facts.Result) { r.Voice.Up.JitterMS = new(29.999) }, Ready},
		{"jitter at the limit", func(r *facts.Result) { r.Voice.Up.JitterMS = new(30.0) }, NotReady},
		{"loss just below", func(r *facts.Result) { r.Voice.Down.LossPercent = new(0.999) }, Ready},
		{"loss at the limit", func(r *facts.Result) { r.Voice.Down.LossPercent = new(1.0) }, NotReady},
		{"discards just below", func(r *facts.Result) { r.Voice.Down.DiscardPercent = new(4.999) }, Ready},
		{"discards at the limit", func(r *facts.Result) { r.Voice.Up.DiscardPercent = new(5.0) }, NotReady},
		{"order at the limit", func(r *facts.Result) { r.Voice.Up.InOrderPercent = new(98.0) }, Ready},
		{"order below", func(r *facts.Result) { r.Voice.Up.InOrderPercent = new(97.999) }, NotReady},
		{"round trip just below", func(r *facts.Result) { r.Voice.RTT.AvgMS = new(149.999) }, Ready},
		{"round trip at the limit", func(r *facts.Result) { r.Voice.RTT.AvgMS = new(150.0) }, NotReady},
		{"MOS at the limit", func(r *facts.Result) { r.Voice.Down.MOS = new(3.6) }, Ready},
		{"MOS 3.65 falls into no hole", func(r *facts.Result) { r.Voice.Down.MOS = new(3.65) }, Ready},
		{"MOS below", func(r *facts.Result) { r.Voice.Down.MOS = new(3.599) }, NotReady},
		{"no jitter", func(r *facts.Result) { r.Voice.Up.JitterMS = nil }, Undetermined},
		{"jitter that is no number", func(r *facts.Result) { r.Voice.Up.JitterMS = new(math.NaN()) }, Undetermined},
		{"no down", func(r *facts.Result) { r.Voice.Down = nil }, Undetermined},
		{"no round trip", func(r *facts.Result) { r.Voice.RTT = nil }, Undetermined},
		{"no voice at all", func(r *facts.Result) { r.Voice = facts.Voice{Mode: facts.ModeNone} }, Undetermined},
		{"a required port failed", func(r *facts.Result) { r.Firewall[0].Status = facts.StatusFail }, NotReady},
		{"a required port not measured", func(r *facts.Result) { r.Firewall[0].Status = facts.StatusNotMeasured }, Undetermined},
		{"no rows", func(r *facts.Result) { r.Firewall = nil }, Undetermined},
		{"incomplete", func(r *facts.Result) { r.Complete = false }, Undetermined},
		{"incomplete and failed", func(r *facts.Result) { r.Complete = false; r.Voice.Up.LossPercent = new(50.0) }, NotReady},
		{"failed and unknown", func(r *facts.Result) { r.Voice.Down = nil; r.Voice.Up.LossPercent = new(50.0) }, NotReady},
		{"only the firewall", func(r *facts.Result) { r.Parts = []string{"firewall"}; r.Voice = facts.Voice{} }, Ready},
		{"only voice", func(r *facts.Result) { r.Parts = []string{"voice"}; r.Firewall = nil }, Ready},
		{"only voice, port failed", func(r *facts.Result) { r.Parts = []string{"voice"}; r.Firewall[0].Status = facts.StatusFail }, Ready},
		{"no parts named means all", func(r *facts.Result) { r.Parts = nil; r.Voice.Down = nil }, Undetermined},
		{"a high maximum is a warning", func(r *facts.Result) { r.Voice.Up.JitterMaxMS = new(31.0) }, Ready},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := goodResult()
			test.change(&r)
			if got := verdict(r); got != test.want {
				t.Errorf("verdict %s, want %s; findings %+v", got, test.want, Default().Judge(r))
			}
		})
	}
}

// Whatever is missing or odd, a required figure that is null never passes.
func TestNullNeverPasses(t *testing.T) {
	seed := seed.Of(t)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 5000 {
		r := goodResult()
		removed := 0
		fields := []**float64{&r.Voice.RTT.AvgMS}
		for _, m := range Measures() {
			if !m.Single() {
				fields = append(fields, m.Side(r.Voice.Up), m.Side(r.Voice.Down))
			}
		}
		for _, field := range fields {
			if random.IntN(8) == 0 {
				*field = nil
				removed++
			}
		}
		if got := verdict(r); (got == Ready) != (removed == 0) {
			t.Fatalf("seed %d: %s with %d figures missing", seed, got, removed)
		}
	}
}

func TestFindingsSayWhy(t *testing.T) {
	r := goodResult()
	r.Voice.Down = nil
	r.NotMeasured = []facts.NotMeasured{{What: "voice.down", Reason: "nothing arrived to answer to"}}
	for _, f := range Default().Judge(r) {
		if f.What == "loss_down" && (f.Level != Unknown || !strings.Contains(f.Text, "nothing arrived to answer to")) {
			t.Errorf("loss_down: %+v, want unknown with the reason", f)
		}
	}
	r = goodResult()
	r.Voice.Up.JitterMS, r.Voice.Up.Received = nil, 7
	for _, f := range Default().Judge(r) {
		if f.What == "jitter_up" && !strings.Contains(f.Text, "7 packets") {
			t.Errorf("jitter_up: %+v, want how few packets there were", f)
		}
	}
}

// The first thing to do comes first: the closed path before the figures that it explains.
func TestFirstThing(t *testing.T) {
	r := goodResult()
	r.Voice.Up.LossPercent = new(100.0)
	r.Firewall[0].Status, r.Firewall[0].Reason, r.Firewall[0].Detail = facts.StatusFail, "no_reply", "Ask the network team to let UDP 40000 out."
	findings := Default().Judge(r)
	if findings[0].What != "port" || findings[0].Level != Fail {
		t.Errorf("first finding %+v, want the failed port", findings[0])
	}
	if got := Headline(NotReady, findings, r); !strings.Contains(got, "not ready") || !strings.Contains(got, "UDP 40000") {
		t.Errorf("headline %q, want what to ask for", got)
	}
}

func TestHeadlineWithoutResponder(t *testing.T) {
	r := goodResult()
	r.Voice, r.Region.Responder = facts.Voice{Mode: facts.ModeRoundtrip, RTT: r.Voice.RTT}, ""
	findings := Default().Judge(r)
	if got := Headline(VerdictOf(r, findings), findings, r); !strings.Contains(got, "netready-responder") {
		t.Errorf("headline %q, want it to name netready-responder", got)
	}
}

func TestCause(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*facts.Result)
		want   string
	}{
		{"closed port, good call", func(r *facts.Result) { r.Firewall[0].Status = facts.StatusFail }, "firewall"},
		{"busy PC", func(r *facts.Result) { r.Voice.Up.JitterMS = new(40.0); r.Machine.CPUBusyPercent = new(99.0) }, "this PC"},
		{"bad gateway", func(r *facts.Result) {
			r.Voice.Up.LossPercent = new(5.0)
			r.Ping = []facts.Ping{{Role: "gateway", Samples: 20, Lost: 5, AvgMS: new(3.0)}}
		}, "the LAN"},
		{"good gateway", func(r *facts.Result) {
			r.Voice.Up.LossPercent = new(5.0)
			r.Ping = []facts.Ping{{Role: "gateway", Samples: 300, AvgMS: new(1.0)}}
		}, "the provider"},
		{"nothing known of the gateway", func(r *facts.Result) { r.Voice.Up.LossPercent = new(5.0) }, "cannot be told: the gateway did not answer"},
		{"closed port, no call", func(r *facts.Result) {
			r.Firewall[0].Status = facts.StatusFail
			r.Voice = facts.Voice{Mode: facts.ModeNone}
		}, ""},
		{"UDP is dead", func(r *facts.Result) {
			r.Firewall[0].Status, r.Firewall[0].Protocol = facts.StatusFail, "udp"
			r.Voice.Up.Received, r.Voice.Up.LossPercent, r.Voice.Down = 0, new(100.0), nil
		}, "no UDP gets through"},
		{"nothing arrives, no port was tried", func(r *facts.Result) {
			r.Parts, r.Firewall, r.Ping = []string{facts.PartVoice}, nil, []facts.Ping{{Role: "gateway", Samples: 300, AvgMS: new(1.0)}}
			r.Voice.Up.Received, r.Voice.Up.LossPercent, r.Voice.Down = 0, new(100.0), nil
		}, ""},
		{"all good", func(*facts.Result) {}, ""},
	} {
		r := goodResult()
		test.change(&r)
		got := ""
		for _, f := range Default().Judge(r) {
			if f.What == "cause" {
				got = f.Text
			}
		}
		if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: cause %q, want %q", test.name, got, test.want)
		}
	}
}

func TestLoad(t *testing.T) {
	for _, test := range []struct{ name, yaml, wrong string }{
		{"empty", "", ""},
		{"one", "jitter_ms: {below: 20}\n", ""},
		{"unknown key", "jitter_ms: {below: 20}\njiter_ms: {below: 20}\n", "line 2"},
		{"unknown bound", "mos: {above: 3}\n", "line 1"},
		{"both", "jitter_ms: {below: 20, at_least: 3}\n", "not both"},
		{"the other way round", "mos: {below: 3.6}\n", "takes at_least"},
		{"negative", "\nrtt_avg_ms: {below: -1}\n", "line 2"},
		{"not a number", "mos: {at_least: good}\n", "line 1"},
		{"not a number", "mos: {at_least: .nan}\n", "not a number"},
		{"too much", "loss_percent: {below: 101}\n", "0 to 100"},
		{"no bound", "mos: {}\n", "at_least"},
		{"nothing", "mos:\n", "at_least"},
		{"a list", "- 1\n", "line 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "limits.yaml")
			if err := os.WriteFile(path, []byte(test.yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Load(path)
			if test.wrong == "" {
				if err != nil || *got.MOS.AtLeast != 3.6 {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.wrong) || !strings.Contains(err.Error(), "limits.yaml") {
				t.Errorf("got %v, want an error that names the file and says %q", err, test.wrong)
			}
		})
	}
}

func FuzzLimits(f *testing.F) {
	f.Add([]byte("jitter_ms: {below: 20}\n"))
	f.Add([]byte("mos: *a\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := parse("limits.yaml", b)
		if err != nil {
			return
		}
		for _, m := range Measures() {
			if m.Limit(&l).bound() == nil {
				t.Fatalf("a limit without a bound: %+v", l)
			}
		}
		_ = l.Judge(goodResult())
	})
}

// An optional row that was not measured neither passes nor counts.
func TestOptionalNotMeasured(t *testing.T) {
	r := goodResult()
	r.Firewall[1].Status, r.Firewall[1].Detail = facts.StatusNotMeasured, "no resolver"
	findings := Default().Judge(r)
	if got := VerdictOf(r, findings); got != Ready {
		t.Errorf("verdict %s, want ready", got)
	}
	for _, f := range findings {
		if strings.Contains(f.Text, "DNS") && (f.Level != Warn || !strings.Contains(f.Text, "no resolver")) {
			t.Errorf("got %+v, want a warning with the reason", f)
		}
	}
}

// Every mix of parts, modes and missing pieces is judged without a panic, and
// ready only where all that was asked for is there and good.
func TestAnyResult(t *testing.T) {
	seed := seed.Of(t)
	random := rand.New(rand.NewPCG(seed, 2))
	coin := func() bool { return random.IntN(2) == 0 }
	for range 5000 {
		var r facts.Result
		r.Complete = coin()
		for _, part := range facts.AllParts() {
			if coin() {
				r.Parts = append(r.Parts, part)
			}
		}
		good := goodResult()
		if coin() {
			r.Voice = good.Voice
		}
		if coin() {
			r.Voice.Down = &facts.Direction{Sent: random.IntN(9)}
		}
		if coin() {
			r.Voice.RTT = &facts.RTT{AvgMS: new([]float64{math.Inf(1), math.NaN(), 20}[random.IntN(3)])}
		}
		if coin() {
			r.Firewall = good.Firewall
		}
		if coin() {
			r.Voice.SendLatenessMS, r.NAT.SIPALG = &facts.Lateness{}, new(true)
		}
		findings := Default().Judge(r)
		if VerdictOf(r, findings) != Ready {
			continue
		}
		all := len(r.Parts) == 0
		asks := func(part string) bool { return all || strings.Contains(strings.Join(r.Parts, " "), part) }
		v := r.Voice
		known := v.Up != nil && v.Down != nil && v.Down.MOS != nil && v.RTT != nil && *v.RTT.AvgMS == 20
		if !r.Complete || asks(facts.PartVoice) && !known || asks(facts.PartFirewall) && r.Firewall == nil {
			t.Fatalf("seed %d: ready with %+v", seed, r)
		}
	}
}

// A mark that the sender never set was reported as cleared by routers.
func TestMarkThatWasNotSetIsNotCleared(t *testing.T) {
	for name, test := range map[string]struct {
		way    Way
		notSet string
		want   string // in text and advice, "": no finding
	}{
		"cleared up":           {Up, "", "cleared"},
		"cleared down":         {Down, "", "cleared"},
		"not set up":           {Up, "the system refused the mark", "not known whether"},
		"not set by responder": {Down, "this system marks whole sockets only", ""},
	} {
		j := &judge{}
		j.mark(test.way, &facts.Direction{DSCPAsked: new(46), DSCPReceived: new(0), DSCPNotSet: test.notSet})
		switch {
		case test.want == "" && len(j.findings) > 0:
			t.Errorf("%s: %+v, want none", name, j.findings)
		case test.want != "" && (len(j.findings) != 1 || !strings.Contains(j.findings[0].Advice, test.want)):
			t.Errorf("%s: %+v, want %q", name, j.findings, test.want)
		}
	}
}
