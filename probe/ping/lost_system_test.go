//go:build system && linux

package ping

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/netlab"
)

// TestMain plays the pinging client where the binary was started anew inside a
// namespace.
func TestMain(m *testing.M) {
	if os.Getenv(netlab.RoleVar) == "" {
		os.Exit(m.Run())
	}
	var a asked
	if err := json.NewDecoder(os.Stdin).Decode(&a); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if a.For > 0 {
		time.AfterFunc(a.For, stop)
	}
	_ = json.NewEncoder(os.Stdout).Encode(Run(ctx, a.Host, a.Settings))
}

// asked is a series, ended after a time if that is given.
type asked struct {
	Host     string        `json:"host"`
	For      time.Duration `json:"for"`
	Settings Settings      `json:"settings"`
}

// The n-th question of 13 vanishes on the way, or cannot be sent: 13 questions,
// one lost, whichever it is and however the series ends.
func TestOneLostPingIsOneLost(t *testing.T) {
	lab := netlab.New(t)
	const drop = "table ip t { chain c { type filter hook %s priority 0; icmp type echo-request numgen inc mod 13 %d drop; }; }"
	const times = 13
	interval := 40 * time.Millisecond
	for _, test := range []struct {
		name, ns, hook string
		nth            int
		ended          bool // by its context, as at the end of a call
		words          string
	}{
		{"first on the way", "f", "forward", 0, false, ""},
		{"middle on the way", "f", "forward", 6, true, ""},
		{"last on the way", "f", "forward", 12, true, ""},
		{"first not sent", "c", "output", 0, false, "could not be sent"},
		{"middle not sent", "c", "output", 7, true, "could not be sent"},
		{"last not sent", "c", "output", 12, false, "could not be sent"},
	} {
		lab.In(t, "c", "nft", "flush", "ruleset")
		lab.In(t, "f", "nft", "flush", "ruleset")
		lab.In(t, test.ns, "nft", fmt.Sprintf(drop, test.hook, test.nth))
		a := asked{Host: netlab.Server, Settings: Settings{Interval: interval, Timeout: 400 * time.Millisecond}}
		if test.ended {
			a.For = (times-1)*interval + interval/2
		} else {
			a.Settings.Count = times
		}
		input, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var got facts.Ping
		if err := json.Unmarshal(lab.Ask(t, "c", "client", input), &got); err != nil {
			t.Fatal(err)
		}
		// A machine that has much to do may ask fewer times before the end comes.
		if all := got.Samples + got.Lost; got.Lost > 1 || all > times || all == times && got.Lost != 1 || !test.ended && all != times {
			t.Errorf("%s: %d answers, %d lost (%s), want %d and 1", test.name, got.Samples, got.Lost, got.Reason, times-1)
		}
		if test.words != "" && got.Lost > 0 && !strings.Contains(got.Reason, "1 of") || (test.words == "") != (got.Reason == "") {
			t.Errorf("%s: reason %q, want %q in it", test.name, got.Reason, test.words)
		}
	}
}

// A route that forbids the address made pro-bing try for ever.
func TestForbiddenRouteEndsAtOnce(t *testing.T) {
	lab := netlab.New(t)
	lab.In(t, "c", "ip", "route", "add", "prohibit", netlab.Server)
	input, err := json.Marshal(asked{Host: netlab.Server, Settings: Settings{Count: 2, Interval: 10 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	var got facts.Ping
	if err := json.Unmarshal(lab.Ask(t, "c", "client", input), &got); err != nil {
		t.Fatal(err)
	}
	if got.Samples != 0 || got.Reason == "" {
		t.Errorf("got %+v, want a reason", got)
	}
}
