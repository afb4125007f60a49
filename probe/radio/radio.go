// Package radio watches the Wi-Fi of this machine's own adapter during a call.
package radio

import (
	"context"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/stamp"
)

// sampleEvery is how often the adapter is asked: a move to another access point
// is known to a second.
const sampleEvery = time.Second

// A reading is what the adapter says at one moment. Zero figures are not told.
type reading struct {
	at             time.Duration
	ssid           string
	bssid          string // "": not connected
	mhz            int
	channel        int // where the system tells it instead of the frequency
	dbm            int
	txMbps, rxMbps float64
	counted        bool  // the adapter tells the rest
	sent, retries  int64 // frames since it joined this access point
	failed         int64
	beaconsLost    int64
}

// A Watch runs from Start to Stop; nil where there is nothing to watch.
type Watch struct {
	stop     context.CancelFunc
	over     chan struct{}
	readings []reading
}

// Start begins to watch the interface of that name. It is nil if that is not Wi-Fi or the
// system tells nothing about it.
func Start(ctx context.Context, name string) *Watch {
	a := open(name)
	if a == nil {
		return nil
	}
	ctx, stop := context.WithCancel(ctx)
	w := &Watch{stop: stop, over: make(chan struct{})}
	go func() {
		defer close(w.over)
		defer a.close()
		w.run(ctx, a)
	}()
	return w
}

func (w *Watch) run(ctx context.Context, a *adapter) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		if r, err := a.read(); err == nil {
			r.at = stamp.Now()
			w.readings = append(w.readings, r)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Stop ends the watch. The function that it returns summarises the readings of a call from
// started to ended; nil if there are none.
func (w *Watch) Stop() func(started, ended time.Duration) *facts.WifiLink {
	if w == nil {
		return func(_, _ time.Duration) *facts.WifiLink { return nil }
	}
	w.stop()
	<-w.over
	return func(started, ended time.Duration) *facts.WifiLink { return summary(w.readings, started, ended) }
}

// summary is the radio from one moment to another.
func summary(all []reading, started, ended time.Duration) *facts.WifiLink {
	var used []reading
	for _, r := range all {
		if r.at >= started-sampleEvery && r.at <= ended+sampleEvery {
			used = append(used, r)
		}
	}
	if len(used) == 0 {
		return nil
	}
	l := &facts.WifiLink{Roams: []facts.Roam{}}
	last := used[len(used)-1]
	l.SSID, l.BSSID = last.ssid, last.bssid
	for _, r := range used { // the last values that are known
		if r.mhz > 0 || r.channel > 0 {
			band, channel, mhz := place(r.mhz, r.channel)
			l.Band, l.Channel, l.MHz = band, channel, mhz
		}
		if r.txMbps > 0 {
			l.TxMbps = new(facts.Round(r.txMbps))
		}
		if r.rxMbps > 0 {
			l.RxMbps = new(facts.Round(r.rxMbps))
		}
	}
	signal(l, used)
	frames(l, used)
	for i := 1; i < len(used); i++ {
		if a, b := used[i-1].bssid, used[i].bssid; a != b {
			l.Roams = append(l.Roams, facts.Roam{AtS: facts.Round((used[i].at - started).Seconds()), From: a, To: b})
		}
	}
	if l.Channel == nil || l.SignalDBM == nil || l.TxMbps == nil || l.RxMbps == nil || l.RetryPercent == nil || l.MHz == nil {
		l.Reason = "the adapter's driver does not tell all of it, or it was not connected"
	}
	return l
}

// signal sets the mean and the lowest signal.
func signal(l *facts.WifiLink, used []reading) {
	sum, n, least := 0, 0, 0
	for _, r := range used {
		if r.dbm < 0 {
			sum, n, least = sum+r.dbm, n+1, min(least, r.dbm)
		}
	}
	if n > 0 {
		l.SignalDBM, l.SignalMinDBM = new(facts.Round(float64(sum)/float64(n))), new(float64(least))
	}
}

// frames adds the counters up, which begin at 0 with every access point.
func frames(l *facts.WifiLink, used []reading) {
	var sent, retries, failed, beacons int64
	told := false
	for i := 1; i < len(used); i++ {
		a, b := used[i-1], used[i]
		if !a.counted || !b.counted || a.bssid != b.bssid || b.sent < a.sent {
			continue
		}
		told = true
		sent, retries = sent+b.sent-a.sent, retries+max(0, b.retries-a.retries)
		failed, beacons = failed+max(0, b.failed-a.failed), beacons+max(0, b.beaconsLost-a.beaconsLost)
	}
	if !told {
		return
	}
	l.Failed, l.BeaconsLost = &failed, &beacons
	if sent+retries > 0 {
		l.RetryPercent = new(facts.Round(100 * float64(retries) / float64(sent+retries)))
	}
}

// place is the band and channel of a frequency in MHz (IEEE 802.11 17.3.8.4), or of a channel
// number alone: 2.4 and 5 GHz have different numbers; 6 GHz has the same numbers as both.
func place(mhz, channel int) (band string, number *int, frequency *float64) {
	if mhz > 0 {
		frequency = new(float64(mhz))
	}
	switch {
	case mhz == 2484:
		band, channel = "2.4 GHz", 14
	case mhz >= 2400 && mhz < 2500:
		band, channel = "2.4 GHz", (mhz-2407)/5
	case mhz >= 5925 && mhz < 7130:
		band, channel = "6 GHz", (mhz-5950)/5
	case mhz >= 4900 && mhz < 5925:
		band, channel = "5 GHz", (mhz-5000)/5
	case mhz == 0 && channel > 0 && channel <= 14:
		band = "2.4 GHz"
	case mhz == 0 && channel >= 32 && channel <= 177:
		band = "5 GHz"
	}
	if channel > 0 {
		number = &channel
	}
	return band, number, frequency
}
