// Package capacity loads a responder on a core of its own, from another one,
// until it no longer carries the calls, beside irtt's server and a bare echo. It
// holds benchmarks alone: make bench-responder.
package capacity
