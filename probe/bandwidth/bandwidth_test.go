package bandwidth

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"netready/probe/internal/control"
	"netready/probe/internal/wire"
	"netready/probe/responder"
)

// link carries bytes at a steady rate each way, in virtual time.
type link struct {
	down, up int // bytes a millisecond
	err      error
}

func (l link) Download(_ context.Context, _ string, most int64, d time.Duration) (io.ReadCloser, error) {
	if l.err != nil {
		return nil, l.err
	}
	n := min(most, int64(l.down)*int64(d/time.Millisecond))
	return io.NopCloser(&slow{io.LimitReader(zeros{}, n), l.down}), nil
}

func (l link) Upload(_ context.Context, _ string, r io.Reader) (wire.UploadResult, error) {
	if l.err != nil {
		return wire.UploadResult{}, l.err
	}
	start := time.Now()
	n, err := io.Copy(io.Discard, &slow{r, l.up})
	return wire.UploadResult{Bytes: n, Elapsed: time.Since(start)}, err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type slow struct {
	io.Reader
	rate int // bytes a millisecond
}

func (s *slow) Read(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return s.Reader.Read(p[:min(len(p), s.rate)])
}

func TestRun(t *testing.T) {
	tests := []struct {
		name     string
		link     link
		settings Settings
		down, up float64 // Mbit/s, within 1 %
	}{
		{"10 down, 2 up", link{down: 1250, up: 250}, Settings{}, 10, 2},
		{"bounded in bytes", link{down: 2500, up: 2500}, Settings{Most: 1_000_000}, 20, 20},
		{"a second", link{down: 125, up: 125}, Settings{For: time.Second}, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := Run(t.Context(), tt.link, tt.settings)
				if r.DownMbps == nil || r.UpMbps == nil || r.Reason != "" {
					t.Fatalf("not measured: %s", r.Reason)
				}
				for way, v := range map[string][2]float64{"down": {*r.DownMbps, tt.down}, "up": {*r.UpMbps, tt.up}} {
					if v[0] < 0.99*v[1] || v[0] > 1.01*v[1] {
						t.Errorf("%s %.3f Mbit/s, want %.3f", way, v[0], v[1])
					}
				}
			})
		})
	}
}

// cut gives a steady rate and then an error, as a far end that ends a stream whose rest has
// not left it in time.
type cut struct {
	link
	after time.Duration
}

func (c cut) Download(context.Context, string, int64, time.Duration) (io.ReadCloser, error) {
	n := int64(c.down) * int64(c.after/time.Millisecond)
	return io.NopCloser(io.MultiReader(&slow{io.LimitReader(zeros{}, n), c.down}, iotest.ErrReader(errors.New("stream error")))), nil
}

// The responder ends a download over a slow line after its time: what arrived until then is
// measured. A download that breaks in the middle is not.
func TestCutDownload(t *testing.T) {
	for after, want := range map[time.Duration]bool{time.Second: false, 2 * time.Second: false, 4 * time.Second: true} {
		synctest.Test(t, func(t *testing.T) {
			r := Run(t.Context(), cut{link{down: 250, up: 250}, after}, Settings{})
			if (r.DownMbps != nil) != want || want && *r.DownMbps != 2 || r.UpMbps == nil {
				t.Errorf("cut after %v: %+v", after, r)
			}
		})
	}
}

// stalled gives nothing more after some time, until the agent's own time is over.
type stalled struct {
	link
	after time.Duration
}

func (s stalled) Download(ctx context.Context, _ string, _ int64, _ time.Duration) (io.ReadCloser, error) {
	n := int64(s.down) * int64(s.after/time.Millisecond)
	return io.NopCloser(io.MultiReader(&slow{io.LimitReader(zeros{}, n), s.down}, until{ctx})), nil
}

// until is a body that ends with its request.
type until struct{ context.Context }

func (u until) Read([]byte) (int, error) { <-u.Done(); return 0, u.Err() }

// If the agent's time ends the download, half of it is enough for a figure; if the user
// ends it, there is none.
func TestStalledDownload(t *testing.T) {
	for _, c := range []struct {
		after, user time.Duration
		want        bool
	}{{time.Second, time.Hour, false}, {2 * time.Second, time.Hour, true}, {2 * time.Second, 4 * time.Second, false}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), c.user)
			defer cancel()
			r := Run(ctx, stalled{link{down: 250, up: 250}, c.after}, Settings{})
			if (r.DownMbps != nil) != c.want || c.want && math.Abs(*r.DownMbps-2) > 0.01 || !c.want && r.Reason == "" {
				t.Errorf("%+v: %+v", c, r)
			}
		})
	}
}

func TestNotMeasured(t *testing.T) {
	r := Run(t.Context(), link{err: errors.New("the responder refused")}, Settings{})
	if r.UpMbps != nil || r.DownMbps != nil || !strings.Contains(r.Reason, "refused") {
		t.Errorf("got %+v, want the reason twice", r)
	}
	if v, err := perSecond(1<<20, time.Millisecond); v != nil || err == nil {
		t.Error("a rate from a millisecond")
	}
}

// A run that Ctrl-C ended gave "uploading: context canceled" as the reason.
func TestStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	got := Run(ctx, link{err: context.Canceled}, Settings{})
	if got.UpMbps != nil || got.DownMbps != nil || got.Reason != "the run was stopped before it was finished" {
		t.Errorf("got %+v", got)
	}
}

func TestSourceIsBounded(t *testing.T) {
	s := &source{end: time.Hour, left: 600_000}
	var b bytes.Buffer
	n, err := io.Copy(&b, s)
	if n != 600_000 || err != nil {
		t.Errorf("%d bytes, %v, want 600000", n, err)
	}
}

// Over loopback the test itself must not be the bottleneck. The rate depends on the machine
// and is only printed; the test is that both ways have one.
func TestLoopback(t *testing.T) {
	s, err := responder.Start(t.Context(), responder.Local())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	invited := s.Invite()
	c, err := control.Open(t.Context(), invited, wire.Request{Ptime: 20 * time.Millisecond, Payload: 160, Rate: 8000, Duration: time.Second, Calls: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := Run(t.Context(), c, Settings{For: 500 * time.Millisecond})
	if r.UpMbps == nil || r.DownMbps == nil {
		t.Fatalf("not measured: %s", r.Reason)
	}
	t.Logf("down %.0f Mbit/s, up %.0f Mbit/s", *r.DownMbps, *r.UpMbps)
}

// A throughput that TCP's start, or what may be in flight, has bounded is a lower bound and says so.
func TestTooShortForTheRoundTrip(t *testing.T) {
	for _, tt := range []struct {
		name string
		rtt  time.Duration
		mbps int
		want bool
	}{
		{"round trip not known", 0, 10, false},
		{"LAN", time.Millisecond, 800, false},
		{"another continent", 120 * time.Millisecond, 100, false},
		{"slow line, long path", 200 * time.Millisecond, 5, false},
		{"quick line, long path", 300 * time.Millisecond, 50, true},
		{"satellite", 600 * time.Millisecond, 2, true},
		{"window full", 100 * time.Millisecond, 320, true},
		{"round trip as long as the test", 3 * time.Second, 1, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				perMS := tt.mbps * 125
				r := Run(t.Context(), link{down: perMS, up: perMS}, Settings{RTT: tt.rtt})
				if r.DownMbps == nil || r.DownAtLeast != tt.want || tt.mbps < 60 && r.UpAtLeast != tt.want /* io.Discard reads no faster */ || (r.Note != "") != tt.want {
					t.Errorf("got %+v, want lower bounds: %v", r, tt.want)
				}
			})
		})
	}
}
