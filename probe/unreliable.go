package probe

import (
	"fmt"
	"strings"

	"netready/probe/facts"

	"netready/probe/call"
)

// bunchedShare is the share of late packets above which a slow sender makes a direction
// unreliable. Packets that leave together may be lost in a queue that an even stream
// never fills. 1 % is what the limit of loss allows.
const bunchedShare = 0.01

// An end is this PC or the responder, in codes and words.
type end struct{ code, name, socket string }

var (
	thisPC       = end{facts.UnreliablePC, "this PC", "this PC's socket"}
	theResponder = end{facts.UnreliableResponder, "the responder", "the responder's socket"}
)

// unreliable says which end was too busy, so that the figures of a direction are not
// those of the path: the receiver, whose socket dropped datagrams (of any session) or
// which read late, or the sender, which sent late. Empty: the figures are reliable.
func unreliable(d call.Direction, sender, receiver end) []facts.Unreliable {
	all := []facts.Unreliable{}
	var full, late []string
	if d.Dropped > 0 {
		full = append(full, fmt.Sprintf("%s dropped %d datagrams for want of room", receiver.socket, d.Dropped))
	}
	if d.Held > 0 {
		full = append(full, fmt.Sprintf("%s did not run for more than 2 s: %d packets were held back meanwhile", receiver.name, d.Held))
	}
	readLate := 0
	if float64(d.ReadLate) > bunchedShare*float64(d.Sent) {
		readLate = d.ReadLate
		full = append(full, readLateWords(receiver.name, readLate))
	}
	if len(full) > 0 {
		all = append(all, facts.Unreliable{Code: receiver.code, Text: strings.Join(full, "; "), Packets: int(d.Dropped) + d.Held + readLate})
	}
	if d.SentLate > 0 {
		late = append(late, fmt.Sprintf("%s was more than 2 s late with %d packets and did not send them", sender.name, d.SentLate))
	}
	if float64(d.Bunched) > bunchedShare*float64(d.Sent) {
		late = append(late, fmt.Sprintf("%s sent %d packets more than a packet time late", sender.name, d.Bunched))
	}
	if float64(d.Slow) > bunchedShare*float64(d.Sent) {
		late = append(late, fmt.Sprintf("%s stamped %d packets more than 5 ms before they left it", sender.name, d.Slow))
	}
	if len(late) > 0 {
		all = append(all, facts.Unreliable{Code: sender.code, Text: strings.Join(late, "; "), Packets: d.SentLate + max(d.Bunched, d.Slow)})
	}
	return all
}

// readLateWords say that a receiver did not run when packets came that nothing else stamps.
func readLateWords(name string, packets int) string {
	return fmt.Sprintf("%s did not run for more than a packet time now and then, and read %d packets after that: they may have come earlier", name, packets)
}
