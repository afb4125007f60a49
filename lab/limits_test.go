//go:build lab && linux

package lab

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"netready/internal/need"
)

// A limited is two hosts, this PC and the far end, on a line that the kernel itself
// limits (tc), each way.
type limited struct {
	*network

	invite string
}

const (
	limitedPC  = "198.18.7.1"
	limitedFar = "198.18.7.2"
)

// newLimited makes the line; queue are the arguments of tc for the root of each end.
func newLimited(t *testing.T, queue ...[]string) *limited {
	t.Helper()
	need.Root(t)
	need.Tool(t, "ip")
	need.Tool(t, "tc")
	l := &limited{&network{prefix: fmt.Sprintf("lim%d-%d", os.Getpid()%100000, laboratories.Add(1))}, ""}
	for _, ns := range []string{pc, far} {
		must(t, "ip", "netns", "add", l.ns(ns))
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", l.ns(ns)).Run() })
		inNamespace(t, l.ns(ns), quiet)
		must(t, "ip", "-n", l.ns(ns), "link", "set", "lo", "up")
	}
	l.cable(t, 7, pc, "eth0", far, "eth0")
	for _, ns := range []string{pc, far} {
		for _, arguments := range queue {
			must(t, append([]string{"ip", "netns", "exec", l.ns(ns), "tc"}, arguments...)...)
		}
	}
	l.respond(t)
	return l
}

