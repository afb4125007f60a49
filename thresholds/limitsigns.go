package thresholds

import (
	"fmt"
	"math"

	"netready/probe/facts"
)

const (
	evenLoss    = 0.02 // less loss than this shows no pattern
	evenRun     = 1.3  // BurstR (G.107) up to which losses are single ones
	evenSeconds = 4    // fewer say nothing
	sureSeconds = 7    // fewer prove nothing
)

// By what chance alone the numbers of packets that get through in each second
// differ as little as a limit of rate makes them: their variance, as a share of
// what chance makes on average, n p (1-p), falls below proven once in a thousand
// calls of so many seconds, and below suspect once in a hundred. Few seconds differ
// little now and then, so both grow with their number (TestEvennessByChance).
// Of long calls less is proven than that: 3 in 100,000 of 30 s.
func proven(seconds int) float64  { return min(max(0.03+0.012*float64(seconds-8), 0.005), 0.2) }
func suspect(seconds int) float64 { return min(max(0.06+0.019*float64(seconds-8), 0.01), 0.25) }

// oneByOne is the sign that many packets are lost, and each of them alone.
func oneByOne(m matter) (string, float64) {
	d := direction(m.result.Voice, m.way)
	if d == nil || portion(d.LossPercent) < evenLoss || d.Burst.BurstR == nil || *d.Burst.BurstR > evenRun {
		return "", 0
	}
	return fmt.Sprintf("%s of the packets %s are lost, one by one", Figure(*d.LossPercent, "%"), m.way.words()), 1
}

// bothOf is the sign that both signs were seen.
func bothOf(a, b sign) sign {
	return func(m matter) (string, float64) { return (&rule{needs: []sign{a, b}}).proof(m) }
}

// eitherOf is the sign that one of two was seen: the first, or else the second.
func eitherOf(a, b sign) sign {
	return func(m matter) (string, float64) {
		if seen, share := a(m); share > 0 {
			return seen, share
		}
		return b(m)
	}
}

// checksASecond is how many checks a call makes, and luck the chance that is none:
// a few in ten thousand.
const (
	checksASecond = 5
	luck          = 0.0003
)

// checksGoFirst is the sign that far more checks are lost than by chance: a limit of rate
// drops what arrives while it has no tokens. It gains one in the time between two packets, and
// a check comes at a random moment of that time.
func checksGoFirst(m matter) (string, float64) {
	rtt := m.result.Voice.RTT
	if rtt == nil || rtt.Source != facts.RTTStun || rtt.Lost < 1 {
		return "", 0
	}
	asked := m.questions(rtt.Samples + rtt.Lost)
	expected := 0.0
	for _, q := range asked {
		expected += q.number * q.chance
	}
	if expected == 0 || float64(rtt.Lost) < 1.3*expected || orMore(rtt.Lost, asked) > luck {
		return "", 0
	}
	return fmt.Sprintf("so are %d of %d checks, which come between the packets; by chance it would be %.0f", rtt.Lost, rtt.Samples+rtt.Lost, expected), 1
}

// questions are so many checks, each lost with the same chance.
type questions struct{ number, chance float64 }

// questions are the checks of all calls in each second, and the chance of each to be
// lost as packets are there and back. Those beyond are asked while late packets are
// awaited, after the last second.
func (j *judge) questions(all int) []questions {
	var asked []questions
	left, share := float64(all), 0.0
	for _, s := range j.result.Voice.Timeline {
		kept := 1.0
		for _, way := range []Way{Up, Down} {
			if sent, lost := passing(s, way); sent > 0 && s.Loop == nil {
				kept *= 1 - lost/float64(sent)
			}
		}
		share = 1 - kept
		n := checksASecond * float64(max(1, len(j.result.Voice.PerCall)))
		asked, left = append(asked, questions{n, share}), left-n
	}
	return append(asked, questions{max(0, left), share})
}

// exactly is for how many questions the chance is computed exactly; of more the
// normal distribution is as good.
const exactly = 1000

// orMore is how likely n or more of the questions are lost.
func orMore(n int, asked []questions) float64 {
	all, mean, variance := 0.0, 0.0, 0.0
	for _, q := range asked {
		all, mean, variance = all+q.number, mean+q.number*q.chance, variance+q.number*q.chance*(1-q.chance)
	}
	if all > exactly {
		return math.Erfc((float64(n)-0.5-mean)/math.Sqrt(2*max(variance, 1))) / 2
	}
	likely := []float64{1} // that so many are lost
	for _, q := range asked {
		for range int(q.number) {
			likely = append(likely, 0)
			for k := len(likely) - 1; k > 0; k-- {
				likely[k] = likely[k]*(1-q.chance) + likely[k-1]*q.chance
			}
			likely[0] *= 1 - q.chance
		}
	}
	sum := 0.0
	for k := n; k < len(likely); k++ {
		sum += likely[k]
	}
	return sum
}

// evenness is how many packets of a way get through in a second, of how many, and
// how much that varies against what chance makes of it: a limiter hardly lets it.
type evenness struct {
	through, of, variance float64
	seconds               int    // whole ones in which it was measured
	words                 string // of what, if of more than the way
}

// even is the evenness of a way, or of both ways together where that is more even: a
// limit of all UDP counts them together.
func (j *judge) even(way Way) evenness {
	alone, both := j.evenOf(way), j.evenOf(Up, Down)
	if both.seconds == 0 || alone.seconds > 0 && alone.variance <= both.variance {
		return alone
	}
	both.words = " of both ways together"
	return both
}

