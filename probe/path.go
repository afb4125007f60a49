package probe

import "netready/probe/facts"

// noPath is a path that was not examined, and why.
func noPath(code, reason string) facts.Path {
	return facts.Path{Hops: []facts.Hop{}, Code: code, Reason: reason, MarkReason: reason, MTU: facts.MTU{Code: facts.MTUUnknown, Reason: reason}}
}