// respond starts the responder.
func (l *limited) respond(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	l.invite = filepath.Join(dir, "invite")
	c := exec.CommandContext(t.Context(), "ip", "netns", "exec", l.ns(far), filepath.Join(programs, "netready-responder"),
		"--control", limitedFar+":8443", "--media", limitedFar+":40000", "--data", dir, "--invite-file", l.invite)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	for range 200 {
		if b, err := os.ReadFile(l.invite); err == nil && len(b) > 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the responder writes no invite")
}

// assess runs the program with these flags.
func (l *limited) assess(t *testing.T, flags ...string) judged {
	t.Helper()
	arguments := append([]string{"netns", "exec", l.ns(pc), filepath.Join(programs, "netready"), "run", "--responder", "@" + l.invite, "--json", "--out", t.TempDir()}, flags...)
	c := exec.CommandContext(t.Context(), "ip", arguments...)
	var out, complaint strings.Builder
	c.Stdout, c.Stderr = &out, &complaint
	err := c.Run() // the status is the verdict
	var r judged
	if jsonErr := json.Unmarshal([]byte(out.String()), &r); jsonErr != nil {
		t.Fatalf("%v, %v\n%s", err, jsonErr, complaint.String())
	}
	return r
}

// iperf is what iperf3 measures, in Mbit/s: to the far end, or back. It counts whole
// blocks: of its usual 128 KiB a line of 2 Mbit/s carries six in its time.
func (l *limited) iperf(t *testing.T, flags ...string) float64 {
	t.Helper()
	server := exec.CommandContext(t.Context(), "ip", "netns", "exec", l.ns(far), "iperf3", "-s", "-1")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	time.Sleep(500 * time.Millisecond)
	b, err := exec.CommandContext(t.Context(), "ip", append([]string{"netns", "exec", l.ns(pc), "iperf3", "-c", limitedFar, "-J", "-t", "3", "-O", "1", "-l", "8K"}, flags...)...).Output()
	var r struct {
		End struct {
			Received struct {
				BitsPerSecond float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		} `json:"end"`
	}
	if jsonErr := json.Unmarshal(b, &r); jsonErr != nil {
		t.Fatalf("iperf3: %v, %v\n%s", err, jsonErr, b)
	}
	return r.End.Received.BitsPerSecond / mbit
}

// tokens is a token bucket of a rate in Mbit/s.
func tokens(rate float64, latency string) []string {
	return []string{"qdisc", "add", "dev", "eth0", "root", "tbf", "rate", fmt.Sprint(rate, "mbit"), "burst", fmt.Sprint(int(max(3100, rate*250))), "latency", latency}
}

// The bandwidth is what the kernel's limit leaves to TCP, 1,448 of 1,514 bytes of a frame
// (95.6 %), or what iperf3 gets in the same run: in the 3 s of a slow line a token bucket lets
// up to 8 % more or less through.
func TestBandwidthOfALimitedLine(t *testing.T) {
	need.Tool(t, "iperf3")
	fmt.Println("limit | netready up, down | iperf3 up, down (Mbit/s)")
	for _, rate := range []float64{0.25, 0.5, 1, 2, 10, 50, 100} {
		l := newLimited(t, tokens(rate, "200ms")) // at 2 Mbit/s 50 ms are eight packets, which TCP loses
		b := l.assess(t, "--only", "bandwidth").Bandwidth
		if b.UpMbps == nil || b.DownMbps == nil {
			t.Fatalf("%v Mbit/s: not measured: %s", rate, b.Reason)
		}
		up, down := l.iperf(t), l.iperf(t, "-R")
		fmt.Printf("%v | %.2f, %.2f | %.2f, %.2f\n", rate, *b.UpMbps, *b.DownMbps, up, down)
		want := rate * 1448 / 1514
		off := 0.05
		if rate < 2 {
			off = 0.15 // of 0.25 Mbit/s 3 s are twenty of the smallest pieces that arrive at once
		}
		for _, pair := range [][2]float64{{*b.UpMbps, up}, {*b.DownMbps, down}} {
			if pair[0] < (1-off)*min(want, pair[1]) || pair[0] > (1+off)*max(want, pair[1]) {
				t.Errorf("%v Mbit/s: netready %.2f, iperf3 %.2f, arithmetic %.2f", rate, pair[0], pair[1], want)
			}
		}
	}
}

// bytesOf is how many bytes the PC's interface has sent.
func (l *limited) bytesOf(t *testing.T) float64 {
	t.Helper()
	b, err := exec.CommandContext(t.Context(), "ip", "netns", "exec", l.ns(pc), "cat", "/sys/class/net/eth0/statistics/tx_bytes").Output()
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(string(b)), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The capacity is that of arithmetic: the limit over what a call takes on the wire,
// which the interface counts.
func TestCapacityOfALimitedLine(t *testing.T) {
	t.Parallel()
	const rate = 2
	l := newLimited(t, tokens(rate, "50ms"))
	const lasts = 10
	before := l.bytesOf(t)
	l.assess(t, "--only", "voice", "--duration", fmt.Sprint(lasts, "s"))
	one := (l.bytesOf(t) - before) * 8 / lasts // and what opens the session, which is little
	c := l.assess(t, "--only", "voice", "--duration", "5s", "--calls-max", "40").Capacity
	if c == nil || c.GoodCalls == nil {
		t.Fatalf("not measured: %+v", c)
	}
	want := math.Floor(rate * mbit / one)
	fmt.Printf("limit %d Mbit/s, a call takes %.1f kbit/s: arithmetic %.0f calls, --calls-max %d; broke first: %+v\n", rate, one/kbit, want, *c.GoodCalls, c.Broke)
	if math.Abs(want-float64(*c.GoodCalls)) > 1 {
		t.Errorf("%d calls, arithmetic says %.0f", *c.GoodCalls, want)
	}
}

// A full line, first with one queue for all, then with a class for DSCP 46 that is sent
// first: the MOS under load shows what the mark is worth.
func TestMOSUnderLoadByPriority(t *testing.T) {
	t.Parallel()
	one := tokens(2, "200ms")
	classes := [][]string{
		{"qdisc", "add", "dev", "eth0", "root", "handle", "1:", "htb", "default", "20"},
		{"class", "add", "dev", "eth0", "parent", "1:", "classid", "1:1", "htb", "rate", "2mbit", "burst", "3100"},
		{"class", "add", "dev", "eth0", "parent", "1:1", "classid", "1:10", "htb", "rate", "500kbit", "ceil", "2mbit", "prio", "0", "burst", "3100"},
		{"class", "add", "dev", "eth0", "parent", "1:1", "classid", "1:20", "htb", "rate", "1500kbit", "ceil", "2mbit", "prio", "1", "burst", "3100"},
		{"qdisc", "add", "dev", "eth0", "parent", "1:10", "pfifo", "limit", "30"},
		{"qdisc", "add", "dev", "eth0", "parent", "1:20", "pfifo", "limit", "30"},
		{"filter", "add", "dev", "eth0", "parent", "1:", "protocol", "ip", "u32", "match", "ip", "dsfield", "0xb8", "0xfc", "flowid", "1:10"},
	}
	fmt.Println("line of 2 Mbit/s | MOS idle | MOS up while uploads fill it | MOS down while downloads fill it | round trip idle, up, down")
	worst := func(name string, queue ...[]string) float64 {
		r := newLimited(t, queue...).assess(t, "--only", "voice", "--duration", "10s", "--under-load")
		u := r.UnderLoad
		if u == nil || u.Up == nil || u.Down == nil || u.Up.CallUp == nil || u.Down.CallDown == nil || u.Up.CallUp.MOS == nil || u.Down.CallDown.MOS == nil {
			t.Fatalf("%s: not measured: %+v", name, u)
		}
		fmt.Printf("%s | %v | %v | %v | %v, %v, %v ms\n", name, *r.Voice.Up.MOS, *u.Up.CallUp.MOS, *u.Down.CallDown.MOS, *r.Voice.RTT.AvgMS, *u.Up.RTT.AvgMS, *u.Down.RTT.AvgMS)
		return min(*u.Up.CallUp.MOS, *u.Down.CallDown.MOS)
	}
	alike, first := worst("one queue for all", one), worst("voice (DSCP 46) first", classes...)
	if first <= alike {
		t.Errorf("MOS %v with priority, %v without", first, alike)
	}
}
