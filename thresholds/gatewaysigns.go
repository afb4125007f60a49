package thresholds

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"

	"netready/probe/facts"
)

// How the gateway, one hop away, is compared with the call: whether its pings
// suffer from the call's fault tells whether that is in the LAN or behind it.
const (
	// proof is the likelihood ratio of two explanations from which the likelier one
	// is taken (Wald, Sequential Analysis, 1947, 3.2): one verdict in twenty may be
	// wrong, and the rest is "cannot be told".
	proof = 20
	// badShare is the least share of the call's fault that the pings show where the
	// LAN is to blame, and goodShare the largest where it is not.
	badShare, goodShare = 0.5, 0.1
	// A gateway that leaves a tenth unanswered, and gives nearly the same number of
	// answers every second, limits them and loses nothing: random losses vary with
	// a variance of n p (1-p); that of a limit is a quarter of it at most, and such as chance
	// makes in one call of 200, also where there are few seconds.
	limiterLost    = 0.1
	limiterEven    = 0.25
	limiterChance  = 0.005
	limiterSeconds = 5
	// mostRarely pings a second reach no limit: earlier versions sent one.
	mostRarely = 2
)

// gatewayEvidence is what is known of the gateway while the call was bad.
type gatewayEvidence struct {
	asked, lost, late int
	// Seconds of the call in which the way lost packets (bad) or did not (good), and
	// those of them in which the gateway failed to answer too.
	bad, badBoth, good, goodBoth int
	limits                       int  // the most answers a second that it gives; 0: no limit seen
	often                        bool // it was asked so often that a limit may have suppressed answers
}

// evidence compares the gateway with one way of the call.
func (j *judge) evidence(way Way) gatewayEvidence {
	var e gatewayEvidence
	if g := j.gateway(); g != nil {
		lost := g.Lost - g.NotSent // pings that were not sent say nothing about the LAN
		e.asked, e.lost, e.late = g.Samples+lost, lost, g.Late
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
	side := s.Loop
	switch {
	case way == Up && s.Up != nil:
		side = s.Up
	case way == Down && s.Down != nil:
		side = s.Down
	}
	return side
}

// answerLimit is the most answers a second that the gateway gives, 0 where no
// such limit is seen.
func answerLimit(timeline []facts.Second) int {
	most := 0
	for _, s := range timeline {
		if s.Gateway != nil {
			most = max(most, s.Gateway.Asked)
		}
	}
	var asked, answered, squares, seconds float64
	for _, s := range timeline {
		if g := s.Gateway; g != nil && 10*g.Asked >= 8*most { // the first and the last second are cut short
			n := float64(g.Asked - g.Lost)
			asked, answered, squares, seconds = asked+float64(g.Asked), answered+n, squares+n*n, seconds+1
		}
	}
	if seconds < limiterSeconds || answered == 0 || answered > (1-limiterLost)*asked {
		return 0
	}
	mean, share := answered/seconds, answered/asked
	spread := max(squares-seconds*mean*mean, 0) / (mean * (1 - share)) // chi-squared where it is random
	if spread > limiterEven*seconds || mathext.GammaIncReg((seconds-1)/2, spread/2) > limiterChance {
		return 0
	}
	return int(math.Round(mean))
}

// weigh compares two explanations of what happened to the pings: the call's fault
// is in the LAN, so that they show half of it or more, or it lies behind, and
// they show a tenth of it at most. run is how many packets were lost in a row:
// those prove no more than one lost packet.
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
		return placeUnknown // missing answers say nothing
	}
	p := weigh(e.lost, e.asked, share, run)
	if p == inLAN && e.often && e.bad+e.good == 0 {
		return placeUnknown // a limiter would look the same
	}
	// Few seconds are bad: a gateway that is bad in them only as often as by chance
	// is bad for another reason.
	if p == inLAN && e.good > e.bad && chance(e.badBoth, e.bad, e.badBoth+e.goodBoth, e.bad+e.good) > rarely {
		if e.bad >= acquitting && e.badBoth == 0 {
			return beyondLAN
		}
		return placeUnknown
	}
	if p == beyondLAN && e.badBoth > 0 && chance(e.badBoth, e.bad, e.badBoth+e.goodBoth, e.bad+e.good) <= rarely {
		return placeUnknown // few pings are lost, but those of the bad seconds
	}
	return p
}

const (
	rarely = 0.05 // what is less likely than this is not taken for chance
	// acquitting is the number of bad seconds without a single lost ping that rules
	// out the LAN, however many pings are lost in the good seconds: those are lost
	// for another reason.
	acquitting = 4
)

// chance is the probability that at least so many of the bad seconds are bad for
// the gateway too, if its bad seconds are independent of the call's
// (hypergeometric distribution, Fisher 1935).
func chance(both, bad, gateways, all int) float64 {
	sum := 0.0
	for k := both; k <= min(bad, gateways); k++ {
		if all-bad >= gateways-k {
			sum += math.Exp(choose(bad, k) + choose(all-bad, gateways-k) - choose(all, gateways))
		}
	}
	return min(sum, 1)
}

