package thresholds

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"netready/probe/facts"
)

// A machine is busy beyond these: it sends late and reads late.
const (
	busyCPUPercent = 90
	lateSendMS     = 20 // a whole packet time
	// tooManyPercent is the share of packets that a busy machine may affect before a
	// run that kept every limit has no verdict: what the limit of loss allows.
	tooManyPercent = 1
	// sleptS is the least pause of this program, in seconds, that makes a call
	// unreliable; shorter ones do where they make one packet in a hundred late.
	sleptS = 1
	// throttledShare is the least share of the call for which a quota of processor
	// time, or the host of a virtual machine, has to keep this machine waiting.
	throttledShare = 0.1
	// toldFrom is the share of packets from which lateness is reported where no
	// limit is broken.
	toldFrom = 0.05
)

// staysInside is the sign that the call did not leave this computer.
func staysInside(m matter) (string, float64) {
	if !m.staysInside() {
		return "", 0
	}
	return "the call did not leave it", 1
}

func (j *judge) staysInside() bool { return IsSelfTest(j.result) }

// wasBusy is the sign that this machine was too busy, and that this can make the
// figure bad.
func wasBusy(m matter) (string, float64) {
	if m.kind == figureMatter && !m.isBentByPC(m.key, m.way) {
		return "", 0
	}
	words := "it was too busy to send and receive in time"
	seen := m.busyWords()
	if seen == "" && m.isBentBySeconds(m.key, m.way) {
		seen = m.busySecondsWords()
	}
	if seen += m.besideWords(); seen != "" {
		words += " (" + strings.TrimPrefix(seen, "; ") + ")"
	}
	return words + "; test again with other programs closed before blaming the network", 1
}

// busyWords are what shows that this machine was busy.
func (j *judge) busyWords() string {
	switch {
	case j.spoiltWords() != "":
		return j.spoiltWords()
	case j.sendsLate():
		return lowerFirst(j.lateWords())
	case j.isCPUBusy():
		return fmt.Sprintf("its processors were %s busy", Figure(*j.result.Machine.CPUBusyPercent, "%"))
	}
	for _, d := range []*facts.Direction{j.result.Voice.Down, j.result.Voice.Loop} {
		if u := unreliableBy(d, facts.UnreliablePC); u != nil {
			return u.Text
		}
	}
	return ""
}

// spoiltWords say how this machine disturbed the call so much that not even a
// limit that was kept can be relied on, "" where it did not.
func (j *judge) spoiltWords() string {
	v := j.result.Voice
	if !j.asked(facts.PartVoice) || j.staysInside() {
		return ""
	}
	if seen := cmp.Or(j.sleptWords(), j.heldUpWords()); seen != "" {
		return seen
	}
	if u := unreliableBy(v.Up, facts.UnreliablePC); u != nil && float64(u.Packets) > toldFrom*float64(v.Up.Sent) {
		return u.Text
	}
	if d := v.Down; d != nil && d.Sent > 0 && percent*float64(d.SocketDropped)/float64(d.Sent) > tooManyPercent {
		return fmt.Sprintf("its socket dropped %d packets that had arrived", d.SocketDropped)
	}
	if j.sendsLate() {
		return lowerFirst(j.lateWords())
	}
	return ""
}

// sleptWords say that this machine or program did not run for a time.
func (j *judge) sleptWords() string {
	pc := j.result.Voice.PC
	if pc == nil {
		return ""
	}
	for _, s := range pc.Sleeps {
		if s.ForS < sleptS {
			continue
		}
		who := "this program did not run"
		if s.Code == facts.SleepSuspended {
			who = "it slept (standby)"
		}
		return fmt.Sprintf("%s for %s at %s of the call", who, Figure(s.ForS, "s"), clock(s.AtS))
	}
	return ""
}

// wasSuspended says that this machine was in standby in the middle of the call.
func (j *judge) wasSuspended() bool {
	pc := j.result.Voice.PC
	return pc != nil && slices.ContainsFunc(pc.Sleeps, func(s facts.Sleep) bool { return s.Code == facts.SleepSuspended && s.ForS >= sleptS })
}

func (j *judge) isSpoilt() bool { return j.spoiltWords() != "" }

func (j *judge) lateWords() string {
	return fmt.Sprintf("This computer sent one packet in a hundred more than %s late", Figure(*j.latenessMS(), "ms"))
}

