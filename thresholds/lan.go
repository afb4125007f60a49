package thresholds

import (
	"fmt"
	"math"

	"netready/probe/facts"
)

// How the gateway, one hop away, is set against the call: what it suffered of
// the call's own fault tells whether that is in the LAN or behind it.
const (
	// proof is how many times likelier one explanation must make what was seen
	// than the other before it is taken (Wald, Sequential Analysis, 1947, 3.2):
	// one verdict in twenty may be wrong, and the rest is "cannot be told".
	proof = 20
	// badShare is what a LAN that is to blame suffers at least of a fault, and
	// goodShare what one that is not suffers at most.
	badShare, goodShare = 0.5, 0.1
	// A gateway that leaves a tenth unanswered, and gives nearly the same number of
	// answers every second, limits them and loses nothing: losses at random vary
	// with a variance of n p (1-p), a limiter with next to none.
	limiterLost    = 0.1
	limiterEven    = 0.25
	limiterSeconds = 5
	// mostRarely pings a second run into no limiter: earlier versions sent one.
	mostRarely = 2
)

// gatewayEvidence is what is known of the gateway while the call was bad.
type gatewayEvidence struct {
	asked, lost, late int
	// Seconds of the call in which the way lost packets or did not, and those of
	// them in which the gateway failed to answer too.
	bad, badBoth, good, goodBoth int
	limits                       int  // so many answers a second are all that it gives; 0: no limit seen
	often                        bool // it was asked so often that a limiter may have cut its answers
}

// evidence lays the gateway beside one way of the call.
func (j *judge) evidence(way Way) gatewayEvidence {
	var e gatewayEvidence
	if g := j.gateway(); g != nil {
		e.asked, e.lost, e.late = g.Samples+g.Lost, g.Lost, g.Late
		lasted := j.result.Voice.DurationS
		e.often = lasted > 0 && float64(e.asked) > mostRarely*lasted
	}
	e.limits = answerLimit(j.result.Voice.Timeline)
	for _, s := range j.result.Voice.Timeline {
		side := sideOf(s, way)
		if s.Gateway == nil || side == nil || side.LossPercent == nil {
			continue
		}
		both := 0
		if s.Gateway.Lost > 0 {
			both = 1
		}
		if *side.LossPercent > 0 {
			e.bad, e.badBoth = e.bad+1, e.badBoth+both
		} else {
			e.good, e.goodBoth = e.good+1, e.goodBoth+both
		}
	}
	return e
}

// sideOf is that way in a second, or both together where that is all there is.
func sideOf(s facts.Second, way Way) *facts.SecondSide {
	side := s.Up
	if way == Down {
		side = s.Down
	}
	if side == nil {
		return s.Loop
	}
	return side
}

// answerLimit is how many answers a second are all that the gateway gives, 0
// where no such limit shows.
func answerLimit(timeline []facts.Second) int {
	most := 0
	for _, s := range timeline {
		if s.Gateway != nil {
			most = max(most, s.Gateway.Asked)
		}
	}
	var asked, answered, squares, seconds float64
	for _, s := range timeline {
		if g := s.Gateway; g != nil && 10*g.Asked >= 8*most { // the first and the last second are cut
			n := float64(g.Asked - g.Lost)
			asked, answered, squares, seconds = asked+float64(g.Asked), answered+n, squares+n*n, seconds+1
		}
	}
	if seconds < limiterSeconds || answered == 0 || answered > (1-limiterLost)*asked {
		return 0
	}
	mean, share := answered/seconds, answered/asked
	variance := squares/seconds - mean*mean
	if variance > limiterEven*asked/seconds*share*(1-share) {
		return 0
	}
	return int(math.Round(mean))
}