// choose is the logarithm of the number of ways to draw k of n.
func choose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// placeByGateway says where a figure's fault lies by what the gateway answered.
func (j *judge) placeByGateway(key Key, way Way) place {
	g := j.gateway()
	d := j.directionOrLoop(way)
	if key == MOS {
		key = j.mosBy(d) // loss and a MOS that is low by loss have one place
	}
	isSlow := *g.AvgMS > badGatewayMS
	switch {
	case isSlow && j.delaysTell(key, g):
		return inLAN
	case key == RTT && isSlow, key != RTT && d == nil:
		return placeUnknown
	case key == RTT:
		return beyondLAN
	case key == Jitter, key == Order: // who overtakes was late or early by a packet time or more
		return j.ofJitter(g, d.JitterMS)
	case key == Discards:
		return j.ofDiscards(g, way, portion(j.discardsOf(d)), runOf(d))
	case key == MOS: // loss or discards, and delay
		return j.ofBoth(way)
	}
	e := j.evidence(way)
	p := e.ofLoss(portion(lossOf(d)), runOf(d))
	if p == inLAN && j.isFarMore(e.lost, e.asked) {
		return placeUnknown
	}
	return p
}

// ofBoth is the place of loss, or of discards where these are more, and of the round
// trip, where it is the same.
func (j *judge) ofBoth(way Way) place {
	key, d := Loss, j.directionOrLoop(way)
	if portion(j.discardsOf(d)) > portion(lossOf(d)) {
		key = Discards
	}
	if p := j.placeByGateway(key, way); p == j.placeByGateway(RTT, way) {
		return p
	}
	return placeUnknown
}

// ofDiscards places a share of late packets by the pings that were late.
func (j *judge) ofDiscards(g *facts.Ping, way Way, discards, run float64) place {
	e := j.evidence(way)
	if g.JitterMS == nil || e.limits > 0 { // nobody counted the late ones, or not all came
		return placeUnknown
	}
	switch p := weigh(e.late, g.Samples, discards, run); {
	case p == inLAN && j.isSlowByItself(g):
		return placeUnknown
	case p == inLAN:
		return j.lateTogether(g, way)
	case p == beyondLAN && weigh(e.late+e.lost, e.asked, discards, run) != beyondLAN:
		return placeUnknown // an answer that is very late counts as lost
	default:
		return p
	}
}

// lateMS is by how much the mean delay of a second is above the smallest where it
// has packets that are late.
const lateMS = 10

// lateTogether is inLAN where the gateway was late in the seconds in which the call
// was, or nothing tells. Few seconds are bad: a gateway that is late in others is
// late for a reason of its own.
func (j *judge) lateTogether(g *facts.Ping, way Way) place {
	var bad, badBoth, gateways, all int
	for _, s := range j.result.Voice.Timeline {
		side := delaySide(s, way)
		if side == nil || s.Gateway == nil || s.Gateway.AvgMS == nil || g.MinMS == nil {
			continue
		}
		isBad, isBoth := lateIn(s, way) > 0, *s.Gateway.AvgMS-*g.MinMS >= lateMS
		all++
		if isBad {
			bad++
		}
		if isBoth {
			gateways++
		}
		if isBad && isBoth {
			badBoth++
		}
	}
	switch {
	case bad == 0, all-bad <= bad, chance(badBoth, bad, gateways, all) <= rarely:
		return inLAN
	case bad >= acquitting && badBoth == 0:
		return beyondLAN
	}
	return placeUnknown
}

// slower is how many times later a gateway has to answer than the far end to be slow
// by itself: on a slow LAN the two are alike.
const slower = 1.5

// isSlowByItself says that the gateway's mean answer is later than nearly all
// answers of the far end behind it: its answers wait within it, and the call does
// not. Means alone do not tell: checks and pings meet a short outage at random.
func (j *judge) isSlowByItself(g *facts.Ping) bool {
	t := j.result.Voice.RTT
	switch {
	case t == nil || t.AvgMS == nil:
		return false
	case t.P95MS == nil:
		return *g.AvgMS > 2*slower**t.AvgMS
	}
	return *g.AvgMS > slower*max(*t.P95MS, *t.AvgMS)
}

// isFarMore says that somebody left far more questions unanswered than the call
// lost packets on both ways: questions cross the way as the call does, so the
// rest is the doing of whoever answers.
func (j *judge) isFarMore(lost, asked int) bool {
	kept := (1 - portion(lossOf(j.directionOrLoop(Up)))) * (1 - portion(lossOf(j.directionOrLoop(Down))))
	most := 2 * (1 - kept) * float64(asked)
	return float64(lost) > most+3*math.Sqrt(most)+3
}