// latenessMS is by how much one packet in a hundred left late, nil where it is not
// known.
func (j *judge) latenessMS() *float64 {
	if l := j.result.Voice.SendLatenessMS; l != nil {
		return l.P99
	}
	return nil
}

// hardly is how many times more packets must be bad than a busy machine affected,
// for the figure to count as the network's.
const hardly = 10

// isHardlySpoilt says that a busy machine affected too few packets to change what
// a figure says: ten times as many are bad, or enough to break the limit even if all that it
// affected were good. Jitter, of which each packet has a part, is spoilt by a tenth of what
// is told of a busy machine.
func (j *judge) isHardlySpoilt(key Key, d *facts.Direction) bool {
	if d == nil || key == RTT || d.Sent == 0 {
		return false
	}
	spoilt := 0
	for _, u := range d.Unreliable {
		if u.Packets == 0 {
			return false // of an earlier version, which did not count them
		}
		spoilt += u.Packets
	}
	switch {
	case spoilt == 0:
		return false
	case key == Jitter:
		return float64(spoilt) < toldFrom/hardly*float64(d.Sent)
	}
	return badPackets(key, d) >= hardly*spoilt || j.breaksWithout(key, d, spoilt)
}

// breaksWithout says whether a figure breaks its limit even if so many of the packets that
// make it bad were good. A MOS does where the loss or the discards that make it low do.
func (j *judge) breaksWithout(key Key, d *facts.Direction, spoilt int) bool {
	if key == MOS {
		key = j.mosBy(d)
	}
	of, rest := d.Sent, badPackets(key, d)-spoilt
	if key == Order {
		of = d.Received // only what arrives has an order
	}
	if of == 0 {
		return false
	}
	others := percent * float64(rest) / float64(of)
	switch key {
	case Loss, Discards:
		return j.breaks(key, &others)
	case Order:
		return j.breaks(key, new(percent-others))
	case Jitter, MOS, RTT:
	}
	return false // packets do not tell
}

// badPackets is how many packets make a figure bad.
func badPackets(key Key, d *facts.Direction) int {
	count := func(n *int) int {
		if n == nil {
			return 0
		}
		return *n
	}
	switch key {
	case Discards:
		return count(d.Discarded)
	case Order:
		return count(d.Reordered)
	case MOS:
		return d.Lost + count(d.Discarded)
	case Loss, Jitter, RTT:
	}
	return d.Lost
}

// isBentByPC says whether this machine's load can have made this figure bad.
func (j *judge) isBentByPC(key Key, way Way) bool {
	if j.isClearedBySeconds(key, way) {
		return false
	}
	if d := j.directionOrLoop(way); unreliableBy(d, facts.UnreliablePC) != nil && key != RTT && !j.isHardlySpoilt(key, d) {
		return true
	}
	return j.isPCBusy() && j.couldBePC(key, way) || j.isBentBySeconds(key, way)
}

// couldBePC says whether a busy machine can make this figure bad. It cannot lose a
// packet that has left; one that has arrived is lost only where its socket
// overflows, which the kernel counts. Load does not delay the kernel's receive
// stamps either; only the send stamp is the program's.
func (j *judge) couldBePC(key Key, way Way) bool {
	v := j.result.Voice
	d := direction(v, way)
	switch {
	case j.isClearedBySeconds(key, way):
		return false
	case j.wasSuspended():
		return true // nobody received what arrived meanwhile
	case key == RTT:
		return v.Down == nil || !v.Down.KernelStamps
	case d == nil || way == Down && d.Sent > 0 && percent*float64(d.SocketDropped)/float64(d.Sent) > tooManyPercent && !j.isHardlySpoilt(key, d):
		return true
	}
	lossOnly := key == Loss || key == Order || key == MOS && d.DiscardPercent != nil && *d.DiscardPercent == 0
	if !lossOnly && j.isSpoilt() {
		return true // a system too busy to send is too busy to stamp
	}
	// Busy processors do no harm where every packet left in time.
	if way != Down && !lossOnly && (j.sendsLate() || j.latenessMS() == nil) {
		return true
	}
	return way != Up && !d.KernelStamps
}

