package page

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"netready/probe/facts"
	"netready/probe/invite"

	"netready/probe"
	"netready/report"
)

// TestInviteOfCommandLineServesEveryRegion: the form says of a known invite
// "leave this empty to use it", and region local went on without it. One of an
// earlier run stays out there, so that nothing leaves the machine unasked.
func TestInviteOfCommandLineServesEveryRegion(t *testing.T) {
	line, typed, earlier := linkTo("line.example:1"), linkTo("typed.example:1"), linkTo("earlier.example:1")
	for _, test := range []struct {
		name, region, typed, line, earlier, want string
	}{
		{"command line, local", "local", "", line, earlier, line},
		{"command line, far", "us-east-1", "", line, earlier, line},
		{"typed before command line, local", "local", typed, line, earlier, typed},
		{"earlier, local", "local", "", "", earlier, ""},
		{"earlier, far", "us-east-1", "", "", earlier, earlier},
		{"none", "local", "", "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := make(chan string, 1)
			cfg := Config{Dir: t.TempDir(), Invite: parsed(t, test.line), Remember: filepath.Join(t.TempDir(), "page.json")}
			cfg.Run = func(_ context.Context, o Options, _ func(probe.Event)) (report.Report, error) {
				got <- link(o)
				return report.Report{}, nil
			}
			s := serve(t, cfg)
			if err := s.memory.change(func(f *form) { f.Invite = test.earlier }); err != nil {
				t.Fatal(err)
			}
			post(t, s, "/api/start", `{"region":"`+test.region+`","invite":"`+test.typed+`","duration_s":1,"calls":1}`)
			if got := <-got; got != test.want {
				t.Errorf("got invite %q, want %q", got, test.want)
			}
		})
	}
}

// inviteTo is an invite with a token and a pin, as a responder prints it.
func inviteTo(host, token string) invite.Invite {
	return invite.Invite{Host: host, Token: token, Pins: [][]byte{invite.Pin([]byte(host))}}
}

func linkTo(host string) string { return inviteTo(host, "TOKEN-OF-ENOUGH-CHARACTERS").String() }

// parsed is the invite of a link, the zero one of "".
func parsed(t *testing.T, text string) invite.Invite {
	t.Helper()
	to, err := readFarEnd(text)
	if err != nil {
		t.Fatal(err)
	}
	return to.Invite
}

// link is that of the invite that a run was given, "" without one.
func link(o Options) string {
	if o.FarEnd.Invite.Host == "" {
		return ""
	}
	return o.FarEnd.Invite.String()
}

// TestRunAgainReachesTheSameResponder: an older result was run again with the
// invite, length and calls that the form happened to hold.
func TestRunAgainReachesTheSameResponder(t *testing.T) {
	line, earlier := linkTo("line.example:1"), linkTo("earlier.example:1")
	for _, test := range []struct {
		name, region, responder, want string
		status                        int
	}{
		{"command line", "us-east-1", "line.example:1", line, 200},
		{"last time", "us-east-1", "earlier.example:1", earlier, 200},
		{"last time, local", "local", "earlier.example:1", earlier, 200},
		{"inside netready", "local", "127.0.0.1:40123", "", 200},
		{"region's own", "eu-central-1", "responder.example.net:443", "", 200},
		{"none", "us-east-1", "", line, 200},
		{"forgotten", "us-east-1", "gone.example:1", "", 400},
		{"forgotten, local", "local", "gone.example:1", "", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := make(chan string, 1)
			cfg := Config{Dir: t.TempDir(), Invite: parsed(t, line), Remember: filepath.Join(t.TempDir(), "page.json")}
			cfg.Run = func(_ context.Context, o Options, _ func(probe.Event)) (report.Report, error) {
				got <- link(o)
				return report.Report{}, nil
			}
			s := serve(t, cfg)
			if err := s.memory.change(func(f *form) { f.Invite = earlier }); err != nil {
				t.Fatal(err)
			}
			body := `{"region":"` + test.region + `","responder":"` + test.responder + `","duration_s":1,"calls":1}`
			resp, text := (request{method: "POST", path: "/api/start", origin: "SELF", body: body}).do(t, s)
			if resp.StatusCode != test.status {
				t.Fatalf("status %d, want %d: %s", resp.StatusCode, test.status, text)
			}
			if test.status != 200 {
				if !strings.Contains(text, `"field":"invite"`) || !strings.Contains(text, test.responder) {
					t.Errorf("got %s", text)
				}
				return
			}
			if got := <-got; got != test.want {
				t.Errorf("got invite %q, want %q", got, test.want)
			}
		})
	}
}

