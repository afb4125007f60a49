// Package netlab builds small networks of Linux network namespaces for tests:
// a client, a firewall in the middle, a server and an impostor. Nothing leaves
// the machine.
//
//	client 10.9.1.2 -- 10.9.1.1 firewall 10.9.2.1 -- 10.9.2.2, 10.9.2.3 server
//	                            firewall 10.9.3.1 -- 10.9.3.2 impostor
//
// IPv6 is the same with fd09:0:0:N::H.
package netlab

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"netready/internal/need"
)

// Addresses of a lab.
const (
	Client   = "10.9.1.2"
	Firewall = "10.9.1.1"
	Server   = "10.9.2.2"
	Server2  = "10.9.2.3"
	Impostor = "10.9.3.2"
	Server6  = "fd09:0:0:2::2"
)

// RoleVar is the environment variable that tells a test binary, started anew
// inside a namespace, which part it plays.
const RoleVar = "NETLAB_ROLE"

var count atomic.Int32

// A Lab is one network.
type Lab struct{ prefix string }

// New builds a network and takes it down after the test. It needs root.
func New(tb testing.TB) *Lab {
	tb.Helper()
	need.Root(tb)
	need.Tool(tb, "ip")
	need.Tool(tb, "nft")
	l := &Lab{fmt.Sprintf("nl%d-%d", os.Getpid()%100000, count.Add(1))}
	for _, ns := range []string{"c", "f", "s", "i"} {
		l.must(tb, "ip", "netns", "add", l.NS(ns))
		tb.Cleanup(func() {
			_ = exec.CommandContext(context.WithoutCancel(tb.Context()), "ip", "netns", "del", l.NS(ns)).Run()
		})
		l.In(tb, ns, "ip", "link", "set", "lo", "up")
	}
	l.link(tb, "c", 1)
	l.link(tb, "s", 2)
	l.link(tb, "i", 3)
	l.In(tb, "s", "ip", "addr", "add", Server2+"/24", "dev", "eth")
	l.In(tb, "f", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
	for _, ns := range []string{"f", "s", "i"} {
		// Every refusal shall be heard, however many there are at once. -e: older systems have
		// the limit of all together for the host alone.
		l.In(tb, ns, "sysctl", "-eqw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0", "net.ipv4.icmp_msgs_per_sec=100000", "net.ipv4.icmp_msgs_burst=100000")
		l.In(tb, ns, "sysctl", "-qw", "net.ipv4.ip_unprivileged_port_start=0")
	}
	return l
}

// link joins a namespace to the firewall.
func (l *Lab) link(tb testing.TB, ns string, n int) {
	tb.Helper()
	inner := fmt.Sprintf("f%d", n)
	l.must(tb, "ip", "link", "add", "eth", "netns", l.NS(ns), "type", "veth", "peer", "name", inner, "netns", l.NS("f"))
	for _, side := range []struct {
		ns, dev string
		host    int
	}{{ns, "eth", 2}, {"f", inner, 1}} {
		l.In(tb, side.ns, "ip", "addr", "add", fmt.Sprintf("10.9.%d.%d/24", n, side.host), "dev", side.dev)
		l.In(tb, side.ns, "ip", "addr", "add", fmt.Sprintf("fd09:0:0:%d::%d/64", n, side.host), "dev", side.dev, "nodad")
		l.In(tb, side.ns, "ip", "link", "set", side.dev, "up")
	}
	l.In(tb, ns, "ip", "route", "add", "default", "via", fmt.Sprintf("10.9.%d.1", n))
	l.In(tb, ns, "ip", "-6", "route", "add", "default", "via", fmt.Sprintf("fd09:0:0:%d::1", n))
}

// NS is the name of a namespace: c, f, s or i.
func (l *Lab) NS(ns string) string { return l.prefix + ns }

// In runs a command inside a namespace and returns what it printed.
func (l *Lab) In(tb testing.TB, ns string, command ...string) string {
	tb.Helper()
	return l.must(tb, append([]string{"ip", "netns", "exec", l.NS(ns)}, command...)...)
}

// Rules loads an nftables ruleset into the firewall.
func (l *Lab) Rules(tb testing.TB, ruleset string) {
	tb.Helper()
	l.RulesIn(tb, "f", ruleset)
}

// RulesIn loads an nftables ruleset into a namespace.
func (l *Lab) RulesIn(tb testing.TB, ns, ruleset string) {
	tb.Helper()
	c := exec.CommandContext(tb.Context(), "ip", "netns", "exec", l.NS(ns), "nft", "-f", "-")
	c.Stdin = strings.NewReader("flush ruleset\n" + ruleset)
	if out, err := c.CombinedOutput(); err != nil {
		tb.Fatalf("nft: %v\n%s\n%s", err, out, ruleset)
	}
}

// Start runs a program in a namespace until the test is over. If ready is not
// empty, it waits for a line on its output that contains it.
func (l *Lab) Start(tb testing.TB, ns, ready string, env []string, command ...string) {
	tb.Helper()
	c := exec.CommandContext(context.WithoutCancel(tb.Context()), "ip", append([]string{"netns", "exec", l.NS(ns)}, command...)...)
	c.Env = append(os.Environ(), env...)
	r, w, err := os.Pipe()
	if err != nil {
		tb.Fatal(err)
	}
	c.Stdout, c.Stderr = w, w
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	_ = w.Close()
	tb.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		_ = r.Close()
	})
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			select {
			case lines <- s.Text():
			default:
			}
		}
	}()
	var said []string
	for timeout := time.After(20 * time.Second); ready != ""; {
		select {
		case line, open := <-lines:
			said = append(said, line)
			if strings.Contains(line, ready) {
				return
			}
			if !open {
				tb.Fatalf("%v ended before it was ready:\n%s", command, strings.Join(said, "\n"))
			}
		case <-timeout:
			tb.Fatalf("%v does not get ready:\n%s", command, strings.Join(said, "\n"))
		}
	}
}

// Role starts this test binary anew inside a namespace, to play a role.
func (l *Lab) Role(tb testing.TB, ns, role, ready string, env ...string) {
	tb.Helper()
	l.Start(tb, ns, ready, append(env, RoleVar+"="+role), os.Args[0])
}

// Ask starts this test binary inside a namespace, gives it input and returns
// its output.
func (l *Lab) Ask(tb testing.TB, ns, role string, input []byte, env ...string) []byte {
	tb.Helper()
	c := exec.CommandContext(tb.Context(), "ip", "netns", "exec", l.NS(ns), os.Args[0])
	c.Env = append(append(os.Environ(), env...), RoleVar+"="+role)
	c.Stdin = strings.NewReader(string(input))
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		tb.Fatalf("playing %s: %v\n%s", role, err, out)
	}
	return out
}

func (l *Lab) must(tb testing.TB, command ...string) string {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), command[0], command[1:]...).CombinedOutput()
	if err != nil {
		tb.Fatalf("%v: %v\n%s", command, err, out)
	}
	return string(out)
}
