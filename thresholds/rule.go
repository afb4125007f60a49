package thresholds

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"netready/probe/facts"
)

// A rule is one explanation of what a result shows: the place of a fault, and
// the evidence without which nobody is blamed. The table of all rules is rules;
// docs/where.md is made from it.
type rule struct {
	Code       string     // in `findings[].cause`
	Place      string     // in `findings[].code`
	Where      string     // the place, as a sentence says it
	Takes      string     // the evidence that it needs
	Unlike     string     // what else looks similar, and how the two are told apart; "" where nothing does
	Advice     string     // what to do
	Show       string     // whom to show it to; "" nobody
	Confidence Confidence // how sure it is when all the evidence is found

	of      func(matter) bool // what it can explain
	needs   []sign            // all have to be found
	warns   bool              // it is also reported where no limit is broken
	plain   bool              // its evidence is the whole sentence
	general bool              // the advice of each figure says more than this rule does
}

// Confidence is how sure a finding about the cause is.
type Confidence string

// Values of `findings[].confidence`.
const (
	High   Confidence = "high"   // nothing else is known that looks like this
	Medium Confidence = "medium" // other causes rarely look like this
	Low    Confidence = "low"    // it is the most likely of several causes
)

// weight is the factor by which an explained share counts.
func (c Confidence) weight() float64 {
	return map[Confidence]float64{High: 1, Medium: 0.8, Low: 0.5}[c]
}

// A sign is one piece of evidence: what was seen, with its figures, and the
// share of the matter's bad time or lost packets that it explains, 0 to 1. A
// share of 0 means that it was not seen.
type sign func(matter) (seen string, share float64)

// A matter is one fault of a result that needs an explanation.
type matter struct {
	*judge

	kind    matterKind
	key     Key // of a figure
	way     Way
	finding int            // its finding's index; -1: it has none
	row     *facts.PortRow // that failed; nil: it is none of the rows
	part    float64        // how much it counts of all that is broken: all rows that failed are one matter
}

type matterKind int

const (
	figureMatter  matterKind = iota // a figure that breaks its limit, or that a busy machine made unreliable
	rowMatter                       // one of the required rows that failed
	sessionMatter                   // the responder that was named could not be used
	endMatter                       // the call ended early, and this machine did not end it
	hostMatter                      // this machine was too busy to measure anything
	oneWayMatter                    // no UDP of the call passes in one of the directions
	warningMatter                   // no limit is broken
)

// Codes of the place of a fault, in a finding about the cause.
const (
	PlacePC       = "this_pc"
	PlaceLAN      = "lan"
	PlaceFirewall = "firewall" // the firewall or the NAT
	PlaceDNS      = "dns"
	PlaceProxy    = "intercepted" // somebody answers in place of the service
	PlaceRoutes   = "routes"
	PlaceLine     = "line"     // the access line
	PlaceBeyond   = "provider" // behind the gateway: the provider or the way to the region
	PlaceFarEnd   = "far_end"  // the responder, its host or its network
	PlaceRegion   = "region"   // nowhere: the region is far away
	PlaceUnknown  = "unknown"  // the figures do not tell
)

// leastBest is below every share that a rule explains.
const leastBest = 0.001

// mostOf is the least share of a matter that a rule has to explain.
const mostOf = 0.5

// A located is a rule that applies to a result.
type located struct {
	rule    *rule
	seen    string    // the evidence, of the matter that it explains best
	shares  []float64 // what it explains of each matter
	matters []matter
	best    float64
}

// holds applies a rule to every matter; nil where it explains none.
func (r *rule) holds(matters []matter) *located {
	l := &located{rule: r, shares: make([]float64, len(matters)), matters: matters}
	for i, m := range matters {
		if m.kind == warningMatter && !r.warns || m.kind != warningMatter && !r.of(m) || m.isDirect() && r.isBehindGateway() && m.kind != rowMatter {
			continue
		}
		seen, share := r.proof(m)
		if share < mostOf {
			continue
		}
		l.shares[i] = share
		if m.kind == warningMatter {
			share = min(share, leastBest) // its words are those of what is broken, where anything is
		}
		if share > l.best {
			l.best, l.seen = share, seen
		}
	}
	if l.best == 0 {
		return nil
	}
	return l
}

