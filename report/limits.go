package report

import (
	"fmt"
	"strconv"
	"strings"

	"netready/thresholds"
)

// limitsText writes limits in one line, as in "jitter_ms below 30; …".
func limitsText(l thresholds.Limits) string {
	var parts []string
	for _, m := range thresholds.Measures() {
		switch limit := m.Limit(&l); {
		case limit.Below != nil:
			parts = append(parts, m.Setting+" below "+Digits(*limit.Below))
		case limit.AtLeast != nil:
			parts = append(parts, m.Setting+" at_least "+Digits(*limit.AtLeast))
		}
	}
	return strings.Join(parts, "; ")
}

// ParseLimits reads what limitsText wrote.
func ParseLimits(s string) (thresholds.Limits, error) {
	var l thresholds.Limits
	for part := range strings.SplitSeq(s, ";") {
		fields := strings.Fields(part)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 3 {
			return l, fmt.Errorf("%q is not a limit", strings.TrimSpace(part))
		}
		bound, err := strconv.ParseFloat(fields[2], 64)
		if err != nil {
			return l, fmt.Errorf("the limit %q has no number", strings.TrimSpace(part))
		}
		for _, m := range thresholds.Measures() {
			switch {
			case m.Setting == fields[0] && fields[1] == "below":
				m.Limit(&l).Below = &bound
			case m.Setting == fields[0] && fields[1] == "at_least":
				m.Limit(&l).AtLeast = &bound
			}
		}
	}
	return l, nil
}

// limitsColumn is the limits by which a run was judged.
func limitsColumn() Column {
	return Column{
		Name:  "Limits",
		Value: func(r *Report) any { return textOrNil(limitsText(r.Limits)) },
		set: func(r *Report, v any) {
			if l, err := ParseLimits(v.(string)); err == nil {
				r.Limits = l
			}
		},
	}
}