// delaysTell says whether a gateway that answers so slowly explains a figure: it
// does not explain loss and order, a long round trip only where its own answers
// take half of that, and nothing where the far end answers sooner.
func (j *judge) delaysTell(key Key, g *facts.Ping) bool {
	switch key {
	case Jitter, Discards:
		return !j.isSlowByItself(g)
	case RTT:
		t := j.result.Voice.RTT
		return t != nil && t.AvgMS != nil && *g.AvgMS >= badShare**t.AvgMS && !j.isSlowByItself(g)
	case Loss, Order, MOS:
	}
	return false
}

func portion(percent *float64) float64 {
	if !isKnown(percent) {
		return 0
	}
	return *percent / 100
}

// ofJitter places jitter: a LAN that makes it makes the pings uneven as well, but
// not far more.
func (j *judge) ofJitter(g *facts.Ping, jitter *float64) place {
	if !isKnown(jitter) || g.Samples < enoughPings {
		return placeUnknown
	}
	most := 2 * *g.AvgMS // the largest mean difference of positive round trips with this mean
	if g.JitterMS != nil {
		most = *g.JitterMS
	}
	isOwn := j.isSlowByItself(g) || most > farMoreJitter**jitter+badGatewayMS
	switch {
	case g.JitterMS != nil && most >= *jitter/2 && isOwn:
		return placeUnknown
	case g.JitterMS != nil && most >= *jitter/2:
		return inLAN
	case most <= *jitter/5:
		return beyondLAN
	}
	return placeUnknown
}

// farMoreJitter is how many times the call's jitter that of the pings may be: they
// cross the LAN twice, and with more time in between.
const farMoreJitter = 4

// gatewayWords say how the gateway answered, beside the call where that is known.
func (j *judge) gatewayWords(way Way) string {
	g, e := j.gateway(), j.evidence(way)
	switch {
	case *g.AvgMS > badGatewayMS:
		return fmt.Sprintf("pings took %s on average, and %d of %d were lost", Figure(*g.AvgMS, "ms"), e.lost, e.asked)
	case e.limits > 0:
		return fmt.Sprintf("it limits its answers to %d a second", e.limits)
	}
	words := fmt.Sprintf("%d of %d pings were lost", e.lost, e.asked)
	switch {
	case e.badBoth > 0:
		words += fmt.Sprintf(", in %d of the %d seconds in which the call lost packets", e.badBoth, e.bad)
	case e.bad > 0 && e.lost > 0:
		words += fmt.Sprintf(", none of them in the %d seconds in which the call lost packets", e.bad)
	}
	if e.lost == 0 && g.JitterMS != nil {
		words += fmt.Sprintf(" and they varied by %s", Figure(*g.JitterMS, "ms"))
	}
	return words
}

// pointsTo is the sign that the gateway's pings point to a place.
func pointsTo(where place) sign {
	return func(m matter) (string, float64) {
		if m.isSpoiltFigure() || m.gateway() == nil || m.where(m.key, m.way) != where {
			return "", 0
		}
		return "", 1
	}
}

// isSpoiltFigure says that a busy machine made the figure unreliable: it is no
// evidence against anybody else.
func (m matter) isSpoiltFigure() bool { return m.finding >= 0 && m.findings[m.finding].Level != Fail }

// gatewayIsBad says in words how badly the gateway answered.
func gatewayIsBad(m matter) (string, float64) {
	if m.isWifi() {
		return fmt.Sprintf("the default gateway, one hop away over Wi-Fi, answers badly too (%s); test again by cable to tell the two apart", m.gatewayWords(m.way)), 1
	}
	return fmt.Sprintf("the default gateway, one hop away, answers badly too (%s)", m.gatewayWords(m.way)), 1
}

// gatewayIsGood says in words how well the gateway answered.
func gatewayIsGood(m matter) (string, float64) {
	return fmt.Sprintf("the default gateway answers well while the call is bad%s (%s)", m.oneWay(), m.gatewayWords(m.way)), 1
}

// gatewayIsFine is the sign that the gateway lost hardly any pings while the call
// lost packets.
func gatewayIsFine(m matter) (string, float64) {
	if m.gateway() == nil || m.placeByGateway(m.key, m.way) != beyondLAN {
		return "", 0
	}
	g := m.gateway()
	return fmt.Sprintf("of %d pings the gateway lost %d", g.Samples+g.Lost, g.Lost), 1
}

// whyNobody says why the place cannot be told, and which test would tell.
func whyNobody(m matter) (string, float64) {
	if m.isSpoiltFigure() || m.key == RTT && m.gateway() != nil && !m.isSlowByItself(m.gateway()) {
		return "", 0 // of a long way its advice says all
	}
	return m.whyUntold(m.way) + ". " + m.wouldTell(), 1
}

// oneWay names the way where all failures are on one way.
func (j *judge) oneWay() string {
	for _, way := range []Way{Up, Down} {
		other := false
		for _, f := range j.findings {
			if _, w, ok := measureOf(f.What); ok && f.Level == Fail && w != way {
				other = true
			}
		}
		if !other {
			return " in the direction " + string(way) + " only"
		}
	}
	return ""
}
