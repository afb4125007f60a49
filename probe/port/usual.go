package port

import (
	"fmt"

	"netready/probe/facts"
)

// Usual is the port where a responder serves a protocol by default; 0: none.
func Usual(protocol string) int {
	p, _ := facts.FindProtocol(protocol)
	return p.Port
}

// usualPlace gives a row that waits for the responder's port the usual port, where there is
// no responder: nobody can ask a network team to open a row without a port.
func usualPlace(c *Check, o *outcome) {
	if c.Port != 0 || c.Ports != "" || Usual(c.Protocol) == 0 {
		return
	}
	c.Port = Usual(c.Protocol)
	o.detail += fmt.Sprintf("; a responder's usual port for it is %d", c.Port)
}
