//go:build system

package call_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"netready/internal/built"

	"netready/probe/call"
	"netready/probe/facts"
	"netready/probe/invite"
	"netready/probe/stream"
)

// The agent, the responder and the relay are three programs: the agent is this test binary,
// started again with this variable set to the invite's file.
const agentVariable = "NETREADY_TEST_AGENT"

const buffer = 60 * time.Millisecond

var programs string // folder of the built programs

func TestMain(m *testing.M) {
	if file := os.Getenv(agentVariable); file != "" {
		if err := agent(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(built.Main(m, &programs, nil, "netready/cmd/netready", "netready/cmd/netready-responder", "netready/probe/internal/relay"))
}

// measured is what the agent prints.
type measured struct {
	Outcome  call.Outcome
	Up, Down []stream.Metrics
	Took     time.Duration
}

func agent(file string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var settings call.Settings
	if _, err := fmt.Sscanf(os.Getenv("NETREADY_TEST_SETTINGS"), "%q %d %d %d", &settings.Codec, &settings.Duration, &settings.Calls, &settings.DSCP); err != nil {
		return err
	}
	to, err := invite.Parse(string(text))
	if err != nil {
		return err
	}
	s, err := call.Open(ctx, to, settings)
	if err != nil {
		return err
	}
	defer s.Close()
	begun := time.Now()
	o, err := s.Run(ctx, call.Plan{})
	if err != nil {
		return err
	}
	out := measured{Outcome: *o, Took: time.Since(begun)}
	for _, c := range o.Calls {
		out.Up = append(out.Up, stream.Measure(c.Up.Trace, buffer))
		out.Down = append(out.Down, stream.Measure(c.Down.Trace, buffer))
	}
	return gob.NewEncoder(os.Stdout).Encode(out)
}

// What the relay reports, as far as it is used here.
type (
	relayed struct {
		Seed  uint64 `json:"seed"`
		Calls []flow `json:"calls"`
	}
	flow struct {
		Up   passage `json:"up"`
		Down passage `json:"down"`
	}
	passage struct {
		In         int   `json:"in"`
		Dropped    []int `json:"dropped"`
		Duplicated int   `json:"duplicated"`
		Sent       []hop `json:"sent"`
		Others     []hop `json:"others"`
	}
	hop struct {
		Index int           `json:"i"`
		In    time.Duration `json:"in_ns"`
		Out   time.Duration `json:"out_ns"`
	}
)

// firsts are the packets without their further copies.
func (p passage) firsts() []hop {
	seen := map[int]bool{}
	var first []hop
	for _, h := range p.Sent {
		if !seen[h.Index] {
			first = append(first, h)
		}
		seen[h.Index] = true
	}
	return first
}

// jitter is RFC 3550 6.4.1, averaged over the packets after the first.
func (p passage) jitter() time.Duration {
	var j, sum float64
	first := p.firsts()
	for i := 1; i < len(first); i++ {
		d := float64((first[i].Out - first[i].In) - (first[i-1].Out - first[i-1].In))
		j += (math.Abs(d) - j) / 16
		sum += j
	}
	return time.Duration(sum / float64(len(first)-1))
}

// hostJitter is what the machine added outside the relay, between a stamp in user space and
// the kernel's stamp of the arrival: some tens of microseconds on an idle machine. Two
// causes of more were seen. Another program takes the sender's processor before the send.
// And in a virtual machine a send took 3 to 4 ms although the guest did not switch to
// another task; a profile shows the loopback device when it lets go of the packet, where
// interrupts are enabled again. The kernel's transmit stamp is taken just before that, so a
// correction by it would not remove this.
func (p passage) hostJitter(trace stream.Trace) time.Duration {
	held := map[int64]time.Duration{}
	for _, h := range p.firsts() {
		held[int64(h.Index)] = h.Out - h.In
	}
	var j, sum, last float64
	n := 0
	for _, a := range trace.Arrivals {
		relayed, ok := held[a.Seq]
		if !ok {
			continue // a further copy
		}
		delete(held, a.Seq)
		rest := float64(a.Received - a.Sent - relayed)
		if n > 0 {
			j += (math.Abs(rest-last) - j) / 16
			sum += j
		}
		last = rest
		n++
	}
	return time.Duration(sum / float64(max(n-1, 1)))
}

// reordered is RFC 4737 3.3.
func (p passage) reordered() int {
	n, next := 0, 0
	for _, h := range p.firsts() {
		if h.Index < next {
			n++
			continue
		}
		next = h.Index + 1
	}
	return n
}

// discarded are later than the fastest by more than the jitter buffer holds.
func (p passage) discarded(held time.Duration) int {
	fastest := time.Duration(math.MaxInt64)
	for _, h := range p.firsts() {
		fastest = min(fastest, h.Out-h.In)
	}
	n := 0
	for _, h := range p.firsts() {
		if h.Out-h.In > fastest+held {
			n++
		}
	}
	return n
}

func mean(hops []hop) time.Duration {
	var sum time.Duration
	for _, h := range hops {
		sum += h.Out - h.In
	}
	return sum / time.Duration(max(1, len(hops)))
}

// program starts one and returns its first line and a function that ends it by a signal and
// returns the rest of its output.
func program(t *testing.T, name string, args ...string) (first string, process *os.Process, end func(os.Signal) string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), filepath.Join(programs, name), args...)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	first, err = r.ReadString('\n')
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	ended := false
	end = func(s os.Signal) string {
		if ended {
			return ""
		}
		ended = true
		_ = c.Process.Signal(s)
		var rest strings.Builder
		_, _ = r.WriteTo(&rest)
		_ = in.Close()
		_ = c.Wait()
		return rest.String()
	}
	t.Cleanup(func() { end(os.Kill) })
	return strings.TrimSpace(first), c.Process, end
}