// isBehindGateway says that the rule's place is at the gateway or behind it: nothing of a
// call to a neighbour passes there.
func (r *rule) isBehindGateway() bool {
	return slices.Contains([]string{PlaceFirewall, PlaceLine, PlaceBeyond}, r.Place)
}

// proof combines all signs of a rule: the smallest of their shares.
func (r *rule) proof(m matter) (string, float64) {
	var words []string
	least := 1.0
	for _, sign := range r.needs {
		seen, share := sign(m)
		if share <= 0 {
			return "", 0
		}
		if least = min(least, share); seen != "" {
			words = append(words, seen)
		}
	}
	return strings.Join(words, ", and "), least
}

// explained is the share of all that is broken.
func (l *located) explained() float64 {
	sum, n := 0.0, 0.0
	for i, m := range l.matters {
		if m.kind != warningMatter {
			sum, n = sum+m.part*l.shares[i], n+m.part
		}
	}
	if n == 0 {
		return 0
	}
	return math.Round(1000*sum/n) / 1000
}

func (l *located) score() float64 {
	score := l.explained() * l.confidence().weight()
	if l.rule.general {
		return generalWeight * score
	}
	return score
}

// generalWeight is the factor for rules that go by a place alone: one that also knows how
// the fault came about says more, even if it explains a little less.
const generalWeight = 0.8

// confidence is that of the rule, and no more than medium where it explains less of what is
// broken than nearly all of it: the rest has another reason.
func (l *located) confidence() Confidence {
	best := 0.0
	for i, m := range l.matters {
		if m.kind != warningMatter {
			best = max(best, l.shares[i])
		}
	}
	if l.rule.Confidence == High && best > 0 && best < nearlyAll {
		return Medium
	}
	return l.rule.Confidence
}

// locate says where the fault lies, as far as the figures tell: the rules that
// apply, the one that explains most first. A busy machine comes before all
// others: what it did to the figures it also did to the evidence.
func (j *judge) locate() []*located {
	matters := j.matters()
	var all []*located
	for i := range rules {
		if l := rules[i].holds(matters); l != nil {
			all = append(all, l)
		}
	}
	slices.SortStableFunc(all, func(a, b *located) int {
		return cmp.Or(cmp.Compare(turn(a), turn(b)), cmp.Compare(b.score(), a.score()))
	})
	return distinct(all)
}

// turn orders rules by their kind of explanation: a busy machine first, then who
// ended the call, then who made it bad, and at last what cannot be told.
func turn(l *located) int {
	switch {
	case l.rule.Place == PlacePC && l.explained() > 0 && !l.explainsKind(rowMatter):
		return 0
	case l.explainsKind(endMatter):
		return 1
	case l.rule.Place == PlaceUnknown && l.rule.general:
		return 3
	}
	return 2
}

func (l *located) explainsKind(kind matterKind) bool {
	for i, m := range l.matters {
		if m.kind == kind && l.shares[i] > 0 {
			return true
		}
	}
	return false
}

// distinct leaves out what explains nothing that another one did not explain
// before it: one cause is said once.
func distinct(all []*located) []*located {
	var chosen []*located
	known := map[int]bool{}
	for _, l := range all {
		news := false
		for i, share := range l.shares {
			if share > 0 && !known[i] {
				news = true
			}
		}
		if !news || l.isLast() && slices.ContainsFunc(chosen, func(c *located) bool { return c.explained() > 0 }) {
			continue
		}
		for i, share := range l.shares {
			// A rule that is reported without a broken limit hides no other one.
			if share > 0 && l.matters[i].kind != warningMatter {
				known[i] = true
			}
		}
		chosen = append(chosen, l)
	}
	return chosen
}

// isLast says that it is told only where nothing else is: what cannot be told of
// a figure, a session or the end of a call, which may follow from another cause.
func (l *located) isLast() bool {
	return l.rule.Place == PlaceUnknown && (l.rule.general || l.explainsKind(sessionMatter) || l.explainsKind(endMatter))
}

