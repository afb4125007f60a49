package capture

import "time"

const (
	// misorder is how far back a sequence number may be and still be of a late packet,
	// and how far ahead without further checks: MAX_MISORDER of RFC 3550 A.1.
	misorder = 100
	// lateFor is how long late packets of the part before are awaited, and after what
	// time a number that returns is not a copy.
	lateFor = int64(2 * time.Second)
	// glimpse is how many later packets decide whether a packet is a new beginning or
	// belongs nowhere.
	glimpse = 20
	// minReplayed is how many numbers of a short clip must return in a row to show that
	// the clip is played again.
	minReplayed = 3
)

// A part is a run of sequence numbers in which the sender did not begin again.
type part struct {
	packets []packet
	highest packet
	latest  int64   // arrival of its last packet
	recent  *recent // nil once the sender has left the part for good
}

// recent are the latest packets of a part, by sequence number.
type recent struct {
	seen   [2 * misorder]packet
	filled [2 * misorder]bool
}

func (p *part) add(k packet) {
	if len(p.packets) == 0 || int16(k.seq-p.highest.seq) > 0 {
		p.highest = k
	}
	p.latest = max(p.latest, k.at)
	p.packets = append(p.packets, k)
	slot := int(k.seq) % (2 * misorder)
	if _, again := p.copyOf(k); !again {
		p.recent.seen[slot], p.recent.filled[slot] = k, true
	}
}

// copyOf finds the packet that came with this number before.
func (p *part) copyOf(k packet) (packet, bool) {
	slot := int(k.seq) % (2 * misorder)
	return p.recent.seen[slot], p.recent.filled[slot] && p.recent.seen[slot].seq == k.seq
}

// ahead is how far beyond the highest number a packet is.
func (p *part) ahead(k packet) int { return int(int16(k.seq - p.highest.seq)) }

// off is how far a packet's timestamp is from where the part's would be.
func (p *part) off(k packet, step uint32) int64 { return offLine(p.highest, k, step) }

func offLine(a, b packet, step uint32) int64 {
	d := int64(int32(b.timestamp - a.timestamp - uint32(int32(int16(b.seq-a.seq)))*step))
	return max(d, -d)
}

// splitter cuts a track where the sender began again.
type splitter struct {
	all   []packet
	ptime time.Duration // 0: not known
	step  uint32        // of the timestamp, 0: not known
	parts []*part
	stray int // packets that belong nowhere
}

// split cuts a track where the sender began again with another sequence number (RFC 3550
// A.1): more than misorder back, or further ahead than the time that passed allows, and
// others continue from there. A number that returns with another timestamp, or seconds
// later, is not a copy. A single number far from all others is counted as stray.
func (t *track) split(ptime time.Duration, step uint32) (parts [][]packet, stray int) {
	if inOrder(t.packets) {
		return [][]packet{t.packets}, 0
	}
	s := splitter{all: t.packets, ptime: ptime, step: step}
	for i, k := range t.packets {
		s.place(i, k)
	}
	for _, p := range s.parts {
		if len(p.packets) == 1 && len(s.parts) > 1 {
			s.stray++
			continue
		}
		parts = append(parts, p.packets)
	}
	if parts == nil {
		parts = append(parts, s.parts[0].packets)
	}
	return parts, s.stray
}

// place puts a packet into its part.
func (s *splitter) place(i int, k packet) {
	if i == 0 {
		s.begin(k)
		return
	}
	now := s.parts[len(s.parts)-1]
	if old := s.older(now, k); old != nil {
		old.add(k)
		return
	}
	switch {
	case s.continues(now, k):
		if s.restarted(i, now, k) {
			s.begin(k)
			return
		}
		if s.returned(now, k) {
			s.stray++
			return
		}
		now.add(k)
	case s.follows(i, now, k):
		s.begin(k)
	default:
		s.stray++
	}
}

func (s *splitter) begin(k packet) {
	p := &part{recent: &recent{}}
	p.add(k)
	if n := len(s.parts); n >= 2 {
		s.parts[n-2].recent = nil
	}
	s.parts = append(s.parts, p)
}

// older is the part before, if a packet is a late one of that part and not one of the
// present part.
func (s *splitter) older(now *part, k packet) *part {
	if len(s.parts) < 2 {
		return nil
	}
	old := s.parts[len(s.parts)-2]
	ahead, nearer := old.ahead(k), now.ahead(k)
	if k.at-old.latest > lateFor || abs(ahead) > misorder {
		return nil
	}
	if _, seen := old.copyOf(k); seen && abs(nearer) <= misorder {
		return nil
	}
	if abs(nearer) > misorder {
		return old
	}
	offOld, offNow := old.off(k, s.step), now.off(k, s.step)
	tolerance := 10 * int64(s.step)
	if s.step > 0 && abs(offOld-offNow) > tolerance {
		if offOld < offNow {
			return old
		}
		return nil
	}
	if ahead < 0 && nearer > 10 && -ahead < nearer {
		return old // the same clip: a number that the old part lacks
	}
	return nil
}