// freePort is a UDP port that is not in use, and that the system gives to no program that
// asks for any port: below the range from which it takes those.
func freePort(t *testing.T, host string) string {
	t.Helper()
	var last error
	for range 50 {
		c, err := net.ListenPacket("udp", net.JoinHostPort(host, strconv.Itoa(20000+rand.IntN(10000))))
		if err == nil {
			defer c.Close()
			return c.LocalAddr().String()
		}
		last = err
	}
	t.Skipf("no UDP on %s here: %v", host, last)
	return ""
}

// scene is one agent, one relay, one responder.
type scene struct {
	agent     *exec.Cmd
	responder *os.Process
	endRelay  func(os.Signal) string
}

// farEnd starts a relay and a responder behind it, and waits for the invite.
func farEnd(t *testing.T, host string, harm []string) (endRelay func(os.Signal) string, invite string, responder *os.Process) {
	t.Helper()
	media := freePort(t, host)
	line, _, endRelay := program(t, "relay", append(harm, "--to", media, "--listen", net.JoinHostPort(host, "0"))...)
	t.Log(line)
	relay, _, _ := strings.Cut(strings.TrimPrefix(line, "relay on "), ",")
	invite = filepath.Join(t.TempDir(), "invite")
	_, responder, _ = program(t, "netready-responder", "--control", net.JoinHostPort(host, "0"), "--media", media,
		"--advertise-media", relay, "--ports", "none", "--data", t.TempDir(), "--invite-file", invite)
	for range 100 { // the file is written after the first line
		if b, err := os.ReadFile(invite); err == nil && len(b) > 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return endRelay, invite, responder
}

func stage(t *testing.T, host string, settings call.Settings, harm ...string) *scene {
	t.Helper()
	endRelay, file, responder := farEnd(t, host, harm)
	asked := fmt.Sprintf("%q %d %d %d", settings.Codec, settings.Duration, settings.Calls, settings.DSCP)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self)
	c.Env = append(os.Environ(), agentVariable+"="+file, "NETREADY_TEST_SETTINGS="+asked)
	c.Stderr = os.Stderr
	return &scene{agent: c, responder: responder, endRelay: endRelay}
}

