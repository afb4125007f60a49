//go:build (lab || system) && linux

package lab

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"netready/internal/built"

	"netready/probe/facts"
	"netready/thresholds"
)

var programs string // folder of the built programs

// folderVariable names a folder in which TestLab keeps every result and its score. The
// matrix is of everything in this folder.
const folderVariable = "NETREADY_LAB"

func TestMain(m *testing.M) {
	// The threads of the wires must never wait for one of lesser priority: not for
	// a processor of the runtime that a thread holds that does not run, and not for
	// a collection of garbage. A run ends before it needs one.
	runtime.GOMAXPROCS(64)
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(2 << 30)
	os.Exit(built.Main(m, &programs, nil, "netready/cmd/netready", "netready/cmd/netready-responder"))
}

// judged is what a run prints, as far as it matters here.
type judged struct {
	facts.Result

	Verdict  thresholds.Verdict   `json:"verdict"`
	Findings []thresholds.Finding `json:"findings"`
}

// said is the finding that answers "where is the fault?": the one about the
// cause, or what the run puts first where it names none.
func (r judged) said() thresholds.Finding {
	for _, f := range r.Findings {
		if f.What == thresholds.WhatCause {
			return f
		}
	}
	for _, f := range r.Findings {
		if f.Level != thresholds.Pass {
			return f
		}
	}
	return thresholds.Finding{}
}

// regionList has rows that nothing but the laboratory's hosts answer.
const regionList = `
checks:
  - {name: UDP to the responder, protocol: udp, host: responder, required: true}
  - {name: Media range, protocol: udp-range, host: responder, ports: 16384-65535, required: true}
  - {name: STUN UDP 3478, protocol: stun, host: responder, port: 3478, required: true}
  - {name: STUN TCP 3478, protocol: stun-tcp, host: responder, port: 3478, required: true}
  - {name: STUN UDP elsewhere, protocol: stun, host: 198.18.5.2, port: 3478, required: false}
  - {name: STUN TCP elsewhere, protocol: stun-tcp, host: 198.18.5.2, port: 3478, required: false}
  - {name: DNS UDP 53, protocol: dns, host: resolver, port: 53, required: false}
regions:
  - {id: lab, name: Laboratory, domain: lab.test}
`

const (
	lasts   = 12 * time.Second // the call of a situation
	longest = 90 * time.Second // a whole run
)

// assess builds the laboratory, plants the situation and runs the program.
func (s Situation) assess(t *testing.T, seed uint64) judged {
	t.Helper()
	n := newNetwork(t, s.Links, seed)
	if n.isNear = s.Neighbour; n.isNear {
		must(t, "ip", "-n", n.ns(gateway), "addr", "add", nextDoor+"/24", "dev", "lan")
		must(t, "ip", "-n", n.ns(gateway), "route", "replace", "198.18.1.0/24", "dev", "lan", "src", nextDoor) // what it answers comes from there
	}
	n.resolve(t, s.DNS)
	n.elsewhere(t)
	process, invite := n.far(t)
	if s.Gateway != "" {
		n.rules(t, gateway, s.Gateway)
	}
	if s.Before != nil {
		s.Before(t, n, process)
	}
	list := filepath.Join(t.TempDir(), "regions.yaml")
	if err := os.WriteFile(list, []byte(regionList), 0o600); err != nil {
		t.Fatal(err)
	}
	command := append(s.how(t, n), "ip", "netns", "exec", n.ns(pc), filepath.Join(programs, "netready"), "run",
		"--regions", list, "--region", "lab", "--responder", "@"+invite, "--duration", lasts.String(), "--no-bandwidth", "--json", "--out", t.TempDir())
	c := exec.CommandContext(t.Context(), command[0], append(command[1:], s.Flags...)...)
	var out, complaint strings.Builder
	c.Stdout, c.Stderr = &out, &complaint
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended, during := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(during)
		s.watch(t, n, process, c.Process, ended)
	}()
	timer := time.AfterFunc(longest, func() { _ = c.Process.Kill() })
	err := c.Wait() // the status is the verdict
	timer.Stop()
	close(ended)
	<-during
	var r judged
	if jsonErr := json.Unmarshal([]byte(out.String()), &r); jsonErr != nil {
		t.Fatalf("%v, %v\n%s", err, jsonErr, complaint.String())
	}
	keep(t, t.Name()+".json", []byte(out.String()))
	return r
}

// how is how the program is started: before others, except where a busy PC is the fault.
func (s Situation) how(t *testing.T, n *network) []string {
	t.Helper()
	switch {
	case s.Quota > 0:
		return []string{"sh", "-c", "echo $$ >" + quota(t, n.prefix, s.Quota) + ` && exec "$@"`, "sh"}
	case s.Burn > 0:
		burn(t, s.Burn)
		return nil
	}
	return slices.Clone(urgent)
}

// watch does what the situation wants done during the call.
func (s Situation) watch(t *testing.T, n *network, far, pc *os.Process, ended <-chan struct{}) {
	t.Helper()
	select {
	case <-n.began.sound:
	case <-ended:
		return
	}
	start := time.Now()
	for _, e := range s.During {
		select {
		case <-time.After(time.Until(start.Add(e.At))):
			e.Do(t, n, far, pc)
		case <-ended:
			return
		}
	}
}

// keep writes a file into the folder that was asked for, if one was.
func keep(t *testing.T, name string, content []byte) {
	t.Helper()
	dir := os.Getenv(folderVariable)
	if dir == "" {
		return
	}
	name = strings.ReplaceAll(strings.TrimPrefix(name, "TestLab/all/"), "/", "-")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// An Outcome is the result of one run of a situation.
type Outcome struct {
	Situation string             `json:"situation"`
	Place     string             `json:"place"`
	Named     string             `json:"named"` // the place that the finding names, "" for none
	Score     Score              `json:"score"`
	Verdict   thresholds.Verdict `json:"verdict"`
	Code      string             `json:"code"`
	Text      string             `json:"text"`
	Seed      uint64             `json:"seed"`
}

// outcomes reads all that lie in the folder, in the order of the situations.
func outcomes(t *testing.T) []Outcome {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(os.Getenv(folderVariable), "*.outcome"))
	if err != nil {
		t.Fatal(err)
	}
	var all []Outcome
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var o Outcome
		if err := json.Unmarshal(b, &o); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, o)
	}
	position := func(o Outcome) int {
		return slices.IndexFunc(situations, func(s Situation) bool { return s.Name == o.Situation })
	}
	slices.SortStableFunc(all, func(a, b Outcome) int { return position(a) - position(b) })
	return all
}
