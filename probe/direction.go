package probe

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"netready/probe/facts"

	"netready/probe/emodel"
	"netready/probe/stream"
)

// Quality is what a MOS depends on, apart from the packets that arrived.
type Quality struct {
	Codec        emodel.Codec
	PacketTime   time.Duration
	JitterBuffer time.Duration
	MinRTTMS     *float64 // the smallest round trip, ms, as the Result shows it; nil: not known, taken as 0
	Ie, Bpl      *float64 // in place of the codec's; nil: as published
}

// NewDirection gives the figures of one direction in milliseconds and percent, rounded
// once to three decimals. R and MOS are computed from the rounded figures, so that a
// reader who computes them gets the same.
func NewDirection(m stream.Metrics, q Quality) *facts.Direction {
	d := &facts.Direction{
		Sent:           m.Sent,
		Received:       m.Received,
		Lost:           m.Lost,
		Duplicates:     m.Duplicates,
		Discarded:      &m.Discarded,
		Reordered:      &m.Reordered,
		LossPercent:    facts.Percent(m.Loss),
		DiscardPercent: facts.Percent(m.Discard),
		InOrderPercent: facts.Percent(m.InOrder),
		JitterMS:       facts.Milliseconds(m.Jitter),
		JitterMaxMS:    facts.Milliseconds(m.JitterMax),
		PDVp99MS:       facts.Milliseconds(m.PDVp99),
		ClockSkewPPM:   facts.Rounded(m.SkewPPM),
		Burst: facts.Burst{
			BurstR:             facts.Rounded(m.BurstR),
			LongestRun:         m.LongestRun,
			WorstWindowPercent: facts.Percent(m.WorstWindow),
			Dispersion:         dispersion(m.Dispersion),
		},
		LossInterval: between(m.LossInterval), DiscardInterval: between(m.DiscardInterval), InOrderInterval: between(m.InOrderInterval),
		Shifts:       []facts.Shift{},
		Unreliable:   []facts.Unreliable{},
		DSCPReceived: m.DSCP,
	}
	for _, s := range m.Shifts {
		d.Shifts = append(d.Shifts, facts.Shift{AtS: facts.Round(s.At.Seconds()), ByMS: facts.Round(facts.MS(s.By))})
	}
	q.rate(d)
	return d
}

func dispersion(d *stream.Dispersion) *facts.Dispersion {
	if d == nil {
		return nil
	}
	return &facts.Dispersion{Windows: d.Windows, Ratio: facts.Round(d.Ratio)}
}

// between is an interval in percent.
func between(i *stream.Interval) *facts.Interval {
	if i == nil {
		return nil
	}
	return &facts.Interval{LowPercent: facts.Round(100 * i.Low), HighPercent: facts.Round(100 * i.High)}
}

// rate adds R and MOS, unless nothing was sent.
func (q Quality) rate(d *facts.Direction) {
	model := q.model()
	d.MOSBasis = model.Basis
	if d.LossPercent == nil {
		return
	}
	discards := 0.0
	if d.DiscardPercent != nil {
		discards = *d.DiscardPercent
	}
	burstR := 1.0
	if d.Burst.BurstR != nil {
		burstR = *d.Burst.BurstR
	}
	d.R, d.MOS = q.of(*d.LossPercent+discards, burstR)
}

// of computes R and MOS from the share of packets that cannot be used, in percent.
func (q Quality) of(ppl, burstR float64) (r, mos *float64) {
	rating, opinion, _ := q.model().Rate(q.DelayMS(), min(ppl, 100), burstR)
	return facts.Rounded(&rating), facts.Rounded(&opinion)
}

func (q Quality) model() emodel.Model { return emodel.Choose(q.Codec, q.Ie, q.Bpl) }

// DelayMS is Ta, the delay from mouth to ear: half the smallest round trip, the
// jitter buffer, one packet and the coder's look-ahead.
func (q Quality) DelayMS() float64 {
	network := 0.0
	if q.MinRTTMS != nil {
		network = *q.MinRTTMS / 2
	}
	return network + facts.MS(q.JitterBuffer) + facts.MS(q.PacketTime) + facts.MS(q.lookAhead())
}

// lookAhead is the look-ahead of the codec whose MOS is reported.
func (q Quality) lookAhead() time.Duration {
	if q.model().Basis != emodel.Basis {
		return q.Codec.LookAhead
	}
	basis, _ := emodel.FindCodec(emodel.Basis)
	return basis.LookAhead
}

// Assumptions are the sentences that go with every R and MOS.
func (q Quality) Assumptions() []string {
	model := q.model()
	all := append([]string{}, model.Assumptions...)
	if at := q.publishedAt(model); at > 0 && at != q.PacketTime {
		all = append(all, fmt.Sprintf(
			"Those values were published for packets of %g ms and are used for packets of %g ms, which is an extrapolation.",
			facts.MS(at), facts.MS(q.PacketTime)))
	}
	network := "the network's delay is not known and taken as 0"
	if q.MinRTTMS != nil {
		network = fmt.Sprintf("half the smallest round trip of %g ms", *q.MinRTTMS)
	}
	return append(all,
		fmt.Sprintf("Delay from mouth to ear %g ms: %s, jitter buffer %g ms, packet %g ms, look-ahead %g ms.",
			facts.Round(q.DelayMS()), network, facts.MS(q.JitterBuffer), facts.MS(q.PacketTime), facts.MS(q.lookAhead())),
		"Lost and discarded packets count the same; BurstR says how they cluster.")
}

// publishedAt is the packet time that the model's own values were published
// for, 0 where they were given.
func (q Quality) publishedAt(model emodel.Model) time.Duration {
	if model.Basis == q.Codec.Name && (q.Ie != nil || q.Bpl != nil) {
		return 0
	}
	c, _ := emodel.FindCodec(model.Basis)
	return c.PublishedAt
}

// worstCall is the index of the call that Up and Down report: the one with the lowest
// MOS of a direction, then with the most loss. It is -1 without calls.
func worstCall(calls []facts.CallPair) int {
	worst := -1
	for i, c := range calls {
		if worst < 0 || compareCalls(c, calls[worst]) < 0 {
			worst = i
		}
	}
	return worst
}

// reported is the index of the reported call where there are several.
func reported(worst int, calls []facts.CallPair) *int {
	if len(calls) < 2 {
		return nil
	}
	return &worst
}

// compareCalls is negative where a is the worse call.
func compareCalls(a, b facts.CallPair) int {
	lowestMOS := func(c facts.CallPair) float64 {
		lowest := math.Inf(1)
		for _, d := range []*facts.Direction{c.Up, c.Down} {
			if d != nil && d.MOS != nil {
				lowest = min(lowest, *d.MOS)
			}
		}
		return lowest
	}
	mostLoss := func(c facts.CallPair) float64 {
		most := math.Inf(-1)
		for _, d := range []*facts.Direction{c.Up, c.Down} {
			if d != nil && d.LossPercent != nil {
				most = max(most, *d.LossPercent)
			}
		}
		return most
	}
	return cmp.Or(cmp.Compare(lowestMOS(a), lowestMOS(b)), cmp.Compare(mostLoss(b), mostLoss(a)))
}