// play runs the agent to its end, with script beside it.
func (s *scene) play(t *testing.T, script func()) (measured, relayed) {
	t.Helper()
	var out bytes.Buffer
	s.agent.Stdout = &out
	if err := s.agent.Start(); err != nil {
		t.Fatal(err)
	}
	if script != nil {
		script()
	}
	if err := s.agent.Wait(); err != nil {
		t.Fatal(err)
	}
	var m measured
	if err := gob.NewDecoder(&out).Decode(&m); err != nil {
		t.Fatalf("reading the agent's outcome: %v", err)
	}
	return m, report(t, s.endRelay(os.Interrupt))
}

// same compares one direction with what the relay did to it.
func same(t *testing.T, name string, m stream.Metrics, p passage) {
	t.Helper()
	sameCounts(t, name, m, p)
	sameJitter(t, name, m, p, 0)
}

func sameCounts(t *testing.T, name string, m stream.Metrics, p passage) {
	t.Helper()
	if m.Sent != p.In || m.Lost != len(p.Dropped) || m.Duplicates != p.Duplicated || m.Reordered != p.reordered() {
		t.Errorf("%s: sent %d, lost %d, doubled %d, reordered %d; the relay: %d, %d, %d, %d",
			name, m.Sent, m.Lost, m.Duplicates, m.Reordered, p.In, len(p.Dropped), p.Duplicated, p.reordered())
	}
	if d := m.Discarded - p.discarded(buffer); d > 2 || d < -2 {
		t.Errorf("%s: discarded %d, the relay: %d", name, m.Discarded, p.discarded(buffer))
	}
}

// mostHost is the most of the machine's own jitter that is allowed for, if any is: more
// would hide an error of the stamps.
const mostHost = 500 * time.Microsecond

func sameJitter(t *testing.T, name string, m stream.Metrics, p passage, host time.Duration) {
	t.Helper()
	if m.Jitter == nil {
		t.Errorf("%s: no jitter", name)
		return
	}
	did := p.jitter()
	if off := (*m.Jitter - did).Abs(); off > did*3/100+150*time.Microsecond+host {
		t.Errorf("%s: jitter %v, the relay made %v, this machine %v", name, *m.Jitter, did, host)
	}
	t.Logf("%s: %d of %d, jitter %v, the relay made %v, discarded %d/%d, reordered %d", name, m.Received, m.Sent, *m.Jitter, did, m.Discarded, p.discarded(buffer), m.Reordered)
}

// sameRTT compares the round trip with the delays of what was not RTP.
func sameRTT(t *testing.T, c call.Call, up, down passage) {
	t.Helper()
	var sum time.Duration
	for _, r := range c.RoundTrips {
		sum += r.RTT
	}
	if len(c.RoundTrips) == 0 {
		t.Error("no round trip")
		return
	}
	got, want := sum/time.Duration(len(c.RoundTrips)), mean(up.Others)+mean(down.Others)
	if (got - want).Abs() > time.Millisecond {
		t.Errorf("round trip %v, the relay made %v", got, want)
	}
	t.Logf("round trip %v, the relay made %v", got, want)
}

