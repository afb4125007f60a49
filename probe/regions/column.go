package regions

import (
	"net"
	"slices"
	"strconv"

	"netready/probe/facts"
)

// Column is a region's firewall column: the list's checks without those that the region
// skips or replaces, then the region's own, templates filled in. Checks of features that
// were not asked for are left out, those of features that were are required. A region
// that is not in the list, the zero one included, has the checks to the responder.
func (r List) Column(region Region, features []string) []Check {
	known := slices.ContainsFunc(r.Regions, func(one Region) bool { return one.ID == region.ID })
	if region.ID == "" || !known {
		return r.columnForResponder(features)
	}
	var column []Check
	for _, c := range r.checksOf(region) {
		if c, ok := asked(c, features); ok {
			if c, ok := c.in(region); ok {
				column = append(column, c)
			}
		}
	}
	return column
}

// columnForResponder is the column of an invite whose region is not known: those of the
// list's checks that go to the responder. Only the path of the call is required.
func (r List) columnForResponder(features []string) []Check {
	var column []Check
	for _, c := range r.Checks {
		c, ok := asked(c, features)
		if !ok || !c.NeedsResponder() {
			continue
		}
		c.Required = c.Protocol == "udp" || c.Feature != ""
		column = append(column, c)
	}
	return column
}

// ColumnOfNowhere is the column where no region is known and no responder can be asked:
// all checks that need no responder. Hosts that depend on the region are those of the
// first region that has some, as examples of the service's; they are not required.
func (r List) ColumnOfNowhere(features []string) []Check {
	column := r.columnForResponder(features)
	i := slices.IndexFunc(r.Regions, func(one Region) bool { return one.Domain != "" && !one.OnlyOwnChecks })
	if i < 0 {
		return column
	}
	region := r.Regions[i].filled()
	for _, c := range r.Column(region, nil) {
		if c.NeedsResponder() {
			continue
		}
		c.Required = false
		if note := "the region is not known: this is a host of " + region.ID; c.Note == "" {
			c.Note = note
		} else {
			c.Note += "; " + note
		}
		column = append(column, c)
	}
	return column
}

// checksOf is the list's checks as the region changes them, then the region's own. A check
// of the same name replaces the list's check in its place.
func (r List) checksOf(region Region) []Check {
	var checks []Check
	if !region.OnlyOwnChecks {
		checks = slices.Clone(r.Checks)
	}
	for _, own := range region.Checks {
		if i := slices.IndexFunc(checks, func(c Check) bool { return c.Name == own.Name }); i >= 0 {
			checks[i] = own
		} else {
			checks = append(checks, own)
		}
	}
	return slices.DeleteFunc(checks, func(c Check) bool { return slices.Contains(region.Skip, c.Name) })
}

// asked says whether the check belongs in a column with these features.
func asked(c Check, features []string) (Check, bool) {
	if c.Feature == "" {
		return c, true
	}
	c.Required = true
	return c, slices.Contains(features, c.Feature)
}

// NeedsResponder says whether the check asks the responder: its host is the
// responder, or its protocol is one that nobody else answers.
func (c Check) NeedsResponder() bool {
	return c.toResponder() || facts.Spoken(c.Protocol) == "udp"
}

func (c Check) toResponder() bool { return c.Host == "" || c.Host == facts.HostResponder }

// in is the check in a region; false if it needs the region's STUN server and there is
// none.
func (c Check) in(region Region) (Check, bool) {
	if c.Host != hostSTUN {
		c.Host = region.fill(c.Host)
		return c, true
	}
	host, port, err := net.SplitHostPort(region.fill(region.STUN))
	if err != nil {
		return c, false
	}
	c.Host = host
	if c.Port == 0 {
		c.Port, _ = strconv.Atoi(port) // checked when the file was read
	}
	return c, true
}
