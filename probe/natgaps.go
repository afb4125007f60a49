package probe

import "cmp"

// natGaps says of each figure of the NAT that is nil why it was not measured.
// sip and silence are the reasons of two of them, where they were tried.
func natGaps(n NAT, sip, silence string) []NotMeasured {
	if n.Behind == nil {
		return []NotMeasured{{"nat", cmp.Or(n.Reason, "the run was stopped before it")}}
	}
	var gaps []NotMeasured
	gap := func(missing bool, what, reason string) {
		if missing {
			gaps = append(gaps, NotMeasured{"nat." + what, cmp.Or(reason, "the run was stopped before it")})
		}
	}
	if !*n.Behind {
		silence = "there is no NAT, so no mapping that silence could end"
	}
	gap(n.Mapping == "", "mapping", n.Reason)
	gap(n.SIPALG == nil, "sip_alg", sip)
	gap(n.Survives30s == nil, "survives_30s", silence)
	return gaps
}
