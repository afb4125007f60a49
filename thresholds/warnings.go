package thresholds

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"netready/probe/facts"
)

const (
	// mostShifts is how many shifts of a path are reported one by one.
	mostShifts = 3
	// mostDuplicates is the share of packets, in percent, that may arrive twice
	// without a warning: a link that sometimes repeats packets does no harm.
	mostDuplicates = 1
)

// warnings report what breaks no limit but is worth knowing.
func (j *judge) warnings(way Way, d *facts.Direction) {
	j.unevenJitter(way, d)
	j.dropped(way, d)
	j.duplicates(way, d)
	j.shifts(way, d)
	j.mark(way, d)
}

func (j *judge) unevenJitter(way Way, d *facts.Direction) {
	bound := j.limits.JitterMS.Below
	if bound == nil || d.JitterMS == nil || d.JitterMaxMS == nil || *d.JitterMS >= *bound || *d.JitterMaxMS < *bound {
		return
	}
	j.add(Finding{
		Level: Warn, What: WhatJitterMax + string(way), Got: d.JitterMaxMS, Limit: bound,
		Text:   fmt.Sprintf("Jitter %s passes on average, but rose to %s", way, Figure(*d.JitterMaxMS, "ms")),
		Advice: "Run it at the busiest hour, and longer: short bursts of other traffic disturb calls.",
	})
}

// dropped reports packets that the receiver lost, and not the path.
func (j *judge) dropped(way Way, d *facts.Direction) {
	if d.SocketDropped == 0 {
		return
	}
	who, advice := "The responder", "It was too busy: run it again at another time, or with fewer --calls."
	if way == Down {
		who, advice = "This computer", "It was too busy: close other programs and run it again, or with fewer --calls."
	}
	j.add(Finding{
		Level: Warn, What: WhatSocketDropped + string(way), Got: new(float64(d.SocketDropped)),
		Text:   fmt.Sprintf("%s dropped %d packets that had arrived, because its buffer was full: this loss is not the network's", who, d.SocketDropped),
		Advice: advice,
	})
}

// duplicates warns of packets that arrived more than once.
func (j *judge) duplicates(way Way, d *facts.Direction) {
	if d.Received == 0 {
		return
	}
	share := duplicatesPercent(d)
	if share <= mostDuplicates {
		return
	}
	j.add(Finding{
		Level: Warn, What: WhatDuplicates + string(way), Got: &share, Limit: new(float64(mostDuplicates)),
		Text: fmt.Sprintf("%s of the packets %s arrived more than once (%d copies)", Figure(share, "%"), way, d.Duplicates),
		Advice: "Something sends packets twice: a loop in the network, a mirrored port, or two links used at once. " +
			"A capture at the router (netready analyze) shows whether the copies come from your own network.",
	})
}

// duplicatesPercent is the share of copies among the packets that arrived.
func duplicatesPercent(d *facts.Direction) float64 {
	if d == nil || d.Received == 0 {
		return 0
	}
	return math.Round(1000*percent*float64(d.Duplicates)/float64(d.Received)) / 1000
}

// duplicatesAt is the sign that packets arrive twice, and that the gateway's
// answers tell on which side of it the copies are made.
func duplicatesAt(where place) sign {
	return func(m matter) (string, float64) {
		g, share := m.gateway(), duplicatesPercent(direction(m.result.Voice, m.way))
		if share > mostDuplicates && m.isDirect() && where == inLAN {
			return fmt.Sprintf("%s of the packets %s arrived more than once, and the far end is in the same network", Figure(share, "%"), m.way), 1
		}
		if share <= mostDuplicates || g == nil || g.Duplicates == nil {
			return "", 0
		}
		if weigh(*g.Duplicates, g.Samples, min(share/percent, 1), 1) != where {
			return "", 0
		}
		return fmt.Sprintf("%s of the packets %s arrived more than once, and of %d answers of the gateway %d did", Figure(share, "%"), m.way, g.Samples, *g.Duplicates), 1
	}
}

func (j *judge) shifts(way Way, d *facts.Direction) {
	for i, s := range d.Shifts {
		if i == mostShifts {
			j.add(Finding{Level: Warn, What: WhatShift + string(way), Text: fmt.Sprintf("The path %s changed its delay %d times more", way, len(d.Shifts)-i)})
			return
		}
		longer := "longer"
		if s.ByMS < 0 {
			longer = "shorter"
		}
		j.add(Finding{
			Level: Warn, What: WhatShift + string(way), Got: &s.ByMS,
			Text:   fmt.Sprintf("%s into the call the path %s became %s %s and stayed so", Figure(s.AtS, "s"), way, Figure(math.Abs(s.ByMS), "ms"), longer),
			Advice: "Ask " + j.supplier() + " about a change of route.",
		})
	}
}

// mark compares the DSCP that was asked for with what arrived.
func (j *judge) mark(way Way, d *facts.Direction) {
	if d.DSCPAsked == nil || d.DSCPReceived == nil || *d.DSCPAsked == *d.DSCPReceived {
		return
	}
	if way == Down && d.DSCPNotSet != "" {
		return // the responder did not set it: no router cleared it, and nobody here can correct it
	}
	f := Finding{
		Level: Warn, What: WhatDSCP + string(way), Got: new(float64(*d.DSCPReceived)), Limit: new(float64(*d.DSCPAsked)),
		Text:   fmt.Sprintf("Packets %s were to be marked DSCP %d and arrived with %d", way, *d.DSCPAsked, *d.DSCPReceived),
		Advice: "A router on the path cleared the mark, so voice has no priority there: ask the network team, and then the provider, to keep it.",
	}
	switch {
	case cmp.Or(d.DSCPNotSet, d.DSCPReason) != "":
		f.Text += ": " + cmp.Or(d.DSCPNotSet, d.DSCPReason)
		f.Advice = "It is not known whether the mark was set at all: correct that first."
	case way == Up && strings.HasPrefix(j.result.Machine.OS, "windows"):
		f.Advice = "On Windows a QoS policy (Group Policy) has to set the mark: without one packets leave unmarked. With one, a router on the path clears the mark."
	}
	j.add(f)
}
