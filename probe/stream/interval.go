package stream

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// An Interval holds the share that a path loses in the long run with a
// confidence of 95 %, as far as one call tells. Both are from 0 to 1.
type Interval struct{ Low, High float64 }

// What the interval assumes.
const (
	// guardGap is how many packets in a row have to be good for a burst to be over:
	// half of RFC 3611's Gmin (4.7.2), so that packets that are lost one by one
	// seldom count as a burst.
	guardGap = 8
	// confidence is split evenly: half of the rest lies below, half above.
	confidence = 0.95
	// jeffreys is the prior of both chances, Beta(1/2, 1/2): nothing is known of them.
	jeffreys      = 0.5
	quantiles     = 32 // points at which the chance that a burst ends is looked at
	boundSteps    = 26 // halvings, enough for six digits
	unseen        = 20 // losses a call that none was seen of, see interval
	smallestShare = 1e-9
	smallestOdds  = 1e-12
	halfOfTheRest = (1 - confidence) / 2
)

// interval is the share's interval of confidence, from the runs of packets that
// count (lost ones, or ones that came too late) among those sent; nil where
// nothing was sent.
//
// What is random of a bursty path is how many bursts a call meets and how long
// they are, so the packets are no sample of their own: Wilson's interval is then
// far too narrow. The model is a renewal process with two states, Gilbert's (Bell
// System Technical Journal 39, 1960) with bursts as in RFC 3611: outside a burst a
// packet is lost with the chance p; after each loss the burst ends with the chance
// r, and the next loss is a few packets later otherwise. The share is then
// 1 / ((1-r) d + r (g + 1/p)), where d is the mean distance of two losses
// in a burst and g the guard gap; with a gap of 1 it is Gilbert's p/(p+r). Both
// chances are known from counts, as Beta distributions, and the interval
// lies between the 2.5 % and the 97.5 % quantile of the share that follows (Brown,
// Cai, DasGupta, Statistical Science 16, 2001, on Jeffreys intervals).
// TestIntervalHoldsTheTruth shows what it reaches, docs/confidence.md has the table.
//
// Where nothing was lost the length of the bursts that were not met is not known.
// If any r is as likely as any other, the share is below 20 losses a call (E[p]/r
// with E[p] = 1/2 a call, and r below 0.025 with a chance of 2.5 %). If packets
// were lost one by one it would be below 3.7 (the "rule of three" at 97.5 %).
func interval(hits []run, sent int) *Interval {
	if sent <= 0 {
		return nil
	}
	if len(hits) == 0 {
		return &Interval{0, min(1, unseen/float64(sent))}
	}
	b := burstsOf(hits, int64(sent))
	posterior := b.posterior()
	got := b.lost / float64(sent)
	low, high := shareAt(posterior, halfOfTheRest), shareAt(posterior, 1-halfOfTheRest)
	if b.lost == float64(sent) {
		high = 1
	}
	return &Interval{min(low, got), max(high, got)}
}

// bursts are the counts that the interval rests on.
type bursts struct {
	lost, begun, ended float64
	quiet              float64 // packets outside bursts, where one could have begun
	continued          float64 // losses that followed another one in the same burst
	distance           float64 // packets from such a loss back to the one before, in all
}

func burstsOf(hits []run, sent int64) bursts {
	var b bursts
	over := int64(0) // the first packet that is in no burst
	for i, r := range hits {
		length := float64(r.length())
		b.lost += length
		b.continued += length - 1
		b.distance += length - 1
		if i > 0 && r.first < over {
			b.continued++
			b.distance += float64(r.first - hits[i-1].last)
		} else {
			b.begun++
			b.quiet += float64(r.first - over)
			if i > 0 {
				b.ended++
			}
		}
		over = r.last + 1 + guardGap
	}
	if over <= sent {
		b.ended++
		b.quiet += float64(sent - over)
	}
	return b
}

// posterior gives the chance that the share is below a value.
func (b bursts) posterior() func(share float64) float64 {
	apart := (b.distance + 1) / (b.continued + 1)
	var ends [quantiles]float64
	for i := range ends {
		at := (float64(i) + 0.5) / quantiles
		ends[i] = max(mathext.InvRegIncBeta(b.ended+jeffreys, b.continued+jeffreys, at), smallestOdds)
	}
	return func(share float64) float64 {
		chance := 0.0
		for _, r := range ends {
			wait := (1/share-(1-r)*apart)/r - guardGap // 1/p that gives this share
			if wait <= 1 {
				chance++
				continue
			}
			chance += mathext.RegIncBeta(b.begun+jeffreys, b.quiet+jeffreys, 1/wait)
		}
		return chance / quantiles
	}
}

// shareAt is where a growing function of a share reaches a chance.
func shareAt(chanceBelow func(share float64) float64, chance float64) float64 {
	low, high := math.Log(smallestShare), 0.0
	for range boundSteps {
		middle := (low + high) / 2
		if chanceBelow(math.Exp(middle)) < chance {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Exp(high)
}
