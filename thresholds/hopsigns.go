package thresholds

import (
	"fmt"
	"net/netip"

	"netready/probe/facts"
)

// hop is the first router behind the gateway that answered during the whole call,
// nil where none did. isNext says that it is the next router: then only the
// access line lies between the two.
func (j *judge) hop() (hop *facts.Hop, isNext bool) {
	before := 0
	for i, h := range j.result.Path.Hops {
		switch h.Role {
		case facts.HopGateway:
			before = h.TTL
		case facts.HopBeyond:
			if isAsked(h) {
				return &j.result.Path.Hops[i], before > 0 && h.TTL == before+1
			}
		}
	}
	return nil, false
}

// beyondGateway tells the access line from what lies behind it, by the first
// router at the far end of the line: beyondLAN where that does not tell.
func (j *judge) beyondGateway(key Key, way Way) place {
	hop, isNext := j.hop()
	if hop == nil || j.directionOrLoop(way) == nil && key != RTT {
		return beyondLAN
	}
	isOwn := j.isPrivateFar() // then whose router it is does not matter
	switch p := j.ofHop(hop, key, way); {
	case !isOwn && isPrivate(hop) && p != inLAN && j.isPublicHopGood(hop, key, way):
		return pastLine
	case !isOwn && isPrivate(hop):
		return placeUnknown // what follows may be the user's own network, too
	case p == inLAN && isNext:
		return onLine
	case p == beyondLAN:
		return pastLine
	}
	return beyondLAN
}

// ofHop says whether a figure's fault lies before a router behind the gateway (inLAN) or
// behind it (beyondLAN), by what that router answered.
func (j *judge) ofHop(hop *facts.Hop, key Key, way Way) place {
	d := j.directionOrLoop(way)
	if d == nil && key != RTT {
		return placeUnknown
	}
	if key == MOS {
		key = j.mosBy(d)
	}
	switch key {
	case RTT:
		return j.ofDelay(hop)
	case Jitter:
		return hopJitter(hop, d.JitterMS)
	case Discards:
		return j.hopLate(hop, way, portion(j.discardsOf(d)), runOf(d))
	case Loss:
		return j.hopLoss(hop, way, portion(lossOf(d)), runOf(d))
	case Order, MOS:
	}
	return placeUnknown
}

// isPublicHopGood says that the first router with a public address that answered during
// the whole call, behind a private one, does not show the fault: then it lies behind all
// that can be the user's own.
func (j *judge) isPublicHopGood(behind *facts.Hop, key Key, way Way) bool {
	public := j.publicHop(behind)
	return public != nil && j.ofHop(public, key, way) == beyondLAN
}

// publicHop is the first router with a public address behind another one that answered
// during the whole call, nil where there is none.
func (j *judge) publicHop(behind *facts.Hop) *facts.Hop {
	for i, h := range j.result.Path.Hops {
		if h.TTL > behind.TTL && h.Role != facts.HopFarEnd && isAsked(h) && !isPrivate(&h) {
			return &j.result.Path.Hops[i]
		}
	}
	return nil
}

// isLANAcquitted says that the first router behind the gateway, which is asked through the
// same LAN, does not show the fault: a gateway that does is slow to answer, not to forward.
func (j *judge) isLANAcquitted(key Key, way Way) bool {
	hop, _ := j.hop()
	return hop != nil && j.ofHop(hop, key, way) == beyondLAN
}

// isAsked says that a router was asked during the whole call and answered often enough.
func isAsked(h facts.Hop) bool {
	return h.Method != "" && h.Answered >= enoughPings && h.AvgMS != nil && h.MinMS != nil
}

// isPrivate says that a router's address does not tell whose router it is: both
// companies and providers use private addresses (RFC 1918).
func isPrivate(hop *facts.Hop) bool {
	a, err := netip.ParseAddr(hop.Address)
	return err == nil && a.IsPrivate() || hop.Scope == facts.ScopePrivate
}

// isCarriers says that a router's address is of a provider that translates addresses (CGNAT).
func isCarriers(hop *facts.Hop) bool { return isShared(hop.Address) || hop.Scope == facts.ScopeShared }

// isShared says that an address, with a port or without, lies between a provider's NAT and its
// customers.
func isShared(text string) bool {
	a, err := netip.ParseAddr(text)
	if err != nil {
		p, _ := netip.ParseAddrPort(text)
		a = p.Addr()
	}
	return facts.ScopeOf(a) == facts.ScopeShared
}

