package thresholds

import "slices"

// figures says that a rule can explain these figures, or all where none are named,
// if packets arrived at all.
func figures(keys ...Key) func(matter) bool {
	return func(m matter) bool {
		if m.kind != figureMatter || m.isSilent() {
			return false
		}
		return len(keys) == 0 || slices.Contains(keys, m.key)
	}
}

func anyOf(all ...func(matter) bool) func(matter) bool {
	return func(m matter) bool {
		return slices.ContainsFunc(all, func(is func(matter) bool) bool { return is(m) })
	}
}

func allOf(all ...func(matter) bool) func(matter) bool {
	return func(m matter) bool {
		return !slices.ContainsFunc(all, func(is func(matter) bool) bool { return !is(m) })
	}
}

func isHost(m matter) bool    { return m.kind == hostMatter }
func isEnd(m matter) bool     { return m.kind == endMatter }
func isRow(m matter) bool     { return m.kind == rowMatter }
func isSession(m matter) bool { return m.kind == sessionMatter }
func isWifi(m matter) bool    { return m.isWifi() }
func isNotWifi(m matter) bool { return !m.isWifi() }
func nothing(matter) bool     { return false }

// rowsOrSilence is what a closed port explains: failed rows, and a call of which
// nothing arrives in one direction.
func rowsOrSilence(m matter) bool {
	return isRow(m) || m.kind == oneWayMatter || m.kind == figureMatter && m.isSilent() && len(m.failed()) > 0
}

// isSilent says that nothing arrived on the figure's way: then the path is closed,
// and not bad.
func (m matter) isSilent() bool {
	d := direction(m.result.Voice, m.way)
	return m.key != RTT && d != nil && d.Sent > 0 && d.Received == 0
}
