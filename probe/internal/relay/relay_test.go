package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"netready/probe/internal/stamp"
)

// through sends RTP-like packets one millisecond apart through a relay and
// returns the indices in the order that they came out, and the report.
func through(t *testing.T, n int, args ...string) ([]int, passage) {
	t.Helper()
	far, err := stamp.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	defer write.Close()
	out := &line{first: make(chan string, 1)}
	done := make(chan error, 1)
	go func() { done <- run(ctx, append(args, "--to", far.LocalAddr().String()), read, out) }()
	address, _, _ := strings.Cut(strings.TrimPrefix(<-out.first, "relay on "), ",")
	near, err := stamp.Dial(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	start := stamp.Now()
	for i := range n {
		stamp.SleepUntil(start + time.Duration(i)*time.Millisecond)
		if err := near.Write(append([]byte{0x80, byte(i)}, make([]byte, 20)...), netip.AddrPort{}); err != nil {
			t.Fatal(err)
		}
	}
	var got []int
	b := make([]byte, 100)
	for {
		_ = far.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		if _, err := far.Read(b); err != nil {
			break
		}
		got = append(got, int(b[1]))
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(out.rest.Bytes(), &r); err != nil || len(r.Calls) != 1 || r.Seed == 0 {
		t.Fatalf("report %+v, %v", r, err)
	}
	return got, r.Calls[0].Up
}

// line tells the first line apart from the rest.
type line struct {
	first chan string
	rest  bytes.Buffer
	told  bool
}

func (l *line) Write(b []byte) (int, error) {
	if !l.told {
		l.told = true
		l.first <- string(b)
		return len(b), nil
	}
	return l.rest.Write(b)
}

func TestRelayDoesWhatItSays(t *testing.T) {
	const n = 100
	for _, c := range []struct {
		name string
		args []string
		lost func(passage) bool
	}{
		{"clean", nil, func(p passage) bool { return len(p.Dropped) == 0 && slices.IsSorted(order(p)) }},
		{"pattern", []string{"--up-drop", "3,10-19"}, func(p passage) bool { return len(p.Dropped) == 11 && p.Dropped[0] == 3 }},
		{"random", []string{"--up-loss", "0.3"}, func(p passage) bool { return len(p.Dropped) > 5 && len(p.Dropped) < 70 }},
		{"bursts", []string{"--up-loss", "0.3", "--up-burst", "5"}, func(p passage) bool { return len(p.Dropped) < 100 }},
		{"doubled", []string{"--up-duplicate", "1"}, func(p passage) bool { return p.Duplicated == n && len(p.Sent) == 2*n }},
		{"jitter", []string{"--up-delay", "20ms", "--up-jitter", "30ms"}, func(p passage) bool { return !slices.IsSorted(order(p)) }},
		{"held back", []string{"--up-reorder", "0.2", "--up-reorder-by", "10ms"}, func(p passage) bool { return !slices.IsSorted(order(p)) }},
		{"dead", []string{"--up-dead-at", "0"}, func(p passage) bool { return len(p.Dropped) == n }},
		{"dies", []string{"--up-dead-at", "50ms"}, func(p passage) bool { return len(p.Dropped) > 0 && p.Dropped[0] > 0 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, p := through(t, n, c.args...)
			if p.In != n || !slices.Equal(got, order(p)) {
				t.Errorf("in %d; came out %v, told %v", p.In, got, order(p))
			}
			if len(p.Sent) != n-len(p.Dropped)+p.Duplicated {
				t.Errorf("in %d, out %d, dropped %d, doubled %d", p.In, len(p.Sent), len(p.Dropped), p.Duplicated)
			}
			if !c.lost(p) {
				t.Errorf("dropped %v, doubled %d, order %v", p.Dropped, p.Duplicated, order(p))
			}
			for _, h := range p.Sent {
				if h.Out < h.In {
					t.Errorf("packet %d left %v before it came", h.Index, h.In-h.Out)
				}
			}
		})
	}
}

func order(p passage) []int {
	var o []int
	for _, h := range p.Sent {
		o = append(o, h.Index)
	}
	return o
}

func TestRelayRefuses(t *testing.T) {
	for _, args := range [][]string{{"--to", "nowhere"}, {"--up-drop", "x", "--to", "127.0.0.1:1"}, {"--up-drop", "1-x"}, {"--to", "127.0.0.1:1", "--listen", "x"}} {
		if err := run(t.Context(), args, strings.NewReader(""), io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