// carrierWords say by which address the provider translates addresses too, "" where none
// shows it. A tunnel may use such addresses for itself.
func (j *judge) carrierWords() string {
	i := j.result.Machine.Interface
	if i.Kind == facts.VPN {
		return ""
	}
	for _, h := range j.result.Path.Hops {
		if isCarriers(&h) && h.Role != facts.HopFarEnd {
			return fmt.Sprintf("router %d on the path%s has an address of a provider's own NAT (100.64.0.0/10)", h.TTL, inParentheses(h.Address))
		}
	}
	if isShared(i.Address) || isShared(i.Gateway) {
		return "this PC is connected with an address of a provider's own NAT (100.64.0.0/10)"
	}
	for _, c := range j.result.Voice.MappingChanges {
		if isShared(c.From) || isShared(c.To) {
			return "the responder saw an address of a provider's own NAT (100.64.0.0/10)"
		}
	}
	return ""
}

// inParentheses is an address after what it belongs to, "" where it is left out.
func inParentheses(address string) string {
	if address == "" {
		return ""
	}
	return " (" + address + ")"
}

// isOwnNAT is the sign, without words, that no address shows a NAT of the provider, or that
// there may be two.
func isOwnNAT(m matter) (string, float64) {
	if m.carrierWords() != "" || m.secondPrivate() != nil {
		return "", 0
	}
	return "", 1
}

// isCarrierNAT is the sign that the provider translates addresses too, or may.
func isCarrierNAT(m matter) (string, float64) {
	words := m.carrierWords()
	if hop := m.secondPrivate(); words == "" && hop != nil {
		return fmt.Sprintf("router %d on the path%s has an address of another private network than the gateway, so that two may translate addresses one behind the other: "+
			"this network's firewall or NAT, or the provider's (CGNAT)", hop.TTL, inParentheses(hop.Address)), 1
	}
	if words == "" {
		return "", 0
	}
	return words + ", so it is the firewall or NAT of this network, or that of the provider (CGNAT)", 1
}

// named is a router with its address in parentheses, where the result tells it.
func named(what string, hop *facts.Hop) string {
	return what + inParentheses(hop.Address)
}

// hopLoss is weigh for the hop's answers: inLAN where they are lost as the call's
// packets are, in the same seconds, beyondLAN where they are not. Routers do not
// always answer: silence is evidence only where nothing else explains it.
func (j *judge) hopLoss(hop *facts.Hop, way Way, share, run float64) place {
	if hop.LimitPerS != nil {
		return placeUnknown
	}
	p := weigh(hop.Sent-hop.Answered, hop.Sent, share, run)
	isSilent := func(h facts.HopSecond) bool { return h.Answered < h.Asked }
	if p == inLAN && (j.isFarMore(hop.Sent-hop.Answered, hop.Sent) || !j.coincides(way, lostIn, isSilent)) {
		return placeUnknown
	}
	return p
}

// onlyItsKindIsLost says that the first router behind the gateway answers echo requests well,
// and questions of the call's own kind as badly as the call: a good answer to the former says
// nothing of what UDP meets.
func (j *judge) onlyItsKindIsLost(way Way) bool {
	hop, _ := j.hop()
	d := j.directionOrLoop(way)
	if hop == nil || d == nil || hop.OwnAnswered == 0 || hop.Method != facts.MethodEcho {
		return false
	}
	return weigh(hop.OwnSent-hop.OwnAnswered, hop.OwnSent, portion(lossOf(d)), runOf(d)) == inLAN
}

// hopLate is hopLoss for answers that are late as the call's packets are.
func (j *judge) hopLate(hop *facts.Hop, way Way, share, run float64) place {
	isLate := func(h facts.HopSecond) bool { return h.Late > 0 }
	p := weigh(hop.Late, hop.Answered, share, run)
	if p == inLAN && !j.coincides(way, lateIn, isLate) {
		return placeUnknown
	}
	return p
}

// coincides says that the hop is bad in the seconds in which packets of the call are,
// as count says: more often than by chance where such seconds are few, and not more
// rarely where they are many.
func (j *judge) coincides(way Way, count func(facts.Second, Way) float64, isHopBad func(facts.HopSecond) bool) bool {
	var bad, badBoth, hops, all int
	for _, s := range j.result.Voice.Timeline {
		if s.Hop == nil || s.Hop.Asked == 0 {
			continue
		}
		all++
		if isHopBad(*s.Hop) {
			hops++
		}
		if count(s, way) > 0 {
			bad++
			if isHopBad(*s.Hop) {
				badBoth++
			}
		}
	}
	good := all - bad
	if good > bad {
		return chance(badBoth, bad, hops, all) <= rarely
	}
	return chance(hops-badBoth, good, hops, all) > rarely
}

