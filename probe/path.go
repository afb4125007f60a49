package probe

import "netready/probe/facts"

// noPath is the path that was not looked at, and why.
func noPath(code, reason string) facts.Path {
	return facts.Path{Hops: []facts.Hop{}, Code: code, Reason: reason, MarkReason: reason, MTU: facts.MTU{Code: facts.MTUUnknown, Reason: reason}}
}
