package page

import (
	"context"
	"path/filepath"
	"testing"

	"netready/probe"
	"netready/report"
)

// TestInviteOfCommandLineServesEveryRegion: the form says of a known invite
// "leave this empty to use it", and region local went on without it. One of an
// earlier run stays out there, so that nothing leaves the machine unasked.
func TestInviteOfCommandLineServesEveryRegion(t *testing.T) {
	const line, typed, earlier = "https://line.example:1/i#T.P", "https://typed.example:1/i#T.P", "https://earlier.example:1/i#T.P"
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
			cfg := Config{Dir: t.TempDir(), Invite: test.line, Remember: filepath.Join(t.TempDir(), "page.json")}
			cfg.Run = func(_ context.Context, o Options, _ func(probe.Event)) (report.Report, error) {
				got <- o.Invite
				return report.Report{}, nil
			}
			s := serve(t, cfg)
			if err := s.memory.save(form{Invite: test.earlier}); err != nil {
				t.Fatal(err)
			}
			post(t, s, "/api/start", `{"region":"`+test.region+`","invite":"`+test.typed+`","duration_s":1,"calls":1}`)
			if got := <-got; got != test.want {
				t.Errorf("got invite %q, want %q", got, test.want)
			}
		})
	}
}