// ofDelay says whether most of the delay arises before the hop (inLAN) or behind
// it (beyondLAN).
func (j *judge) ofDelay(hop *facts.Hop) place {
	rtt := j.result.Voice.RTT
	if rtt == nil || rtt.AvgMS == nil {
		return placeUnknown
	}
	switch share := *hop.AvgMS / *rtt.AvgMS; {
	case share >= badShare:
		return inLAN
	case share <= 2*goodShare:
		return beyondLAN
	}
	return placeUnknown
}

// hopJitter is ofJitter for the hop's answers.
func hopJitter(hop *facts.Hop, jitter *float64) place {
	if !isKnown(jitter) || hop.P95MS == nil {
		return placeUnknown
	}
	switch spread := *hop.P95MS - *hop.MinMS; { // for evenly distributed delays this is about three times their jitter
	case spread >= *jitter:
		return inLAN
	case spread <= *jitter/3:
		return beyondLAN
	}
	return placeUnknown
}

func lossOf(d *facts.Direction) *float64 {
	if d == nil {
		return nil
	}
	return d.LossPercent
}

// discardsOf are those of a direction, or of both together where that is all that
// is known.
func (j *judge) discardsOf(d *facts.Direction) *float64 {
	if loop := j.result.Voice.Loop; loop != nil && (d == nil || d.DiscardPercent == nil) {
		d = loop
	}
	if d == nil {
		return nil
	}
	return d.DiscardPercent
}

// runOf is how many packets are lost in a row, compared with random loss (BurstR).
func runOf(d *facts.Direction) float64 {
	if d == nil || d.Burst.BurstR == nil {
		return 1
	}
	return *d.Burst.BurstR
}

// hopWords say how a router answered.
func hopWords(what string, hop *facts.Hop) string {
	return fmt.Sprintf("%s answered %d of %d questions in %s on average", named(what, hop), hop.Answered, hop.Sent, Figure(*hop.AvgMS, "ms"))
}

// firstBehind is what the first router behind the gateway is called.
const firstBehind = "the first router behind it"

// hopSuffers says in words how badly the router at the end of the line answered.
func hopSuffers(m matter) (string, float64) {
	hop, _ := m.hop()
	return "at the other end of the line " + hopWords(firstBehind, hop) + ", as badly as the call; the gateway's own answers do not show what it drops or delays of the packets that it forwards", 1
}

// hopIsGood says in words how well the router at the end of the line answered, or behind
// a private one the first that has a public address.
func hopIsGood(m matter) (string, float64) {
	hop, _ := m.hop()
	if public := m.publicHop(hop); isPrivate(hop) && public != nil {
		return hopWords("the first router with a public address", public) + ", so all that lies before it is good", 1
	}
	return hopWords(firstBehind, hop) + ", so the line to it is good", 1
}

// noHopShows says in words that no router behind the gateway tells more.
func noHopShows(m matter) (string, float64) {
	const untold = "the line from what follows, nor whether the gateway drops or delays what it forwards"
	if hop, _ := m.hop(); hop != nil {
		return hopWords(firstBehind, hop) + ", which does not tell " + untold, 1
	}
	return "no router behind it tells " + untold, 1
}

// hopRise is by how much longer the hop's answers took in the seconds in which
// the round trip was far above its smallest, and whether that is known.
func (j *judge) hopRise() (ms float64, isKnown bool) {
	hop, _ := j.hop()
	if hop == nil {
		return 0, false
	}
	_, _, high := j.trips()
	sum, n := 0.0, 0.0
	for _, s := range high {
		if s.Hop != nil && s.Hop.AvgMS != nil {
			sum, n = sum+*s.Hop.AvgMS-*hop.MinMS, n+1
		}
	}
	if n < queueSeconds {
		return 0, false
	}
	return sum / n, true
}

// hopRises is the sign that the queue is before the first router behind the gateway.
func hopRises(m matter) (string, float64) {
	rise, isKnown := m.hopRise()
	base, highest, _ := m.trips()
	if !isKnown || rise < (highest-base)/4 {
		return "", 0
	}
	return fmt.Sprintf("the first router behind it answers %s later", Figure(rise, "ms")), 1
}

// noHopTells is the sign that no router behind the gateway tells where packets wait.
func noHopTells(m matter) (string, float64) {
	if _, isKnown := m.hopRise(); isKnown {
		return "", 0
	}
	return "no router behind it answered often enough to tell whether the packets wait on the access line or behind it", 1
}

