package stream

import "slices"

// lossWindow is the number of packets in a row whose worst loss is reported.
const lossWindow = 100

// Bounds of BurstR: G.107 asks for 1 and more, and knows no data above 8.
const (
	minBurstR = 1
	maxBurstR = 8
)

// A run is a stretch of missing sequence numbers, from first to last.
type run struct{ first, last int64 }

func (r run) length() int64 { return r.last - r.first + 1 }

// missing lists the runs of the numbers 0 to sent-1 that are not in present,
// which is sorted.
func missing(present []int64, sent int) []run {
	var runs []run
	next := int64(0)
	for _, seq := range append(slices.Clip(present), int64(sent)) {
		if seq > next {
			runs = append(runs, run{next, seq - 1})
		}
		next = seq + 1
	}
	return runs
}

// together lists the runs of sorted sequence numbers.
func together(seqs []int64) []run {
	var runs []run
	for _, seq := range seqs {
		if n := len(runs); n > 0 && seq == runs[n-1].last+1 {
			runs[n-1].last = seq
		} else {
			runs = append(runs, run{seq, seq})
		}
	}
	return runs
}

// longest is the length of the longest run.
func longest(runs []run) int {
	most := int64(0)
	for _, r := range runs {
		most = max(most, r.length())
	}
	return int(most)
}

// burstR is G.107's burst ratio: the mean length of the runs, divided by the mean
// length if the same share were missing at random, 1/(1-Ppl). nil where nothing was
// sent.
func burstR(runs []run, sent int) *float64 {
	if sent == 0 {
		return nil
	}
	n := int64(0)
	for _, r := range runs {
		n += r.length()
	}
	if n < 2 {
		return new(float64(minBurstR))
	}
	mean := float64(n) / float64(len(runs))
	return new(min(max(mean*(1-float64(n)/float64(sent)), minBurstR), maxBurstR))
}

// worstWindow is the largest share of loss in any lossWindow packets in a row; nil
// where fewer were sent. It is enough to look at windows that end with a run: a
// worst window can be moved until it does, or until it ends with the stream, and
// loses none of its losses.
func worstWindow(lost []run, sent int) *float64 {
	if sent < lossWindow {
		return nil
	}
	worst := int64(0)
	from := 0
	for i, r := range lost {
		// The window that ends with this run, or as near as the stream lets it.
		start := max(r.last-lossWindow+1, 0)
		for lost[from].last < start {
			from++
		}
		n := int64(0)
		for _, other := range lost[from : i+1] {
			n += min(other.last, start+lossWindow-1) - max(other.first, start) + 1
		}
		worst = max(worst, n)
	}
	return share(int(worst), lossWindow)
}

const (
	evenWindow  = 10 // packets: some ten of these are a second or two
	evenWindows = 20 // fewer tell nothing
)

// dispersion of the losses from the first one on: a limit of rate begins with spare tokens.
// nil where that is too short, or all is lost.
func dispersion(lost []run, sent int) *Dispersion {
	if len(lost) == 0 {
		return nil
	}
	first := lost[0].first
	windows := (sent - int(first)) / evenWindow
	if windows < evenWindows {
		return nil
	}
	sum, squares := inWindows(lost, first, first+int64(windows)*evenWindow)
	mean := sum / float64(windows)
	chance := mean * (1 - mean/evenWindow)
	if chance == 0 {
		return nil
	}
	return &Dispersion{Windows: windows, Ratio: (squares/float64(windows) - mean*mean) / chance}
}

// inWindows adds up how many packets are lost in each window from begin to end, and the squares of
// that. It keeps no window: an outage may be as long as any sequence number.
func inWindows(lost []run, begin, end int64) (sum, squares float64) {
	window, in := int64(0), 0.0
	finish := func() { sum, squares, in = sum+in, squares+in*in, 0 }
	for _, r := range lost {
		for from, to := r.first-begin, min(r.last+1, end)-begin; from < to; {
			if at := from / evenWindow; at != window {
				finish()
				window = at
			}
			if whole := (to - from) / evenWindow; from%evenWindow == 0 && whole > 0 {
				n := float64(whole)
				sum, squares = sum+n*evenWindow, squares+n*evenWindow*evenWindow
				from += whole * evenWindow
				continue
			}
			next := min(to, (window+1)*evenWindow)
			in += float64(next - from)
			from = next
		}
	}
	finish()
	return sum, squares
}

// burst fills in how loss and discards cluster, and how sure their shares are.
func (m *Metrics) burst(p path, late []bool) {
	received := make([]int64, 0, m.Received)
	usable := make([]int64, 0, m.Received)
	var tooLate []int64
	for _, k := range p.early {
		received, usable = append(received, k.seq), append(usable, k.seq)
	}
	for i, k := range p.packets {
		received = append(received, k.seq)
		if late[i] {
			tooLate = append(tooLate, k.seq)
		} else {
			usable = append(usable, k.seq)
		}
	}
	slices.Sort(received)
	slices.Sort(usable)
	slices.Sort(tooLate)
	lost := missing(received, m.Sent)
	m.LossInterval = interval(lost, m.Sent)
	if m.Discard != nil {
		m.DiscardInterval = interval(together(tooLate), m.Sent)
	}
	m.LongestRun, m.WorstWindow = longest(lost), worstWindow(lost, m.Sent)
	m.Dispersion = dispersion(lost, m.Sent)
	m.BurstR = burstR(missing(usable, m.Sent), m.Sent)
}
