package thresholds

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"netready/probe/facts"
)

// Breaks are the limits that some of the calls break, the most important first,
// each with the worst figure. Shares are those of all calls together: one call has
// too few packets in some seconds, and one of many breaks a limit by chance.
func (l Limits) Breaks(v facts.Voice) []facts.Broken {
	type broken struct {
		facts.Broken
		rank int
	}
	worst := map[string]broken{}
	judge := func(up, down *facts.Direction, isShare bool) {
		v.Up, v.Down = up, down
		for _, m := range measures {
			if isShare != (m.Key == Loss || m.Key == Discards) {
				continue
			}
			for _, way := range m.Ways() {
				f := l.measure(facts.Result{Voice: v}, m, way)
				if f.Level != Fail || f.Got == nil || f.Limit == nil {
					continue
				}
				have, known := worst[f.What]
				if !known || m.AtLeast == (*f.Got < have.Got) && *f.Got != have.Got {
					worst[f.What] = broken{facts.Broken{What: f.What, Got: *f.Got, Limit: *f.Limit}, m.rank}
				}
			}
		}
	}
	for _, c := range v.PerCall {
		judge(c.Up, c.Down, false)
	}
	judge(together(v.PerCall, Up), together(v.PerCall, Down), true)
	all := make([]broken, 0, len(worst))
	for _, b := range worst {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b broken) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.What, b.What)) })
	out := []facts.Broken{}
	for _, b := range all {
		out = append(out, b.Broken)
	}
	return out
}

// together are the shares of one way of all calls.
func together(calls []facts.CallPair, way Way) *facts.Direction {
	var all facts.Direction
	discarded, isCounted := 0, true
	for _, c := range calls {
		if d := side(c, way); d != nil {
			all.Sent, all.Received, all.Lost = all.Sent+d.Sent, all.Received+d.Received, all.Lost+d.Lost
			if d.Discarded == nil {
				isCounted = false
			} else {
				discarded += *d.Discarded
			}
		}
	}
	if all.Sent > 0 {
		all.LossPercent = new(percent * float64(all.Lost) / float64(all.Sent))
	}
	if all.Sent > 0 && isCounted {
		all.DiscardPercent = new(percent * float64(discarded) / float64(all.Sent))
	}
	return &all
}

// GoodCalls is the number of calls in words: "12" or "12 or more".
func GoodCalls(c facts.Capacity) string {
	if c.AtLeast {
		return fmt.Sprintf("%d or more", *c.GoodCalls)
	}
	return fmt.Sprint(*c.GoodCalls)
}

// CapacityWords says how many calls the line carries, and what broke first.
func CapacityWords(c facts.Capacity) string {
	if c.GoodCalls == nil {
		return "not measured: " + c.Reason
	}
	text := GoodCalls(c) + " kept every limit"
	if len(c.Broke) > 0 {
		var first []string
		for _, b := range c.Broke[:min(2, len(c.Broke))] {
			first = append(first, brokenWords(b))
		}
		text += fmt.Sprintf("; with %d, what broke first: %s", fewestTooMany(c), strings.Join(first, ", "))
	}
	if c.Reason != "" {
		text += "; " + c.Reason
	}
	return text
}

// fewestTooMany is the smallest number of calls that broke a limit.
func fewestTooMany(c facts.Capacity) int {
	fewest := 0
	for _, s := range c.Steps {
		if len(s.Broken) > 0 && (fewest == 0 || s.Calls < fewest) {
			fewest = s.Calls
		}
	}
	return fewest
}

// brokenWords is a limit that broke: packet loss up 2.4 % instead of below 1 %.
func brokenWords(b facts.Broken) string {
	for _, m := range measures {
		for _, way := range m.Ways() {
			if m.What(way) != b.What {
				continue
			}
			limit := Limit{Below: &b.Limit}
			if m.AtLeast {
				limit = Limit{AtLeast: &b.Limit}
			}
			return fmt.Sprintf("%s %s instead of %s", m.title(way), FigureBy(b.Got, m.Unit, limit), limit.Words(m.Unit))
		}
	}
	return b.What
}
