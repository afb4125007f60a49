package pc

import (
	"strconv"
	"strings"
)

// parsePressure reads the time in which at least one runnable program waited, in
// seconds, from a file of /proc/pressure.
func parsePressure(text string) *float64 {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "some" {
			continue
		}
		for _, f := range fields[1:] {
			if v, ok := strings.CutPrefix(f, "total="); ok {
				return scaled(v, 1e-6)
			}
		}
	}
	return nil
}

// parseThrottled reads the time in which a quota kept a control group waiting, in
// seconds, from its cpu.stat: of version 2 in microseconds, of version 1 in
// nanoseconds.
func parseThrottled(text string) *float64 {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 2 {
			continue
		}
		switch fields[0] {
		case "throttled_usec":
			return scaled(fields[1], 1e-6)
		case "throttled_time":
			return scaled(fields[1], 1e-9)
		}
	}
	return nil
}

func scaled(number string, by float64) *float64 {
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return nil
	}
	return new(float64(n) * by)
}

// parseGroup reads the path of this program's control group from
// /proc/self/cgroup: that of version 2, or of version 1's processor time.
func parseGroup(text string) (path string, isV2, ok bool) {
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 || !strings.HasPrefix(parts[2], "/") {
			continue
		}
		if parts[0] == "0" && parts[1] == "" && !ok {
			path, isV2, ok = parts[2], true, true
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			if controller == "cpu" {
				return parts[2], false, true
			}
		}
	}
	return path, isV2, ok
}

// parseUDP reads how many datagrams were dropped because a buffer was full from
// /proc/net/snmp, in which a line of names is followed by a line of values, and from
// /proc/net/snmp6, which has a name and a value in each line.
func parseUDP(snmp, snmp6 string) *udpErrors {
	var names []string
	var all udpErrors
	found := false
	for line := range strings.Lines(snmp) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "Udp:" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		for i, name := range names[:min(len(names), len(fields))] {
			found = all.add(name, fields[i]) || found
		}
		break
	}
	for line := range strings.Lines(snmp6) {
		if fields := strings.Fields(line); len(fields) == 2 {
			if name, ok := strings.CutPrefix(fields[0], "Udp6"); ok {
				found = all.add(name, fields[1]) || found
			}
		}
	}
	if !found {
		return nil
	}
	return &all
}

func (u *udpErrors) add(name, value string) bool {
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err != nil || n < 0:
		return false
	case name == "SndbufErrors":
		u.send += n
	case name == "RcvbufErrors":
		u.receive += n
	default:
		return false
	}
	return true
}