// readsLate says that the answers which the round trip was measured by may have waited for this
// machine as its packets did: nothing stamped them when they came.
func (j *judge) readsLate(key Key) bool {
	down := j.result.Voice.Down
	return key == RTT && down != nil && !down.KernelStamps && unreliableBy(down, facts.UnreliablePC) != nil && !j.isHardlySpoilt(Discards, down)
}

func (j *judge) isPCBusy() bool {
	return j.sendsLate() || j.isCPUBusy() || j.heldUpWords() != "" || j.sleptWords() != ""
}

// heldUpWords say who kept this machine from running, "" where nobody did.
func (j *judge) heldUpWords() string {
	v := j.result.Voice
	switch pc := v.PC; {
	case pc == nil:
	case pc.ThrottledMS != nil && v.DurationS > 0 && *pc.ThrottledMS > throttledShare*1000*v.DurationS:
		return fmt.Sprintf("a quota of processor time kept it waiting for %s of %s", Figure(*pc.ThrottledMS/1000, "s"), Figure(v.DurationS, "s"))
	case pc.StealPercent != nil && *pc.StealPercent > percent*throttledShare && j.sendsLate():
		return fmt.Sprintf("the host of this virtual machine gave %s of the processor time to others", Figure(*pc.StealPercent, "%"))
	}
	return ""
}

func (j *judge) sendsLate() bool {
	p99 := j.latenessMS()
	return p99 != nil && *p99 > lateSendMS
}

func (j *judge) isCPUBusy() bool {
	c := j.result.Machine.CPUBusyPercent
	return c != nil && *c > busyCPUPercent
}

// unsentPings is the least number of pings of the gateway that this machine could
// not send from which a fault of its own interface is assumed.
const unsentPings = 3

// interfaceIsFull is the sign that this machine itself dropped packets that it
// should send: pings of the gateway during the call, at least half as often as
// packets of the call were lost or, since packets wait in such a queue, late.
func interfaceIsFull(m matter) (string, float64) {
	g, d := m.gateway(), m.directionOrLoop(m.way)
	if g == nil || d == nil || m.way == Down || g.NoRoom < unsentPings {
		return "", 0
	}
	run := 1.0
	if d.Burst.BurstR != nil {
		run = *d.Burst.BurstR
	}
	bad, share := g.NoRoom, portion(d.LossPercent)
	if discards := portion(d.DiscardPercent); m.key == Discards || m.key == MOS && discards > share {
		bad, share = g.Late, discards
	}
	if weigh(bad, g.Samples+g.Lost, share, run) != inLAN {
		return "", 0
	}
	return fmt.Sprintf("its own interface had no room for %d of %d pings of the gateway during the call", g.NoRoom, g.Samples+g.Lost), 1
}

// farEndWasBusy is the sign that the responder was too busy, by its own stamps
// and counts. It explains as many of the bad packets as it affected; jitter from the
// share of packets on that is told of a busy machine.
func farEndWasBusy(m matter) (string, float64) {
	d := m.directionOrLoop(m.way)
	u := unreliableBy(d, facts.UnreliableResponder)
	switch {
	case u == nil || m.finding >= 0 && !m.isSpoiltFigure():
		return "", 0
	case m.kind == warningMatter && (d.Sent == 0 || float64(u.Packets)/float64(d.Sent) < toldFrom):
		return "", 0
	case m.kind == warningMatter, u.Packets == 0, d.Sent == 0: // an earlier version did not count them
		return u.Text, 1
	}
	bad := toldFrom * float64(d.Sent)
	if m.key != Jitter && m.key != RTT {
		bad = float64(badPackets(m.key, d))
	}
	return u.Text, min(1, float64(u.Packets)/max(bad, 1))
}

// unreliableBy is what a direction says about a busy machine, nil where it says
// nothing.
func unreliableBy(d *facts.Direction, code string) *facts.Unreliable {
	if d == nil {
		return nil
	}
	if i := slices.IndexFunc(d.Unreliable, func(u facts.Unreliable) bool { return u.Code == code }); i >= 0 {
		return &d.Unreliable[i]
	}
	return nil
}

// directionOrLoop is that way of the reported call, or both together where only
// that is known.
func (j *judge) directionOrLoop(way Way) *facts.Direction {
	if d := direction(j.result.Voice, way); d != nil {
		return d
	}
	return j.result.Voice.Loop
}
