package netlab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"netready/internal/need"
)

// LineClient is the client's address on a line.
const LineClient = "10.8.0.2"

// LineRouter is the address of a router of a line that faces the client; the
// first is 1, the gateway.
func LineRouter(n int) string { return fmt.Sprintf("10.8.%d.1", n-1) }

// LineServer is the server's address behind so many routers.
func LineServer(routers int) string { return fmt.Sprintf("10.8.%d.1", routers) }

// Line builds a client, so many routers one behind the other, and a server:
//
//	c 10.8.0.2 -- 10.8.0.1 1 10.8.1.2 -- 10.8.1.1 2 10.8.2.2 -- … 10.8.N.1 s
//
// IPv6 is the same with fd08:0:0:I::H. The namespaces are named c, 1 to N and s;
// the interface towards the client is eth0, towards the server eth1.
func Line(tb testing.TB, routers int) *Lab {
	tb.Helper()
	need.Root(tb)
	need.Tool(tb, "ip")
	need.Tool(tb, "nft")
	l := &Lab{fmt.Sprintf("nl%d-%d", os.Getpid()%100000, count.Add(1))}
	names := []string{"c"}
	for n := 1; n <= routers; n++ {
		names = append(names, fmt.Sprint(n))
	}
	names = append(names, "s")
	for i, ns := range names {
		l.must(tb, "ip", "netns", "add", l.NS(ns))
		tb.Cleanup(func() {
			_ = exec.CommandContext(context.WithoutCancel(tb.Context()), "ip", "netns", "del", l.NS(ns)).Run()
		})
		l.In(tb, ns, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", "net.ipv4.ping_group_range=0 2147483647")
		l.In(tb, ns, "ip", "link", "set", "lo", "up")
		if i > 0 {
			l.join(tb, names[i-1], ns, i-1)
		}
	}
	for i, ns := range names {
		l.direct(tb, ns, i, len(names)-1)
	}
	return l
}

// join makes subnet i of two neighbours.
func (l *Lab) join(tb testing.TB, near, far string, i int) {
	tb.Helper()
	l.must(tb, "ip", "link", "add", "eth1", "netns", l.NS(near), "type", "veth", "peer", "name", "eth0", "netns", l.NS(far))
	for _, side := range []struct {
		ns, dev string
		host    int
	}{{near, "eth1", 2}, {far, "eth0", 1}} {
		l.In(tb, side.ns, "ip", "addr", "add", fmt.Sprintf("10.8.%d.%d/24", i, side.host), "dev", side.dev)
		l.In(tb, side.ns, "ip", "addr", "add", fmt.Sprintf("fd08:0:0:%d::%d/64", i, side.host), "dev", side.dev, "nodad")
		l.In(tb, side.ns, "ip", "link", "set", side.dev, "up")
	}
}

// direct gives the i-th namespace, of which the last is the server, its routes:
// the default one to the server, and one to each subnet on the way back.
func (l *Lab) direct(tb testing.TB, ns string, i, last int) {
	tb.Helper()
	for to := range last {
		switch {
		case to > i:
			l.In(tb, ns, "ip", "route", "add", fmt.Sprintf("10.8.%d.0/24", to), "via", fmt.Sprintf("10.8.%d.1", i))
			l.In(tb, ns, "ip", "-6", "route", "add", fmt.Sprintf("fd08:0:0:%d::/64", to), "via", fmt.Sprintf("fd08:0:0:%d::1", i))
		case to < i-1:
			l.In(tb, ns, "ip", "route", "add", fmt.Sprintf("10.8.%d.0/24", to), "via", fmt.Sprintf("10.8.%d.2", i-1))
			l.In(tb, ns, "ip", "-6", "route", "add", fmt.Sprintf("fd08:0:0:%d::/64", to), "via", fmt.Sprintf("fd08:0:0:%d::2", i-1))
		}
	}
	if i == 0 {
		l.In(tb, ns, "ip", "route", "add", "default", "via", LineRouter(1))
		l.In(tb, ns, "ip", "-6", "route", "add", "default", "via", "fd08::1")
	}
}
