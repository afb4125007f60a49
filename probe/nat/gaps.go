package nat

import (
	"cmp"

	"netready/probe/facts"
)

// noNAT is why survives_30s is nil where it has no meaning.
const noNAT = "there is no NAT, so there is no mapping that could end"

// Gaps says why each nil figure of the NAT was not measured. A figure that cannot
// exist without a NAT is no gap: the NAT itself gives the reason.
func (n *Result) Gaps() []facts.NotMeasured {
	if n.Behind == nil && n.SIPALG == nil {
		return []facts.NotMeasured{{What: "nat", Reason: cmp.Or(n.Reason, "the run was stopped before it")}}
	}
	var gaps []facts.NotMeasured
	gap := func(missing bool, what, reason string) {
		if missing {
			gaps = append(gaps, facts.NotMeasured{What: "nat." + what, Reason: cmp.Or(reason, "the run was stopped before it")})
		}
	}
	gap(n.Behind == nil, "behind", n.Reason)
	gap(n.Mapping == "", "mapping", n.Reason)
	gap(n.PortKept == nil, "port_kept", n.Reason)
	gap(n.SIPALG == nil, "sip_alg", n.SIPReason)
	switch {
	case n.Behind == nil:
		gap(n.Survives30s == nil, "survives_30s", n.Reason)
	case *n.Behind:
		gap(n.Survives30s == nil, "survives_30s", n.SilenceReason)
	default:
		n.Reason = cmp.Or(n.Reason, noNAT)
	}
	return gaps
}
