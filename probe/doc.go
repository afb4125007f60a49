// Package probe makes one assessment: Run takes a Plan and returns a Result, the facts
// of a test call, of the firewall column, NAT, ICMP round trips and bandwidth. What was
// not measured is nil there, with a code and a sentence that say why.
//
// The packages below it measure one thing each, from call (a test call to a
// responder) to stream (a trace in, figures out) and port (the firewall column).
// Package thresholds says what the facts mean, package report prints them.
package probe