// evenOf looks at the seconds of some ways. A rate limit starts with spare tokens, and the
// last second is cut short: neither counts.
func (j *judge) evenOf(ways ...Way) evenness {
	seconds := j.result.Voice.Timeline
	full := 0
	for _, s := range seconds {
		sent, _ := passingAll(s, ways)
		full = max(full, sent)
	}
	var through []float64
	kept, sent := map[Way]float64{}, map[Way]float64{}
	for i, s := range seconds {
		n, lost := passingAll(s, ways)
		if i == 0 || n == 0 || 10*n < 9*full {
			continue
		}
		through = append(through, float64(n)-lost)
		for _, way := range ways {
			n, lost := passing(s, way)
			sent[way], kept[way] = sent[way]+float64(n), kept[way]+float64(n)-lost
		}
	}
	e := evenness{seconds: len(through)}
	if e.seconds < evenSeconds {
		return evenness{}
	}
	chance := 0.0 // n p (1-p) of a second
	for _, way := range ways {
		if sent[way] > 0 {
			chance += kept[way] * (1 - kept[way]/sent[way]) / float64(e.seconds)
			e.of += sent[way] / float64(e.seconds)
		}
	}
	mean, variance := withoutOne(through)
	if mean <= 0 || mean > e.of*(1-evenLoss/2) {
		return evenness{} // what was lost was lost in a second or two
	}
	e.through, e.variance = mean, variance/chance
	return e
}

// passingAll is what was sent on some ways in a second, and what of it was lost.
func passingAll(s facts.Second, ways []Way) (sent int, lost float64) {
	for _, way := range ways {
		n, l := passing(s, way)
		sent, lost = sent+n, lost+l
	}
	return sent, lost
}

// passing is what was sent on a way in a second and what of it was lost, of all calls
// where that is known: together they run into a limit.
func passing(s facts.Second, way Way) (sent int, lost float64) {
	all := map[Way]*facts.SecondCount{Up: s.CallsUp, Down: s.CallsDown}[way]
	if all != nil {
		return all.Sent, float64(all.Lost)
	}
	side := sideOf(s, way)
	if side == nil || side.LossPercent == nil {
		return 0, 0
	}
	return side.Sent, lostIn(s, way)
}

const (
	window = 10  // packets of which facts.Dispersion counts the losses
	evenly = 0.6 // more of chance's variance is no limit of rate, however surely it is less
	sure   = 3.1 // standard deviations: once in a thousand calls by chance
	likely = 2.3 // once in a hundred
)

// isEven says that losses are spread more evenly over windows of some packets than chance
// spreads them, by so many standard deviations of that variance.
func isEven(d *facts.Direction, deviations float64) bool {
	if d == nil || d.Burst.Dispersion == nil || d.LossPercent == nil {
		return false
	}
	p, n := portion(d.LossPercent), float64(d.Burst.Dispersion.Windows)
	if p <= 0 || p >= 1 || n < 1 {
		return false
	}
	kurtosis := (1 - 6*p*(1-p)) / (window * p * (1 - p)) // of a binomial distribution, beyond the normal one's
	return d.Burst.Dispersion.Ratio <= min(evenly, 1-deviations*math.Sqrt((2+max(0, kurtosis))/n))
}

// lossIsEven is the sign that nearly the same number of packets gets through in
// every second, or of every few packets, which chance does not do.
func lossIsEven(m matter) (string, float64) {
	if d := direction(m.result.Voice, m.way); isEven(d, sure) {
		return fmt.Sprintf("they are spread far more evenly than by chance (of every %d packets the number lost varies by %s of that)",
			window, Figure(math.Round(percent*d.Burst.Dispersion.Ratio), "%")), 1
	}
	e := m.even(m.way)
	if e.seconds < sureSeconds || e.variance > proven(e.seconds) {
		return "", 0
	}
	return fmt.Sprintf("in every second nearly the same number gets through (%.0f of %.0f%s)", e.through, e.of, e.words), 1
}

// mayBeLimited says that losses are so even that a limit of rate may make them:
// who is to blame for lost packets cannot be told then, unless a rule about such
// a limit holds. One limit may count both ways: then it drops what comes the other way too.
func (j *judge) mayBeLimited(way Way) bool {
	return j.mayBeLimitedOn(way) || way == Up && j.mayBeLimitedOn(Down) || way == Down && j.mayBeLimitedOn(Up)
}

func (j *judge) mayBeLimitedOn(way Way) bool {
	if _, share := oneByOne(matter{judge: j, way: way}); share == 0 {
		return false
	}
	e := j.even(way)
	return e.seconds > 0 && e.variance <= suspect(e.seconds) || isEven(direction(j.result.Voice, way), likely)
}

// withoutOne are the mean and the variance of all values but the one farthest
// from the others: other traffic under the same limit disturbs single seconds.
func withoutOne(all []float64) (mean, variance float64) {
	least := math.Inf(1)
	for skip := range all {
		var sum, squares float64
		for i, x := range all {
			if i != skip {
				sum, squares = sum+x, squares+x*x
			}
		}
		n := float64(len(all) - 1)
		if v := squares/n - sum/n*sum/n; v < least {
			least, mean, variance = v, sum/n, v
		}
	}
	return mean, variance
}

// checksLostAlike is the sign that a similar share of the checks is lost.
func checksLostAlike(m matter) (string, float64) {
	rtt, d := m.result.Voice.RTT, direction(m.result.Voice, m.way)
	if rtt == nil || rtt.Source != facts.RTTStun || rtt.Samples+rtt.Lost < enoughPings {
		return "", 0
	}
	share := float64(rtt.Lost) / float64(rtt.Samples+rtt.Lost)
	if share < portion(d.LossPercent)*badShare {
		return "", 0
	}
	return fmt.Sprintf("so are %s of the checks, which share their port", Figure(math.Round(percent*share), "%")), 1
}
