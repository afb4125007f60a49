package path

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"netready/internal/seed"
	"netready/probe/facts"
	"netready/probe/ping"
)

// A hop's echo replies that a limiter cut were reported as if it gave them all.
func TestLimitOfTheChosenSeriesIsTold(t *testing.T) {
	const length = 30 * time.Second
	all := func(time.Duration) bool { return true }
	none := func(time.Duration) bool { return false }
	random := rand.New(rand.NewPCG(seed.Of(t), 3))
	for name, c := range map[string]struct {
		own, echo func(time.Duration) bool
		method    string
		isLimited bool
	}{
		"both whole":                     {all, all, facts.MethodUDP, false},
		"its own kind limited":           {bucket(1, 6), all, facts.MethodEcho, false},
		"echo limited":                   {all, bucket(1, 6), facts.MethodUDP, false},
		"silent, and echo limited":       {none, bucket(1, 6), facts.MethodEcho, true},
		"both limited, echo more often":  {bucket(1, 6), bucket(3, 6), facts.MethodEcho, true},
		"both limited, echo more rarely": {bucket(2, 6), bucket(1, 6), facts.MethodUDP, true},
	} {
		h := &hop{ttl: 2, from: netip.MustParseAddr("192.0.2.1"), asked: seriesOf(random, askEvery, length, c.own)}
		w := &Watch{method: facts.MethodUDP, echoOf: "192.0.2.1"}
		for _, q := range seriesOf(random, echoEvery, length, c.echo) {
			w.echo = append(w.echo, ping.Question{Sent: q.sent, Trip: q.trip})
		}
		method, series, limit := w.chosen(h, h, length+settled)
		if method != c.method || (limit > 0) != c.isLimited || len(series) == 0 {
			t.Errorf("%s: %d questions by %s, limit %v; want %s, limited %v", name, len(series), method, limit, c.method, c.isLimited)
		}
	}
}
