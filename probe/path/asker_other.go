//go:build !linux && !windows

package path

import "netready/probe/facts"

// asker asks by echo requests on macOS. Where a system has no such sockets, its words are
// the reason that the routers were not asked.
type asker = echoAsker

func open(s Settings) (*asker, string, error) { return openEcho(s, "udp4", "udp6") }

func (*echoAsker) method() string { return facts.MethodICMP }