// queueSomewhere is the sign of a queue behind the gateway, and that no router there tells
// where.
func queueSomewhere(m matter) (string, float64) {
	return (&rule{needs: []sign{tripRises, queueNotJitter, gatewayStays, noHopTells}}).proof(m)
}

// noQueueSomewhere is the sign, without words, that no such queue explains the figure.
func noQueueSomewhere(m matter) (string, float64) {
	if _, share := queueSomewhere(m); share >= mostOf {
		return "", 0
	}
	return "", 1
}

// hopStays is the sign that the queue is behind the first router, and that this one is not
// the user's own: behind a private one the user's own line may follow.
func hopStays(m matter) (string, float64) {
	if hop, _ := m.hop(); hop != nil && isPrivate(hop) && !m.isPrivateFar() {
		return "", 0
	}
	rise, isKnown := m.hopRise()
	base, highest, _ := m.trips()
	if !isKnown || rise > (highest-base)/8 {
		return "", 0
	}
	return "so does the first router behind it", 1
}

// ownMbps is the traffic of other programs on this PC from which the report
// mentions it.
const ownMbps = 0.5

// ownTraffic says what other programs of this PC sent or received meanwhile.
func ownTraffic(m matter) (string, float64) {
	_, _, high := m.trips()
	up, down, n := 0.0, 0.0, 0.0
	for _, s := range high {
		if s.Line != nil {
			up, down, n = up+s.Line.OthersUpMbps, down+s.Line.OthersDownMbps, n+1
		}
	}
	if n == 0 || max(up, down)/n < ownMbps {
		return "", 1
	}
	return fmt.Sprintf("other programs of this PC sent %s and received %s meanwhile: stop them, and run it again", Figure(up/n, "Mbit/s"), Figure(down/n, "Mbit/s")), 1
}

// noQueue is the sign that the delay did not rise before packets were lost.
func noQueue(m matter) (string, float64) {
	if _, _, high := m.trips(); len(high) >= queueSeconds {
		return "", 0
	}
	return "", 1
}

// markClearedAt is the sign that the user's own network cleared the mark of voice
// (DSCP): the gateway itself, or something before it.
func markClearedAt(gateway bool) sign {
	return func(m matter) (string, float64) {
		d, p := m.result.Voice.Up, m.result.Path
		if m.way != Up || d == nil || d.DSCPSet == nil || *d.DSCPSet == 0 || d.DSCPReceived == nil || *d.DSCPReceived == *d.DSCPSet || p.MarkLostAt == nil {
			return "", 0
		}
		at := 1
		for _, h := range p.Hops {
			if h.Role == facts.HopGateway {
				at = h.TTL
			}
		}
		if gateway {
			at++
		}
		if (*p.MarkLostAt == at) && (!gateway || p.MarkKeptTo != nil && *p.MarkKeptTo == at-1) || !gateway && *p.MarkLostAt < at {
			return fmt.Sprintf("this PC marks packets with DSCP %d, and router %d on the path gets them without the mark, so that voice has no priority there", *d.DSCPSet, *p.MarkLostAt), 1
		}
		return "", 0
	}
}

// mtuHole is the sign that large packets are lost and no router reports it.
func mtuHole(m matter) (string, float64) {
	mtu := m.result.Path.MTU
	if m.way != Up || mtu.Code != facts.MTUHole {
		return "", 0
	}
	seen := "larger packets are lost, and no router reports it (ICMP)"
	if mtu.Bytes != nil {
		seen = fmt.Sprintf("packets of more than %d bytes are lost, and no router reports it (ICMP)", *mtu.Bytes)
	}
	return seen + ": connections that need larger ones hang", 1
}

const bloatMS = 100 // a queue that takes longer ruins a call on the same line

// lineBloats is the sign that packets wait long in a queue while the line is full.
func lineBloats(m matter) (string, float64) {
	u, idle := m.result.UnderLoad, m.result.Voice.RTT
	if u == nil || idle == nil || idle.AvgMS == nil {
		return "", 0
	}
	phase, what := u.Up, "uploads"
	if m.way == Down {
		phase, what = u.Down, "downloads"
	}
	if phase == nil || phase.RTT == nil || phase.RTT.AvgMS == nil || *phase.RTT.AvgMS < *idle.AvgMS+bloatMS {
		return "", 0
	}
	return fmt.Sprintf("while %s fill it the round trip rises from %s to %s", what, Figure(*idle.AvgMS, "ms"), Figure(*phase.RTT.AvgMS, "ms")), 1
}
