//go:build system

package probe_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"netready/probe"
	"netready/probe/facts"
	"netready/probe/internal/netlab"
	"netready/probe/invite"
	"netready/probe/regions"
	"netready/probe/responder"
	"netready/thresholds"
)

// What this test binary does inside a namespace.
const (
	roleFarEnd = "far end"
	roleRun    = "run"
	roleBurn   = "burn" // burns a processor until it is killed

	addressVar = "LAB_ADDRESS" // where the far end listens
	inviteVar  = "LAB_INVITE"  // the file with its invite
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(netlab.RoleVar) {
	case roleFarEnd:
		err = playFarEnd()
	case roleRun:
		err = playRun()
	case roleBurn:
		playBurn()
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// playBurn keeps a processor busy, a minute at most.
func playBurn() {
	fmt.Println("burning")
	for began := time.Now(); time.Since(began) < time.Minute; {
	}
}

func playFarEnd() error {
	host := os.Getenv(addressVar)
	s, err := responder.Start(context.Background(), responder.Config{
		Control: net.JoinHostPort(host, "8443"), Media: net.JoinHostPort(host, "40000"), Region: "lab",
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(os.Getenv(inviteVar), []byte(s.Invite().String()), 0o600); err != nil {
		return err
	}
	fmt.Println("ready")
	select {}
}

func playRun() error {
	text, err := os.ReadFile(os.Getenv(inviteVar))
	if err != nil {
		return err
	}
	to, err := invite.Parse(string(text))
	if err != nil {
		return err
	}
	var o order
	if err := json.NewDecoder(os.Stdin).Decode(&o); err != nil {
		return err
	}
	p := probe.Plan{
		Region: regions.Region{ID: "lab", Name: "Lab"}, Responders: []invite.Invite{to}, Duration: o.Duration, Parts: o.Parts, UnderLoad: o.UnderLoad, CallsMax: o.CallsMax, Breaks: thresholds.Default().Breaks,
		Codec: "pcmu", Calls: 1, JitterBuffer: 60 * time.Millisecond, DSCP: 46,
	}
	r, err := probe.Run(context.Background(), p)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// order is what a run in the client's namespace shall do.
type order struct {
	Duration  time.Duration
	Parts     []string
	UnderLoad bool
	CallsMax  int
}

// aLine is a line of routers with a far end at its end.
type aLine struct {
	*netlab.Lab
	invite string
}

func newLine(t *testing.T, routers int) aLine {
	t.Helper()
	l := aLine{netlab.Line(t, routers), filepath.Join(t.TempDir(), "invite")}
	l.Role(t, "s", roleFarEnd, "ready", addressVar+"="+netlab.LineServer(routers), inviteVar+"="+l.invite)
	return l
}

// run makes an assessment in the client's namespace.
func (l aLine) run(t *testing.T, o order) facts.Result {
	t.Helper()
	in, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var r facts.Result
	if err := json.Unmarshal(l.Ask(t, "c", roleRun, in, inviteVar+"="+l.invite), &r); err != nil {
		t.Fatal(err)
	}
	return r
}