func abs[N int | int64](n N) N { return max(n, -n) }

// continues says whether a packet may belong to the present part: near its highest number,
// or ahead of it by as much as may have been lost since.
func (s *splitter) continues(now *part, k packet) bool {
	ahead := now.ahead(k)
	if ahead <= misorder {
		return ahead >= -misorder
	}
	elapsed := time.Duration(k.at - now.highest.at)
	if s.ptime <= 0 {
		return ahead <= maxStep
	}
	missing := time.Duration(ahead) * s.ptime
	slack := max(2*time.Second, missing/5)
	if ahead <= maxStep {
		return missing-elapsed <= slack
	}
	return (elapsed - missing).Abs() <= slack // the path was down
}

// follows says whether the sender continued from a packet that is far from the present
// part: of the packets after it, more are near it than continue the old numbers.
func (s *splitter) follows(i int, now *part, k packet) bool {
	here, there := 0, 0
	for _, next := range s.all[i+1 : min(len(s.all), i+1+glimpse)] {
		near, far := abs(int(int16(next.seq-k.seq))), abs(now.ahead(next))
		switch {
		case near < far && near <= glimpse+misorder && near > 0:
			here++
		case far <= misorder:
			there++
		}
	}
	return here > 0 && here >= there
}

// restarted says whether the sender began again at most misorder numbers back: the numbers
// return with other timestamps, or one after the other at the pace of a clip that is
// played again.
func (s *splitter) restarted(i int, now *part, k packet) bool {
	ahead := now.ahead(k)
	if k.event() || k.kind() != now.highest.kind() {
		return false // these count time in another way
	}
	first, seen := now.copyOf(k)
	if ahead > 0 || !seen && (s.step == 0 || !s.jumped(now, k)) {
		return false
	}
	if s.jumped(now, k) && (!seen || first.timestamp != k.timestamp) {
		return s.newLine(i, now, k)
	}
	if first.timestamp != k.timestamp {
		return s.step == 0 && s.follows(i, now, k)
	}
	clip := time.Duration(-ahead) * s.ptime
	return s.ptime > 0 && -ahead+1 >= minReplayed && time.Duration(k.at-first.at) >= clip*8/10 && s.isReplayed(i, now, k)
}

// isReplayed says whether the numbers after a copy return too, at the pace of a sender,
// while the highest numbers do not continue.
func (s *splitter) isReplayed(i int, now *part, k packet) bool {
	run, last := 1, k
	for _, next := range s.all[i+1 : min(len(s.all), i+1+glimpse)] {
		d := int16(next.seq - last.seq)
		paced := time.Duration(next.at-last.at) >= time.Duration(d)*s.ptime/2
		switch {
		case now.ahead(next) > 0:
			return false
		case d > 0 && d <= 10 && paced && offLine(k, next, s.step) <= 2*int64(s.step):
			run, last = run+1, next
		}
		if run == minReplayed {
			return true
		}
	}
	return false
}

// jumped says whether a packet's timestamp is far from what its number predicts.
func (s *splitter) jumped(now *part, k packet) bool {
	return s.step > 0 && now.off(k, s.step) > 10*int64(s.step)
}

// newLine says whether the packets after this one count time as it does, and not as the
// packets before it.
func (s *splitter) newLine(i int, now *part, k packet) bool {
	here, there := 0, 0
	for _, next := range s.all[i+1 : min(len(s.all), i+1+glimpse)] {
		if offLine(k, next, s.step) < now.off(next, s.step) {
			here++
		} else {
			there++
		}
	}
	return here > there
}

// returned says whether a number came before with another timestamp, or
// seconds ago: no network makes such copies.
func (s *splitter) returned(now *part, k packet) bool {
	first, seen := now.copyOf(k)
	return seen && (first.timestamp != k.timestamp || k.at-first.at >= lateFor)
}

// inOrder says whether the numbers never go back or far ahead.
func inOrder(packets []packet) bool {
	for i := 1; i < len(packets); i++ {
		if d := int16(packets[i].seq - packets[i-1].seq); d <= 0 || d > misorder {
			return false
		}
	}
	return true
}
