package report

import (
	"fmt"
	"strconv"
	"strings"

	"netready/thresholds"
)

// LimitsText writes limits in one line, as in "jitter_ms below 30; …".
func LimitsText(l thresholds.Limits) string {
	var parts []string
	for _, n := range namedLimits(&l) {
		switch {
		case n.limit.Below != nil:
			parts = append(parts, n.name+" below "+digits(*n.limit.Below))
		case n.limit.AtLeast != nil:
			parts = append(parts, n.name+" at_least "+digits(*n.limit.AtLeast))
		}
	}
	return strings.Join(parts, "; ")
}

// ParseLimits reads what LimitsText wrote.
func ParseLimits(s string) (thresholds.Limits, error) {
	var l thresholds.Limits
	places := namedLimits(&l)
	for part := range strings.SplitSeq(s, ";") {
		fields := strings.Fields(part)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 3 {
			return l, fmt.Errorf("%q is no limit", strings.TrimSpace(part))
		}
		bound, err := strconv.ParseFloat(fields[2], 64)
		if err != nil {
			return l, fmt.Errorf("the limit %q has no number", strings.TrimSpace(part))
		}
		for _, n := range places {
			switch {
			case n.name == fields[0] && fields[1] == "below":
				n.limit.Below = &bound
			case n.name == fields[0] && fields[1] == "at_least":
				n.limit.AtLeast = &bound
			}
		}
	}
	return l, nil
}

// namedLimit is a limit under its name in the thresholds file.
type namedLimit struct {
	name  string
	limit *thresholds.Limit
}

func namedLimits(l *thresholds.Limits) []namedLimit {
	return []namedLimit{
		{"jitter_ms", &l.JitterMS},
		{"loss_percent", &l.LossPercent},
		{"discard_percent", &l.DiscardPercent},
		{"in_order_percent", &l.InOrderPercent},
		{"rtt_avg_ms", &l.RTTAvgMS},
		{"mos", &l.MOS},
	}
}

// limitsColumn tells by which limits a run was judged.
func limitsColumn() Column {
	return Column{
		Name:  "Limits",
		Value: func(r *Report) any { return textOrNil(LimitsText(r.Limits)) },
		set: func(r *Report, v any) {
			if l, err := ParseLimits(v.(string)); err == nil {
				r.Limits = l
			}
		},
	}
}
