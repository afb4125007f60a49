package stream

import (
	"math"
	"slices"
	"time"
)

const (
	envelopeWindow = float64(2 * time.Second) // each gives one point of the envelope
	fewWindows     = 20                       // at least so many, with shorter windows
	manyWindows    = 300                      // at most so many, with longer windows
	minPackets     = 4                        // of a window
	minPoints      = 4                        // of a part: fewer fit a line of any slope
	slopeStep      = 10e-6                    // of the search
	slopeReach     = 60                       // steps to each side
	// An outlier is further from the line than this many standard deviations plus
	// the precision of stamps.
	outlier     = 4
	stampWorth  = float64(50 * time.Microsecond)
	halfOfSigma = 0.6745 // half of a normal distribution lies within so many standard deviations
)

// envelope is the lower edge of a stream's delay: of each part the points that
// its windows give.
type envelope struct {
	parts [][]point
	floor bool // the points are the fastest packets: none is below them
}

type point struct{ sent, transit float64 }

// A fit is a common slope and its standard error.
type fit struct{ slope, spread float64 }

// envelopeOf takes of each window the packet at a quantile of the transits, 0
// for the fastest.
func envelopeOf(packets []packet, cuts []int, quantile float64) envelope {
	e := envelope{floor: quantile == 0}
	all := packets[len(packets)-1].sent - packets[0].sent
	span := max(min(envelopeWindow, all/fewWindows), all/manyWindows)
	parts(len(packets), cuts, func(from, to int) {
		var points []point
		for from < to {
			end := from
			for end < to && packets[end].sent-packets[from].sent < span {
				end++
			}
			if end-from >= minPackets {
				window := slices.Clone(packets[from:end])
				slices.SortFunc(window, byTransit)
				k := window[rank(quantile, len(window))]
				points = append(points, point{k.sent, k.transit})
			}
			from = end
		}
		if len(points) >= minPoints {
			e.parts = append(e.parts, points)
		}
	})
	return e
}

// fit finds the slope on which half of the windows of each part agree best, since
// the other half may be in a queue (Rousseeuw's least median of squares), then
// improves it by least squares over all windows near it. Where the points are the
// fastest packets, the line below all of them is nearer to the truth.
func (e envelope) fit() fit {
	if len(e.parts) == 0 {
		return fit{spread: math.Inf(1)}
	}
	f := fit{slope: e.search()}
	for range 5 {
		f = leastSquares(e.near(f.slope), f.slope)
	}
	if e.floor && !math.IsInf(f.spread, 1) {
		f.slope = lineBelow(e.near(f.slope), f.slope-3*f.spread, f.slope+3*f.spread)
	}
	return f
}

// search tries slopes. Of several that fit equally well it takes the smallest, which
// is the most likely: a queue that fills during half of the call looks like skew.
func (e envelope) search() float64 {
	fits := make([]float64, 2*slopeReach+1)
	for i := range fits {
		fits[i], _ = e.misfit(float64(i-slopeReach) * slopeStep)
	}
	enough := slices.Min(fits)*1.3 + float64(5*time.Microsecond)
	for i := range slopeReach {
		for _, k := range []int{slopeReach + i, slopeReach - i} {
			if fits[k] <= enough && fits[k] <= fits[k-1] && fits[k] <= fits[k+1] {
				return float64(k-slopeReach) * slopeStep
			}
		}
	}
	return math.Copysign(slopeReach*slopeStep, fits[0]-fits[2*slopeReach])
}

// misfit is how far half of the windows are from a line of this slope, as the mean
// over the parts, and the level of each part's line.
func (e envelope) misfit(slope float64) (width float64, lines []float64) {
	n := 0.0
	for _, points := range e.parts {
		level := make([]float64, len(points))
		for i, p := range points {
			level[i] = p.transit - slope*p.sent
		}
		slices.Sort(level)
		w, line := shortestHalf(level)
		n += float64(len(points))
		width += (w - width) * float64(len(points)) / n
		lines = append(lines, line)
	}
	return width, lines
}

// shortestHalf is half the width and the middle of the narrowest interval that
// holds half of the sorted values.
func shortestHalf(sorted []float64) (width, middle float64) {
	half := len(sorted)/2 + 1
	width = math.Inf(1)
	for i := range len(sorted) - half + 1 {
		if w := (sorted[i+half-1] - sorted[i]) / 2; w < width {
			width, middle = w, (sorted[i+half-1]+sorted[i])/2
		}
	}
	return width, middle
}

// near gives the points of each part that are not outliers from its line.
func (e envelope) near(slope float64) [][]point {
	width, lines := e.misfit(slope)
	most := outlier*width/halfOfSigma + stampWorth
	kept := make([][]point, len(e.parts))
	for i, points := range e.parts {
		for _, p := range points {
			if math.Abs(p.transit-slope*p.sent-lines[i]) <= most {
				kept[i] = append(kept[i], p)
			}
		}
	}
	return kept
}

// leastSquares fits a common slope to parts with a level of their own each. It
// corrects a slope that is known roughly.
func leastSquares(parts [][]point, slope float64) fit {
	var xx, xy, yy float64
	free := -1
	for _, points := range parts {
		var x, y float64
		for _, p := range points {
			x += p.sent / float64(len(points))
			y += (p.transit - slope*p.sent) / float64(len(points))
		}
		for _, p := range points {
			dx, dy := p.sent-x, p.transit-slope*p.sent-y
			xx, xy, yy = xx+dx*dx, xy+dx*dy, yy+dy*dy
		}
		free += max(len(points)-1, 0)
	}
	if free < 1 || xx == 0 {
		return fit{slope, math.Inf(1)}
	}
	f := fit{slope: slope + xy/xx}
	left := max(yy-xy*xy/xx, 0)
	f.spread = math.Sqrt(left / float64(free) / xx * uneven(parts, f.slope))
	return f
}

// uneven is by how much the error is larger than with independent points: a queue
// moves several points in a row away from the line, which looks like a slope. It is
// (1+r)/(1-r) with the correlation r of neighbours.
func uneven(parts [][]point, slope float64) float64 {
	var same, next float64
	for _, points := range parts {
		mean := 0.0
		for _, p := range points {
			mean += (p.transit - slope*p.sent) / float64(len(points))
		}
		last := 0.0
		for _, p := range points {
			d := p.transit - slope*p.sent - mean
			same, next = same+d*d, next+d*last
			last = d
		}
	}
	if same == 0 || next <= 0 {
		return 1
	}
	r := min(next/same, 0.99)
	return (1 + r) / (1 - r)
}

// lineBelow is the slope, between two bounds, of the lines below all points of their
// parts with the smallest sum of distances to them. The sum is convex, so a ternary
// search finds its minimum.
func lineBelow(parts [][]point, low, high float64) float64 {
	above := func(slope float64) float64 {
		total := 0.0
		for _, points := range parts {
			least, sum := math.Inf(1), 0.0
			for _, p := range points {
				level := p.transit - slope*p.sent
				least, sum = min(least, level), sum+level
			}
			if len(points) > 0 {
				total += sum - least*float64(len(points))
			}
		}
		return total
	}
	const precision = 1e-9
	for range 100 {
		if high-low <= precision {
			break
		}
		a, b := low+(high-low)/3, high-(high-low)/3
		if above(a) <= above(b) {
			high = b
		} else {
			low = a
		}
	}
	return (low + high) / 2
}
