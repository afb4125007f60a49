//go:build system

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/errgroup"

	"netready/internal/s3server"
	"netready/probe/contact"
	"netready/probe/facts"
	"netready/probe/invite"
	"netready/report"
	"netready/results"
	"netready/thresholds"
)

// sendOnce sends a result, as an agent's outbox does once.
func sendOnce(ctx context.Context, to invite.Invite, raw []byte) error {
	conn, err := contact.Open(ctx, to, &http.Transport{})
	if err != nil {
		return err
	}
	defer conn.Close()
	answer, err := conn.Do(ctx, http.MethodPost, results.PathResults+"?"+results.ParameterInvite+"=", bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// A fleet is agents and their responders.
type fleet struct {
	mu       sync.Mutex // guards the rest
	to       [3]invite.Invite
	accepted []string // run IDs
	failed   int      // tries
	why      error    // of the last one
}

// agent makes results until stop, and sends each until it is accepted, by whom it may be.
func (f *fleet) agent(ctx context.Context, number int, stop <-chan bool) error {
	for {
		r := report.New(facts.Result{
			Schema: facts.SchemaVersion, RunID: ulid.Make().String(), StartedAt: time.Now().UTC(), Organization: "ACME",
			Machine: facts.Machine{Hostname: fmt.Sprint("pc-", number)},
		}, thresholds.Default())
		var raw bytes.Buffer
		if err := report.WriteJSON(&raw, r); err != nil {
			return err
		}
		for try := number; !f.try(ctx, try%3, r.RunID, raw.Bytes()); try++ {
			if ctx.Err() != nil {
				return fmt.Errorf("run %s was not accepted in %d tries, at last: %w", r.RunID, try-number, f.why)
			}
			time.Sleep(50 * time.Millisecond)
		}
		select {
		case <-stop:
			return nil
		default:
		}
	}
}

func (f *fleet) try(ctx context.Context, responder int, runID string, raw []byte) bool {
	f.mu.Lock()
	to := f.to[responder]
	f.mu.Unlock()
	err := sendOnce(ctx, to, raw)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.failed, f.why = f.failed+1, err
		return false
	}
	f.accepted = append(f.accepted, runID)
	return true
}

// begin starts a responder, in the place of one.
func (f *fleet) begin(t *testing.T, at int, store string) *program {
	t.Helper()
	p := begin(t, "--store", store)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.to[at] = parsed(t, p.invite)
	return p
}

// TestThreeRespondersAndOneStore: agents send their results to three responders that share
// a bucket. One responder is killed and another takes its place, then the store is killed
// and starts again. Every accepted result is there once.
func TestThreeRespondersAndOneStore(t *testing.T) {
	server := s3server.Start(t)
	var f fleet
	var programs []*program
	for i := range 3 {
		programs = append(programs, f.begin(t, i, server.URL()))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	stop := make(chan bool)
	var agents errgroup.Group
	for number := range 6 {
		agents.Go(func() error { return f.agent(ctx, number, stop) })
	}
	time.Sleep(1500 * time.Millisecond)
	_ = programs[1].Process.Kill()
	f.begin(t, 1, server.URL())
	time.Sleep(500 * time.Millisecond)
	server.Kill()
	time.Sleep(500 * time.Millisecond)
	server.Restart(t)
	time.Sleep(1500 * time.Millisecond)
	close(stop)
	if err := agents.Wait(); err != nil {
		t.Fatalf("%v; the responders say: %s", err, programs[0].stderr)
	}
	there := runsAt(t, server.URL())
	slices.Sort(f.accepted)
	if !slices.Equal(there, f.accepted) {
		lost := slices.DeleteFunc(slices.Clone(f.accepted), func(id string) bool { return slices.Contains(there, id) })
		t.Errorf("%d results are there, and %d were accepted; lost are %v, of which the server has %v", len(there), len(f.accepted), lost, server.Keys(t, lost))
	}
	if len(f.accepted) < 30 || f.failed < 1 {
		t.Error("too little was done to tell")
	}
	t.Logf("%d results accepted, %d tries failed, %d results are there", len(f.accepted), f.failed, len(there))
}

// A workstation runs the agent again and again, and has an outbox of its own.
type workstation struct {
	program, home string
	runs          []string     // IDs
	waited        atomic.Int32 // of them were not sent at once
}

// run makes a short run whose result is sent to a responder, or waits.
func (w *workstation) run(ctx context.Context, invited string) error {
	c := exec.CommandContext(ctx, w.program, "run", "--responder", invited, "--region", "local", "--only", "ping", "--duration", "1s", "--out", w.home, "--json", "--upload")
	c.Env = append(os.Environ(), "HOME="+w.home, "XDG_STATE_HOME="+w.home)
	var said bytes.Buffer
	c.Stderr = &said
	out, _ := c.Output() // without a responder its status is not 0
	var r facts.Result
	if err := json.Unmarshal(out, &r); err != nil || r.RunID == "" {
		return fmt.Errorf("a run printed no result: %w; %s", err, &said)
	}
	w.runs = append(w.runs, r.RunID)
	if strings.Contains(said.String(), "is kept") {
		w.waited.Add(1)
	}
	return nil
}

// work makes one run after the other.
func (w *workstation) work(ctx context.Context, invited string, stop <-chan bool) error {
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		if err := w.run(ctx, invited); err != nil {
			return err
		}
	}
}

// left are the results that wait.
func (w *workstation) left() []string {
	files, _ := filepath.Glob(filepath.Join(w.home, "netready", "outbox", "*")) // the pattern is a good one
	return files
}

// TestRunsComeHome: three workstations make runs with three responders that share a bucket.
// A responder is killed until a result has to wait for it, then the store. When everything
// works again, each run is stored once, and no outbox contains any.
func TestRunsComeHome(t *testing.T) {
	server := s3server.Start(t)
	agent := filepath.Join(t.TempDir(), "netready")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", agent, "netready/cmd/netready").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data := t.TempDir()
	start := func(i int, control string) *program {
		return begin(t, "--store", server.URL(), "--data", filepath.Join(data, strconv.Itoa(i)), "--control", control)
	}
	var programs []*program
	var stations []*workstation
	for i := range 3 {
		programs = append(programs, start(i, "127.0.0.1:0"))
		stations = append(stations, &workstation{program: agent, home: t.TempDir()})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	stop := make(chan bool)
	var work errgroup.Group
	for i, w := range stations {
		invited := strings.TrimSpace(programs[i].invite)
		work.Go(func() error { return w.work(ctx, invited, stop) })
	}
	time.Sleep(2 * time.Second)
	_ = programs[1].Process.Kill()
	_ = programs[1].Wait()
	for stations[1].waited.Load() == 0 && ctx.Err() == nil {
		time.Sleep(100 * time.Millisecond)
	}
	start(1, parsed(t, programs[1].invite).Host)
	server.Kill()
	time.Sleep(2 * time.Second)
	server.Restart(t)
	close(stop)
	if err := work.Wait(); err != nil {
		t.Fatal(err)
	}
	var all []string
	for i, w := range stations { // once more: the results that wait are sent after it
		if err := w.run(ctx, strings.TrimSpace(programs[i].invite)); err != nil {
			t.Fatal(err)
		}
		if left := w.left(); len(left) > 0 {
			t.Errorf("workstation %d still has %v", i, left)
		}
		all = append(all, w.runs...)
	}
	slices.Sort(all)
	if there := runsAt(t, server.URL()); !slices.Equal(there, all) {
		t.Errorf("%d runs were made, and %d are stored: %v, %v", len(all), len(there), all, there)
	}
	t.Logf("%d runs of three workstations", len(all))
}

// runsAt are the run IDs in a store, in order.
func runsAt(t *testing.T, url string) (ids []string) {
	t.Helper()
	s, closeStore, err := settings{Store: url}.openStore(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closeStore() }()
	for row, err := range s.Rows(t.Context(), results.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, row.RunID)
	}
	slices.Sort(ids)
	return ids
}