// One at a time: nine busy programs on two cores would change what the relay reports, not
// only what is measured.
func TestHarmIsMeasured(t *testing.T) {
	for _, c := range []struct {
		name, host string
		settings   call.Settings
		harm       []string
	}{
		{"nothing", "127.0.0.1", call.Settings{}, nil},
		{"all at once", "127.0.0.1", call.Settings{Duration: 10 * time.Second}, []string{
			"--up-loss", "0.05", "--up-delay", "40ms", "--up-jitter", "30ms", "--up-duplicate", "0.02", "--up-reorder", "0.03", "--up-reorder-by", "90ms",
			"--down-loss", "0.1", "--down-burst", "3", "--down-delay", "100ms", "--down-jitter", "80ms", "--down-duplicate", "0.05", "--down-reorder", "0.02",
		}},
		{"up alone", "127.0.0.1", call.Settings{}, []string{"--up-loss", "0.1", "--up-jitter", "40ms"}},
		{"down alone", "127.0.0.1", call.Settings{}, []string{"--down-loss", "0.1", "--down-jitter", "40ms"}},
		{"first and last packets", "127.0.0.1", call.Settings{}, []string{"--up-drop", "0-4,245-249", "--down-drop", "0,249"}},
		{"300 ms each way", "127.0.0.1", call.Settings{}, []string{"--up-delay", "300ms", "--down-delay", "300ms"}},
		{"IPv6, g729, three calls", "::1", call.Settings{Codec: "g729", Calls: 3}, []string{"--up-loss", "0.05", "--down-loss", "0.02", "--up-delay", "5ms"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.settings.Duration == 0 {
				c.settings.Duration = 5 * time.Second
			}
			c.settings.DSCP = 46
			m, r := stage(t, c.host, c.settings, c.harm...).play(t, nil)
			if !m.Outcome.Complete || m.Outcome.Source != facts.RTTStun || len(m.Outcome.Calls) != len(r.Calls) {
				t.Fatalf("complete %v %q, source %q, %d calls of %d", m.Outcome.Complete, m.Outcome.Reason, m.Outcome.Source, len(m.Outcome.Calls), len(r.Calls))
			}
			for i, got := range m.Outcome.Calls {
				// The relay numbers sockets as they appeared; the number of lost packets
				// tells which is which.
				j := matching(m.Up[i], m.Down[i], r)
				same(t, fmt.Sprintf("call %d up", i), m.Up[i], r.Calls[j].Up)
				same(t, fmt.Sprintf("call %d down", i), m.Down[i], r.Calls[j].Down)
				sameRTT(t, got, r.Calls[j].Up, r.Calls[j].Down)
			}
		})
	}
}

// matching is the relay's flow with the same losses; the first if none has.
func matching(up, down stream.Metrics, r relayed) int {
	for j, c := range r.Calls {
		if len(c.Up.Dropped) == up.Lost && len(c.Down.Dropped) == down.Lost && c.Up.reordered() == up.Reordered {
			return j
		}
	}
	return 0
}

func TestDeadUDP(t *testing.T) {
	// Without a sign that the far end wants it no stream goes on for more than 2 s.
	few := func(sent int) bool { return sent >= 90 && sent <= 110 }
	for _, c := range []struct {
		name   string
		harm   []string
		check  func(t *testing.T, m measured, r relayed)
		source string
	}{
		{"up", []string{"--up-dead-at", "0"}, func(t *testing.T, m measured, _ relayed) {
			t.Helper()
			if !few(m.Up[0].Sent) || m.Up[0].Received != 0 || m.Down[0].Sent != 0 || !strings.Contains(m.Outcome.Calls[0].Down.Reason, "nothing arrived to answer to") {
				t.Errorf("up %+v, down %+v", m.Up[0], m.Down[0])
			}
		}, facts.RTTTCP},
		{"down", []string{"--down-dead-at", "0"}, func(t *testing.T, m measured, r relayed) {
			t.Helper()
			sameCounts(t, "up", m.Up[0], r.Calls[0].Up)
			sameJitter(t, "up", m.Up[0], r.Calls[0].Up, min(mostHost, r.Calls[0].Up.hostJitter(m.Outcome.Calls[0].Up.Trace)))
			if m.Up[0].Lost != 0 || m.Down[0].Sent != 0 || m.Outcome.Calls[0].Down.Reason == "" {
				t.Errorf("up %+v, down %+v", m.Up[0], m.Down[0])
			}
		}, facts.RTTTCP},
		{"both", []string{"--up-dead-at", "0", "--down-dead-at", "0"}, func(t *testing.T, m measured, _ relayed) {
			t.Helper()
			if !few(m.Up[0].Sent) || m.Up[0].Received != 0 || m.Down[0].Sent != 0 {
				t.Errorf("up %+v, down %+v", m.Up[0], m.Down[0])
			}
		}, facts.RTTTCP},
		{"both at half time", []string{"--up-dead-at", "3s", "--down-dead-at", "3s"}, halfTime, facts.RTTStun},
		{"up at half time", []string{"--up-dead-at", "3s"}, halfTime, facts.RTTStun},
		{"down at half time", []string{"--down-dead-at", "3s"}, halfTime, facts.RTTStun},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, r := stage(t, "127.0.0.1", call.Settings{Duration: 10 * time.Second}, c.harm...).play(t, nil)
			if !m.Outcome.Complete || m.Outcome.Source != c.source || m.Took > 16*time.Second {
				t.Errorf("complete %v %q, source %q, took %v", m.Outcome.Complete, m.Outcome.Reason, m.Outcome.Source, m.Took)
			}
			c.check(t, m, r)
		})
	}
}