// matters are the faults that need an explanation.
func (j *judge) matters() []matter {
	var all []matter
	for i, f := range j.findings {
		m, way, ok := measureOf(f.What)
		spoilt := f.Level == Unknown && slices.Contains([]string{facts.UnreliablePC, facts.UnreliableResponder}, f.Code)
		if ok && (f.Level == Fail || spoilt) {
			all = append(all, matter{judge: j.ofCall(f.call), kind: figureMatter, key: m.Key, way: way, finding: i, part: 1})
		}
	}
	add := func(kind matterKind, there bool) {
		if there {
			all = append(all, matter{judge: j, kind: kind, finding: -1, part: 1})
		}
	}
	failed := j.failed()
	for i := range failed {
		all = append(all, matter{judge: j, kind: rowMatter, finding: -1, row: &failed[i], part: 1 / float64(len(failed))})
	}
	add(sessionMatter, j.isResponderLost())
	add(endMatter, j.endedBy(facts.CodeFarEnded) || j.endedBy(facts.CodeFarSilent))
	add(hostMatter, j.isSpoilt())
	add(oneWayMatter, j.isOneWay() && len(failed) == 0)
	for _, way := range []Way{Up, Down} {
		all = append(all, matter{judge: j, kind: warningMatter, way: way, finding: -1})
	}
	return all
}

// cause adds the findings about the place of the fault. The figures that a
// specific rule explains refer to it instead of giving advice themselves.
func (j *judge) cause() {
	if j.isAlone() {
		return // said already, and nothing else can be told
	}
	for i, l := range j.locate() {
		r, private := j.placed(l.rule)
		f := Finding{
			Level: Warn, What: WhatCause, Code: r.Place, Cause: r.Code, Confidence: l.confidence(),
			Text: r.sentence(l.seen+private, l.confidence(), l.explained() > 0), Advice: r.Advice, Show: r.Show,
			first: i == 0 && l.explained() > 0 && (r.Place != PlaceUnknown || r.plain || len(j.failed()) == 0),
		}
		if explained := l.explained(); explained > 0 {
			f.Explains = &explained
		}
		for n, m := range l.matters {
			if l.shares[n] > 0 && m.finding >= 0 && !r.general && i == 0 && !m.isSilent() {
				j.findings[m.finding].Advice = "It follows from the fault that is named first: correct that one."
			}
		}
		j.add(f)
	}
}

// sentence is the place with its evidence and whom to show it to.
func (r *rule) sentence(seen string, sure Confidence, isBroken bool) string {
	if r.plain {
		return upperFirst(seen)
	}
	switch {
	case r.Place == PlaceUnknown && !isBroken:
		return "No limit is broken by it, but something is wrong, and where cannot be told: " + seen
	case r.Place == PlaceUnknown:
		return "Where the fault lies cannot be told: " + seen
	}
	if r.Place == PlaceRegion {
		return upperFirst(r.Where) + ": " + seen
	}
	verb := "most likely lies"
	switch sure {
	case High:
		verb = "lies"
	case Low:
		verb = "may lie"
	case Medium:
	}
	text := fmt.Sprintf("The fault %s with %s: %s", verb, r.Where, seen)
	if !isBroken {
		text = fmt.Sprintf("No limit is broken by it, but something is wrong with %s: %s", r.Where, seen)
	}
	if r.Show != "" {
		text += "; show this to " + r.Show
	}
	return text
}

// ofCall judges another call than the reported one, of which the seconds are not
// known; 0 is the reported one.
func (j *judge) ofCall(number int) *judge {
	v := j.result.Voice
	if number < 1 || number > len(v.PerCall) {
		return j
	}
	other := *j
	own := v.PerCall[number-1]
	other.together = v.Timeline
	v.Up, v.Down, v.Loop, v.Timeline, v.Reported = own.Up, own.Down, own.Loop, nil, new(number-1)
	other.result.Voice = v
	return &other
}

// measureOf is the measure and the way of a finding about a figure.
func measureOf(what string) (Measure, Way, bool) {
	what = strings.TrimPrefix(what, WhatCall)
	for _, m := range measures {
		if m.What(ThereAndBack) == what {
			return m, ThereAndBack, true
		}
		for _, way := range m.Ways() {
			if m.What(way) == what {
				return m, way, true
			}
		}
	}
	return Measure{}, "", false
}
