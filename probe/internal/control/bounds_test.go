package control_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"netready/probe/internal/control"
	"netready/probe/internal/wire"
	"netready/probe/invite"
	"netready/probe/stream"
)

// granting is a responder that answers with a grant of the test's choice.
func granting(t *testing.T, change func(*wire.Grant), below http.HandlerFunc) invite.Invite {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != wire.PathSessions {
			below(w, r)
			return
		}
		g := wire.Grant{
			Version: wire.Version, Session: "s", Media: ":9", Duration: request.Duration, Nonce: "00112233445566778899aabbccddeeff",
			Calls: []wire.CallGrant{{Username: "u", Password: "p", Key: make([]byte, 32), UpSSRC: 1, DownSSRC: 2}},
		}
		change(&g)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(g)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return invite.Invite{Host: s.Listener.Addr().String(), Token: "t", Pins: [][]byte{invite.Pin(s.Certificate().RawSubjectPublicKeyInfo)}}
}

func nothing(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

const tricks = "\x1b[2J\x1b]0;OWNED\a\u009b31mred\u202egnp\r\nREADY"

// Asked for one call, a hostile responder granted three thousand, and longer ones: nothing
// of such a grant is used.
func TestGrantBeyondWhatWasAskedIsRefused(t *testing.T) {
	for name, change := range map[string]func(*wire.Grant){
		"3000 calls": func(g *wire.Grant) {
			for len(g.Calls) < 3000 {
				g.Calls = append(g.Calls, g.Calls[0])
			}
		},
		"two calls":            func(g *wire.Grant) { g.Calls = append(g.Calls, g.Calls[0]) },
		"146 years":            func(g *wire.Grant) { g.Duration = 1 << 62 },
		"a second too long":    func(g *wire.Grant) { g.Duration += time.Second },
		"less than nothing":    func(g *wire.Grant) { g.Duration = -5 },
		"less than a packet":   func(g *wire.Grant) { g.Duration = 1 },
		"a path for a name":    func(g *wire.Grant) { g.Session = "../../x?y#z\r\nEvil: 1" },
		"no name":              func(g *wire.Grant) { g.Session = "" },
		"no key":               func(g *wire.Grant) { g.Calls[0].Key = nil },
		"a huge key":           func(g *wire.Grant) { g.Calls[0].Key = make([]byte, 100_000) },
		"a huge user":          func(g *wire.Grant) { g.Calls[0].Username = strings.Repeat("u", 70_000) },
		"20000 listeners":      func(g *wire.Grant) { g.Ports = make([]wire.Listener, 20_000) },
		"port 70000":           func(g *wire.Grant) { g.Ports = []wire.Listener{{Protocol: "udp", Port: 70_000}} },
		"a protocol of tricks": func(g *wire.Grant) { g.Ports = []wire.Listener{{Protocol: tricks, Port: 7}} },
		"not a key":            func(g *wire.Grant) { g.Nonce = tricks },
		"media without port":   func(g *wire.Grant) { g.Media = "127.0.0.1" },
		"media with tricks":    func(g *wire.Grant) { g.Media = tricks + ":9" },
	} {
		t.Run(name, func(t *testing.T) {
			c, err := control.Open(t.Context(), granting(t, change, nothing), request, nil)
			if !errors.Is(err, control.ErrGrant) {
				if err == nil {
					_ = c.Close()
				}
				t.Fatalf("got %v, want a refusal", err)
			}
			if strings.ContainsAny(err.Error(), "\x1b\r\n\u202e\u009b") {
				t.Errorf("%q holds what steers a terminal", err)
			}
		})
	}
}

// What the far end writes is cleaned where it comes in.
func TestTextsOfTheFarEndAreCleaned(t *testing.T) {
	event, err := json.Marshal(wire.Event{NoDSCP: tricks, NotSet: tricks, Ended: tricks, Proved: tricks, Closed: tricks})
	if err != nil {
		t.Fatal(err)
	}
	c, err := control.Open(t.Context(), granting(t, func(g *wire.Grant) { g.Responder, g.Region, g.Observed = tricks, tricks, tricks },
		func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, wire.PathPorts) {
				_ = json.NewEncoder(w).Encode(wire.PortsGrant{Failed: map[int]string{5: tricks}})
				return
			}
			_, _ = w.Write(append(event, '\n'))
		}), request, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	g := c.Grant()
	texts := []string{g.Responder, g.Region, g.Observed}
	if err := c.Events(t.Context(), func(e wire.Event) { texts = append(texts, e.NoDSCP, e.NotSet, e.Ended, e.Proved, e.Closed) }); err != nil {
		t.Fatal(err)
	}
	ports, err := c.OpenPorts(t.Context(), wire.PortsRequest{Protocol: "udp", Ports: []int{5}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(texts, ports.Failed[5]) {
		if s == "" || strings.ContainsAny(s, "\x1b\a\r\n\u202e\u009b") {
			t.Errorf("%q came through", s)
		}
	}
}

// Asked to open some ports, the responder named twenty thousand of its choice.
func TestPortsThatWereNotAskedForAreNotTried(t *testing.T) {
	for _, open := range [][]int{{1, 2, 3}, {40_000, 22}, {-1}, {0}, {70_000}, {1 << 40}, {40_000, 40_000, 40_000}} {
		c, err := control.Open(t.Context(), granting(t, func(*wire.Grant) {}, func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(wire.PortsGrant{Open: open})
		}), request, nil)
		if err != nil {
			t.Fatal(err)
		}
		if g, err := c.OpenPorts(t.Context(), wire.PortsRequest{Protocol: "udp", Ports: []int{40_000, 40_001}}); err == nil {
			t.Errorf("%v: %+v, want a refusal", open, g)
		}
		_ = c.Close()
	}
}

// A trace without end took 1.6 GB: it is ended when the calls cannot have more.
func TestEndlessTraceEnds(t *testing.T) {
	arrivals := make([]stream.Arrival, 1<<20)
	huge, err := json.Marshal(wire.Event{Up: wire.PackArrivals(arrivals)})
	if err != nil {
		t.Fatal(err)
	}
	for name, line := range map[string]string{
		"empty lines":    "{}\n",
		"filled lines":   `{"no_dscp":"` + strings.Repeat("x", 60_000) + "\"}\n",
		"a million each": string(huge) + "\n",
		"never a line":   strings.Repeat("x", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := control.Open(t.Context(), granting(t, func(*wire.Grant) {}, func(w http.ResponseWriter, r *http.Request) {
				for r.Context().Err() == nil {
					if _, err := io.WriteString(w, line); err != nil {
						return
					}
				}
			}), request, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			lines := 0
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err = c.Events(t.Context(), func(wire.Event) { lines++ })
			runtime.ReadMemStats(&after)
			if !errors.Is(err, control.ErrBroken) {
				t.Errorf("got %v after %d lines, want an end", err, lines)
			}
			if took := int64(after.HeapInuse) - int64(before.HeapInuse); took > 64<<20 {
				t.Errorf("%d MB are held", took>>20)
			}
		})
	}
}

// The media's host is told where it is another than the control connection's.
func TestMediaElsewhereIsTold(t *testing.T) {
	for media, want := range map[string]string{
		":9": "", "127.0.0.1:9": "", "[::ffff:127.0.0.1]:9": "", "localhost:9": "",
		"127.0.0.66:9": "127.0.0.66", "192.0.2.9:9": "192.0.2.9", "[2001:db8::1]:9": "2001:db8::1", "no-such-host.invalid:9": "no-such-host.invalid",
	} {
		c, err := control.Open(t.Context(), granting(t, func(g *wire.Grant) { g.Media = media }, nothing), request, nil)
		if err != nil {
			t.Fatalf("%s: %v", media, err)
		}
		if got := c.Elsewhere(); got != want && (media != "localhost:9" || got != "localhost") { // it may have ::1 too
			t.Errorf("%s: elsewhere is %q, want %q", media, got, want)
		}
		if at, err := c.Media(); want == "" && c.Elsewhere() == "" && (err != nil || at != "127.0.0.1:9") {
			t.Errorf("%s: the media goes to %s, %v", media, at, err)
		}
		_ = c.Close()
	}
}
