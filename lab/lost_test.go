//go:build (lab || system) && linux

package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"netready/internal/seed"
	"netready/probe/facts"
	"netready/thresholds"
)

// everyRow asks the responder and hosts with a name by every protocol.
const everyRow = `
checks:
  - {name: UDP to the responder, protocol: udp, host: responder, required: true}
  - {name: Media range, protocol: udp-range, host: responder, ports: 16384-65535, required: true}
  - {name: STUN UDP, protocol: stun, host: responder, port: 3478, required: true}
  - {name: STUN TCP, protocol: stun-tcp, host: responder, port: 3478, required: true}
  - {name: TCP, protocol: tcp, host: responder, port: 19302, required: true}
  - {name: TLS, protocol: tls, host: responder, port: 443, required: true}
  - {name: DNS UDP, protocol: dns, host: responder, port: 53, required: true}
  - {name: DNS TCP, protocol: dns-tcp, host: responder, port: 53, required: true}
  - {name: SIP UDP, protocol: sip, host: responder, port: 5060, required: true}
  - {name: SIP TCP, protocol: sip-tcp, host: responder, port: 5060, required: true}
  - {name: SIP TLS, protocol: sip-tls, host: responder, port: 5061, required: true}
  - {name: A service, protocol: tcp, host: far.lab.test, port: 8060, required: true}
  - {name: Another service, protocol: stun-tls, host: far.lab.test, port: 8061, required: true}
  - {name: Resolver, protocol: dns, host: resolver, port: 53, required: true}
regions:
  - {id: lab, name: Laboratory, domain: lab.test}
`

// stand is a laboratory that several runs use in turn.
type stand struct {
	*network
	invite, list, out string
	flags             []string
}

// newStand builds one whose links have this harm.
func newStand(t *testing.T, links Links, rows string, seed uint64, flags ...string) *stand {
	t.Helper()
	n := newNetwork(t, links, seed)
	n.resolve(t, DNS{})
	_, invite := n.far(t)
	dir := t.TempDir()
	s := &stand{n, invite, filepath.Join(dir, "regions.yaml"), dir, flags}
	if err := os.WriteFile(s.list, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// run is one run of the program; without a result the test has failed.
func (s *stand) run(t *testing.T) (r judged) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	command := append(slices.Clone(urgent), "ip", "netns", "exec", s.ns(pc), filepath.Join(programs, "netready"), "run",
		"--regions", s.list, "--region", "lab", "--responder", "@"+s.invite, "--json", "--out", s.out)
	c := exec.CommandContext(ctx, command[0], append(command[1:], s.flags...)...)
	var out, complaint strings.Builder
	c.Stdout, c.Stderr = &out, &complaint
	err := c.Run() // the status is the verdict
	if jsonErr := json.Unmarshal([]byte(out.String()), &r); jsonErr != nil {
		t.Errorf("%v, %v\n%s", err, jsonErr, complaint.String())
	}
	return r
}

// complaints are what a run on a good line should not say: rows that did not pass, and
// findings that warn or fail, except that this machine was busy.
func (r judged) complaints() []string {
	var all []string
	if r.Verdict != thresholds.Ready && !r.isPCBusy() {
		all = append(all, fmt.Sprintf("verdict %s", r.Verdict))
	}
	for _, row := range r.Firewall {
		if row.Status != facts.StatusPass {
			all = append(all, fmt.Sprintf("row %s: %s %s: %s", row.Name, row.Status, row.Reason, row.Detail))
		}
	}
	for _, f := range r.Findings {
		if f.Level != thresholds.Pass && !ofThisMachine(f) {
			all = append(all, fmt.Sprintf("finding %s %s %s %s: %s", f.Level, f.What, f.Code, f.Cause, f.Text))
		}
	}
	return all
}

func (r judged) isPCBusy() bool { return slices.ContainsFunc(r.Findings, ofThisMachine) }

func ofThisMachine(f thresholds.Finding) bool {
	return f.Code == thresholds.PlacePC || f.What == "cpu"
}

// A loss is one packet that a run loses.
type loss struct {
	kind string
	nth  int
}

// losses are every packet of these kinds that a run can lose: as many as one had that
// lost none, and some more, since no two runs are the same.
func (s *stand) losses(t *testing.T, kinds ...string) []loss {
	t.Helper()
	var all []loss
	for _, kind := range kinds {
		s.dropper.begin(kind, 0)
		for _, c := range s.run(t).slowly() {
			t.Errorf("nothing lost: %s", c)
		}
		n := s.dropper.counted()
		if n == 0 {
			t.Errorf("no %s in a whole run", kind)
		}
		t.Logf("%d of the kind %s", n, kind)
		for nth := 1; nth <= n+n/10; nth++ {
			all = append(all, loss{kind, nth})
		}
	}
	return all
}

// try loses one packet, and again where this machine itself spoilt the run.
func (s *stand) try(t *testing.T, l loss) {
	t.Helper()
	for n := 1; ; n++ {
		here := watchMachine()
		s.dropper.begin(l.kind, l.nth)
		all := s.run(t).slowly()
		if len(all) > 0 && n < tries && here.wasBusy() {
			t.Logf("%s %d of %d lost, and this machine was busy: %s", l.kind, l.nth, s.dropper.counted(), all)
			continue
		}
		for _, c := range all {
			t.Errorf("%s %d of %d lost: %s", l.kind, l.nth, s.dropper.counted(), c)
		}
		return
	}
}

// One DNS answer, one SYN, one SYN-ACK or one flight of a connection is lost before the
// call, each in turn at every position: no row fails, and the verdict stays.
func TestOneLostPacketBeforeTheCall(t *testing.T) {
	s := newStand(t, Links{}, everyRow, seed.Of(t), "--only", "firewall")
	for _, l := range s.losses(t, nameAnswer, syn, synAck, flight) {
		s.try(t, l)
	}
}