// weigh compares two explanations of what became of the pings: the LAN made the
// call's fault, so that they suffered half of it or more, or the fault lies
// behind, and they suffered a tenth of it at most. run is how many packets were
// lost in a row: they prove no more than one.
func weigh(bad, asked int, share, run float64) place {
	if asked == 0 {
		return placeUnknown
	}
	share = min(max(share, 0.002), 0.9)
	seen := float64(bad) / float64(asked)
	guilty := min(max(seen, share*badShare), 0.95)
	innocent := min(max(seen, share*goodShare/10), share*goodShare)
	odds := float64(bad)*math.Log(guilty/innocent) + float64(asked-bad)*math.Log((1-guilty)/(1-innocent))
	switch odds /= max(run, 1); {
	case odds >= math.Log(proof):
		return inLAN
	case odds <= -math.Log(proof):
		return beyondLAN
	}
	return placeUnknown
}

// ofLoss places a share of lost packets.
func (e gatewayEvidence) ofLoss(share, run float64) place {
	if e.limits > 0 {
		return placeUnknown // its silence tells nothing
	}
	p := weigh(e.lost, e.asked, share, run)
	if p == inLAN && e.often && e.bad+e.good == 0 {
		return placeUnknown // a limiter would look the same
	}
	if p == inLAN && e.bad >= 2 && e.good > e.bad {
		// Few seconds are bad: a gateway that is no worse in them is bad for a
		// reason of its own.
		if float64(e.badBoth)/float64(e.bad) < 2*float64(e.goodBoth)/float64(e.good) {
			return placeUnknown
		}
	}
	return p
}

// besideCall says where a figure's fault lies by what the gateway answered.
func (j *judge) besideCall(key Key, way Way) place {
	g, e := j.gateway(), j.evidence(way)
	d := direction(j.result.Voice, way)
	if d == nil {
		d = j.result.Voice.Loop
	}
	switch {
	case *g.AvgMS > badGatewayMS:
		return inLAN
	case key == RTT:
		return beyondLAN
	case d == nil || key == Order:
		return placeUnknown
	case key == Jitter:
		return ofJitter(g, d.JitterMS)
	}
	run := 1.0
	if d.Burst.BurstR != nil {
		run = *d.Burst.BurstR
	}
	loss, discards := portion(d.LossPercent), portion(d.DiscardPercent)
	if key == Discards || key == MOS && discards > loss {
		if g.JitterMS == nil || e.limits > 0 { // nobody counted the late ones, or not all came
			return placeUnknown
		}
		return weigh(e.late, g.Samples, discards, run)
	}
	return e.ofLoss(loss, run)
}

func portion(percent *float64) float64 {
	if !isKnown(percent) {
		return 0
	}
	return *percent / 100
}

// ofJitter places jitter: a LAN that makes it makes the pings uneven as well.
func ofJitter(g *facts.Ping, jitter *float64) place {
	if !isKnown(jitter) || g.Samples < enoughPings {
		return placeUnknown
	}
	most := 2 * *g.AvgMS // of trips above 0 with this mean
	if g.JitterMS != nil {
		most = *g.JitterMS
	}
	switch {
	case g.JitterMS != nil && most >= *jitter/2:
		return inLAN
	case most <= *jitter/5:
		return beyondLAN
	}
	return placeUnknown
}

// gatewayWords say how the gateway answered, beside the call where that is known.
func (j *judge) gatewayWords(way Way) string {
	g, e := j.gateway(), j.evidence(way)
	switch {
	case *g.AvgMS > badGatewayMS:
		return fmt.Sprintf("pings took %s on average", Figure(*g.AvgMS, "ms"))
	case e.limits > 0:
		return fmt.Sprintf("it limits its answers to %d a second", e.limits)
	}
	words := fmt.Sprintf("%d of %d pings were lost", g.Lost, g.Samples+g.Lost)
	if e.badBoth > 0 {
		words += fmt.Sprintf(", in %d of the %d seconds in which the call lost packets", e.badBoth, e.bad)
	}
	if g.Lost == 0 && g.JitterMS != nil {
		words += fmt.Sprintf(" and they varied by %s", Figure(*g.JitterMS, "ms"))
	}
	return words
}
