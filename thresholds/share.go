package thresholds

import "netready/probe/facts"

// What share of the packets that make a figure bad were sent in some seconds.

// lostIn is how many packets of a way were lost in a second.
func lostIn(s facts.Second, way Way) float64 {
	side := sideOf(s, way)
	if side == nil || side.LossPercent == nil {
		return 0
	}
	return *side.LossPercent / percent * float64(side.Sent)
}

// lateIn is how many packets of a way came too late in a second. Results of older
// versions do not tell: there all packets of a second with a long delay count.
func lateIn(s facts.Second, way Way) float64 {
	for _, side := range []*facts.SecondSide{sideOf(s, way), s.Loop} {
		if side != nil && side.Discarded != nil {
			return float64(*side.Discarded)
		}
	}
	if side := delaySide(s, way); side != nil && *side.DelayMS >= lateMS {
		return float64(side.Sent)
	}
	return 0
}

// lostThere is the share of a way's lost packets that were lost in the seconds
// for which is holds.
func (j *judge) lostThere(way Way, is func(facts.Second) bool) float64 {
	return shareThere(j.result.Voice.Timeline, func(s facts.Second) float64 { return lostIn(s, way) }, is)
}

// shareThere is the share of what is counted that lies in the seconds for which is
// holds; 0 where nothing is counted.
func shareThere(line []facts.Second, count func(facts.Second) float64, is func(facts.Second) bool) float64 {
	all, there := 0.0, 0.0
	for _, s := range line {
		n := count(s)
		all += n
		if is(s) {
			there += n
		}
	}
	if all == 0 {
		return 0
	}
	return there / all
}

// denser is how many times as many packets must be lost, or late, in some seconds as
// the length of these would take, for the fault to lie there and nowhere else.
const denser = 2

// shareOnlyThere is shareThere where these seconds are few: of events that come every
// other second half of all losses are near by chance, and it is 0.
func shareOnlyThere(line []facts.Second, count func(facts.Second) float64, is func(facts.Second) bool) float64 {
	time := shareThere(line, func(facts.Second) float64 { return 1 }, is)
	share := shareThere(line, count, is)
	if share < denser*time {
		return 0
	}
	return share
}

// badOnlyThere is the share of the packets that make the figure bad, lost or too late,
// that were sent in the seconds for which is holds, and what happened to them. It is 0
// where these seconds are many, and where the figure has other reasons.
func (m matter) badOnlyThere(is func(facts.Second) bool) (share float64, what string) {
	count, what := lostIn, "lost"
	switch {
	case m.isByLateness():
		count, what = lateIn, "too late"
	case !m.isByLoss():
		return 0, ""
	}
	return shareOnlyThere(m.result.Voice.Timeline, func(s facts.Second) float64 { return count(s, m.way) }, is), what
}

// isByLoss says that the figure is bad because packets were lost.
func (m matter) isByLoss() bool {
	return m.key == Loss || m.key == MOS && m.mosBy(m.directionOrLoop(m.way)) == Loss
}

// isByLateness says that the figure is bad because packets came too late.
func (m matter) isByLateness() bool {
	return m.key == Discards || m.key == MOS && m.mosBy(m.directionOrLoop(m.way)) == Discards
}

// farMS is the smallest round trip from which the delay lowers a MOS noticeably: 150 ms
// one way (ITU-T G.114, 4). Half the smallest is what the MOS is computed with.
const farMS = 300

// mosBy is the figure that makes a low MOS: discards or loss, whichever is more, or,
// where no limit of theirs is broken, a long round trip. It is MOS where two of them
// do.
func (j *judge) mosBy(d *facts.Direction) Key {
	loss, discards := lossOf(d), j.discardsOf(d)
	isFar, isBroken := j.isFar(), j.breaks(Loss, loss) || j.breaks(Discards, discards)
	switch {
	case portion(loss) == 0 && portion(discards) == 0, isFar && !isBroken:
		return RTT
	case isFar:
		return MOS
	case portion(discards) > portion(loss):
		return Discards
	}
	return Loss
}

// isFar says that even the smallest round trip lowers the MOS.
func (j *judge) isFar() bool {
	rtt := j.result.Voice.RTT
	return rtt != nil && rtt.MinMS != nil && *rtt.MinMS >= farMS
}

// breaks says whether a figure of a measure breaks its limit.
func (j *judge) breaks(key Key, got *float64) bool {
	for _, m := range measures {
		if m.Key == key {
			return m.limit(&j.limits).Level(got) == Fail
		}
	}
	return false
}

// endShare is what the end of a call explains: the end itself, and of lost packets those
// of its last seconds, in which nothing came any more, and of the second before.
func (m matter) endShare() float64 {
	if m.kind == endMatter {
		return 1
	}
	if !m.isByLoss() {
		return 0
	}
	line, count := m.result.Voice.Timeline, func(s facts.Second) float64 { return lostIn(s, m.way) }
	if len(line) == 0 { // another call than the reported one: they all end together
		line, count = m.together, func(s facts.Second) float64 { _, lost := passing(s, m.way); return lost }
	}
	from := len(line)
	for from > 0 && isDead(line[from-1]) {
		from--
	}
	isEnd := func(s facts.Second) bool { return s.Second >= from-1 }
	if from == len(line) { // it ended within a second
		return shareOnlyThere(line, count, isEnd)
	}
	return shareThere(line, count, isEnd)
}