// TestRunAgainWithATypedInvite: in region local a typed invite is not kept for
// the next time, but running that result again in the same page needs it.
func TestRunAgainWithATypedInvite(t *testing.T) {
	typed := linkTo("typed.example:1")
	got := make(chan string, 1)
	s := serve(t, Config{Dir: t.TempDir(), Run: func(_ context.Context, o Options, _ func(probe.Event)) (report.Report, error) {
		got <- link(o)
		return report.Report{}, nil
	}})
	for _, body := range []string{
		`{"region":"local","invite":"` + typed + `","duration_s":1,"calls":1}`,
		`{"region":"local","responder":"typed.example:1","duration_s":1,"calls":1}`,
	} {
		post(t, s, "/api/start", body)
		if got := <-got; got != typed {
			t.Errorf("%s: got invite %q", body, got)
		}
		s.test.wait()
	}
}

// TestFailingInviteReplacesNone: an invite that was refused, mistyped or expired was
// stored, and the good one of the last time was lost.
func TestFailingInviteReplacesNone(t *testing.T) {
	good, typed := linkTo("good.example:1"), inviteTo("good.example:1", "TYPED-TOKEN-OF-ENOUGH-CHARACTERS").String()
	reached := facts.Result{Region: facts.Region{Responder: "good.example:1"}, Voice: facts.Voice{Mode: facts.ModeResponder}}
	for _, test := range []struct {
		name   string
		result facts.Result
		err    error
		want   string
	}{
		{"refused", facts.Result{}, errors.New("the token was refused"), good},
		{"unreachable", facts.Result{Region: reached.Region, Voice: facts.Voice{Mode: facts.ModeNone}, NotMeasured: []facts.NotMeasured{{What: "voice", Code: facts.CodeUnreachable}}}, nil, good},
		{"stopped before the session", facts.Result{NotMeasured: []facts.NotMeasured{{What: "run", Code: facts.CodeStopped}}}, nil, good},
		{"worked", reached, nil, typed},
		{"full", facts.Result{Region: reached.Region, NotMeasured: []facts.NotMeasured{{What: "voice", Code: facts.CodeBusy}}}, nil, typed},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := make(chan string, 2)
			s := serve(t, Config{Dir: t.TempDir(), Remember: filepath.Join(t.TempDir(), "page.json"), Run: func(_ context.Context, o Options, _ func(probe.Event)) (report.Report, error) {
				got <- link(o)
				return report.Report{Result: test.result}, test.err
			}})
			s.used.add(parsed(t, good), true)
			if err := s.memory.change(func(f *form) { f.Invite = good }); err != nil {
				t.Fatal(err)
			}
			post(t, s, "/api/start", `{"region":"us-east-1","invite":"`+typed+`","organization":"New","duration_s":1,"calls":1}`)
			if first := <-got; first != typed {
				t.Fatalf("the run got %q", first)
			}
			s.test.wait()
			if kept := s.memory.load(); kept.Invite != test.want || kept.Organization != "New" {
				t.Errorf("kept %+v, want the invite %s", kept, test.want)
			}
			for _, again := range []string{"", "good.example:1"} { // the next test, and an older result run again
				post(t, s, "/api/start", `{"region":"us-east-1","responder":"`+again+`","duration_s":1,"calls":1}`)
				if next := <-got; next != test.want {
					t.Errorf("responder %q: the next run got %q, want %q", again, next, test.want)
				}
				s.test.wait()
			}
		})
	}
}