// halfTime: whichever end dies, both counts are those of the relay, and the down stream
// ends 5 s after the last proof.
func halfTime(t *testing.T, m measured, r relayed) {
	t.Helper()
	same(t, "up", m.Up[0], r.Calls[0].Up)
	same(t, "down", m.Down[0], r.Calls[0].Down)
	if m.Up[0].Sent != 500 || m.Down[0].Sent < 370 || m.Down[0].Sent > 402 {
		t.Errorf("sent %d up, %d down; want 500 and what 3 s and 5 s of consent allow", m.Up[0].Sent, m.Down[0].Sent)
	}
}

func TestBrokenOff(t *testing.T) {
	delay := []string{"--up-delay", "50ms", "--down-delay", "50ms"}
	t.Run("ctrl-c", func(t *testing.T) {
		t.Parallel()
		s := stage(t, "127.0.0.1", call.Settings{Duration: 20 * time.Second}, delay...)
		m, _ := s.play(t, func() {
			time.Sleep(4 * time.Second)
			_ = s.agent.Process.Signal(os.Interrupt)
		})
		if m.Outcome.Complete || m.Up[0].Sent < 100 || m.Up[0].Lost != 0 || m.Down[0].Sent < 100 || m.Down[0].Lost != 0 || m.Took > 8*time.Second {
			t.Errorf("complete %v, up %+v, down %+v, took %v", m.Outcome.Complete, m.Up[0], m.Down[0], m.Took)
		}
	})
	t.Run("the responder is killed", func(t *testing.T) {
		t.Parallel()
		s := stage(t, "127.0.0.1", call.Settings{Duration: 20 * time.Second}, delay...)
		m, _ := s.play(t, func() {
			time.Sleep(4 * time.Second)
			_ = s.responder.Kill()
		})
		if m.Outcome.Complete || m.Outcome.Reason == "" || m.Up[0].Sent < 50 || m.Up[0].Lost != 0 || m.Down[0].Lost != 0 || m.Took > 10*time.Second {
			t.Errorf("complete %v, up %+v, down %+v, took %v", m.Outcome.Complete, m.Up[0], m.Down[0], m.Took)
		}
		t.Log(m.Outcome.Reason)
	})
	t.Run("the responder is stopped", func(t *testing.T) {
		t.Parallel()
		s := stage(t, "127.0.0.1", call.Settings{Duration: 20 * time.Second}, delay...)
		m, _ := s.play(t, func() {
			time.Sleep(4 * time.Second)
			_ = s.responder.Signal(syscall.SIGTERM) // the calls under way may go on
			time.Sleep(500 * time.Millisecond)
			_ = s.responder.Signal(syscall.SIGTERM) // a second one ends them
		})
		if m.Outcome.Complete || m.Up[0].Sent < 50 || m.Up[0].Lost != 0 || m.Down[0].Lost != 0 || m.Took > 10*time.Second {
			t.Errorf("complete %v, up %+v, down %+v, took %v", m.Outcome.Complete, m.Up[0], m.Down[0], m.Took)
		}
		t.Log(m.Outcome.Reason)
	})
}
