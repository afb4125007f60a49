package probe

import "cmp"

// noNAT is why survives_30s is nil where it has no meaning.
const noNAT = "there is no NAT, so no mapping that silence could end"

// natGaps says of each figure of the NAT that is nil why it was not measured.
// sip and silence are the reasons of two of them, where they were tried. What
// cannot be, without a NAT, is no gap: its reason stands in the NAT.
func natGaps(n *NAT, sip, silence string) []NotMeasured {
	if n.Behind == nil && n.SIPALG == nil {
		return []NotMeasured{{What: "nat", Reason: cmp.Or(n.Reason, "the run was stopped before it")}}
	}
	var gaps []NotMeasured
	gap := func(missing bool, what, reason string) {
		if missing {
			gaps = append(gaps, NotMeasured{What: "nat." + what, Reason: cmp.Or(reason, "the run was stopped before it")})
		}
	}
	gap(n.Behind == nil, "behind", n.Reason)
	gap(n.Mapping == "", "mapping", n.Reason)
	gap(n.PortKept == nil, "port_kept", n.Reason)
	gap(n.SIPALG == nil, "sip_alg", sip)
	switch {
	case n.Behind == nil:
		gap(n.Survives30s == nil, "survives_30s", n.Reason)
	case *n.Behind:
		gap(n.Survives30s == nil, "survives_30s", silence)
	default:
		n.Reason = cmp.Or(n.Reason, noNAT)
	}
	return gaps
}
