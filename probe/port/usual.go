package port

import (
	"fmt"

	"netready/probe/facts"
)

// Usual is the port of a responder where it serves a protocol unless its
// operator says otherwise; 0: nowhere.
func Usual(protocol string) int {
	p, _ := facts.FindProtocol(protocol)
	return p.Port
}

// place names the port of a row that waits for the responder to say it, where
// there is none: a row without a port is nothing to ask a network team for.
func (c *Check) place(o *outcome) {
	if c.Port != 0 || c.Ports != "" || Usual(c.Protocol) == 0 {
		return
	}
	c.Port = Usual(c.Protocol)
	o.detail += fmt.Sprintf("; a responder's usual port for it is %d", c.Port)
}
