package stamp

import (
	"fmt"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// SetDSCP implements PacketConn.
func (c *Conn) SetDSCP(dscp int) (set int, reason string) {
	if dscp < 0 || dscp > 63 {
		return 0, fmt.Sprintf("no DSCP %d: 0 to 63", dscp)
	}
	var got int
	var err error
	if c.LocalAddr().Addr().Is4() {
		got, err = c.setTOS(dscp << 2)
	} else {
		// A socket of both families has a mark for each; IPv4's may be refused
		// where the socket is IPv6's alone.
		_, _ = c.setTOS(dscp << 2)
		got, err = c.setTrafficClass(dscp << 2)
	}
	set = got >> 2
	switch {
	case err != nil:
		return set, "the system refused the mark: " + err.Error()
	case set != dscp:
		return set, fmt.Sprintf("the system set DSCP %d instead", set)
	}
	return set, dscpDoubt
}

func (c *Conn) setTOS(tos int) (int, error) {
	p := ipv4.NewConn(c.udp)
	if err := p.SetTOS(tos); err != nil {
		return 0, err
	}
	return p.TOS()
}

func (c *Conn) setTrafficClass(class int) (int, error) {
	p := ipv6.NewConn(c.udp)
	if err := p.SetTrafficClass(class); err != nil {
		return 0, err
	}
	return p.TrafficClass()
}
