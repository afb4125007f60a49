// Package machine describes the workstation that measures: its system, how busy it
// was, and the network interface of the call. With that a busy PC or a weak Wi-Fi can
// be distinguished from a bad network.
package machine

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"

	"netready/probe/facts"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"
)

// adapter is a network interface, and what is needed to describe it.
type adapter struct {
	facts.Interface
	addr, gateway     netip.Addr // the zero Addr where none was found
	noMbps, noWifiDBM string     // why the figure exists and was not measured
}

// Describe reads what does not change during a run, and how busy the machine was
// since load was started. The interface is the one from which packets to the host
// target leave; without a target it is that of the default route. What could not be
// read is in the gaps.
func Describe(ctx context.Context, target string, load Load) (m facts.Machine, gaps []facts.NotMeasured) {
	m = facts.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(), CPUBusyPercent: facts.Rounded(load.busyPercent(ctx))}
	m.Hostname, _ = os.Hostname()
	if info, err := host.InfoWithContext(ctx); err == nil {
		m.OS = strings.TrimSpace(fmt.Sprintf("%s %s %s", info.OS, withoutSystem(info.Platform, info.OS), info.PlatformVersion))
	}
	if memory, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		m.MemoryMB = new(facts.Round(float64(memory.Total) / 1e6))
	}
	i := towards(ctx, target)
	i.explain(speedUnread, signalUnread)
	i.Mbps, i.WifiDBM = facts.Rounded(i.Mbps), facts.Rounded(i.WifiDBM)
	m.Interface = i.Interface
	return m, gapsOf(m, i)
}

// Towards is the interface that reaches the target, with an empty name where it is
// not known.
func Towards(ctx context.Context, target string) facts.Interface {
	return towards(ctx, target).Interface
}

// IsNeighbour says whether the target is in a network of the interface that reaches it,
// so that packets to it pass no gateway; false for an address of this machine itself.
// Nothing is sent. known is false where the system does not tell.
func IsNeighbour(ctx context.Context, target netip.Addr) (isNeighbour, known bool) {
	i := towards(ctx, target.String())
	target = target.Unmap().WithZone("")
	if !i.addr.IsValid() || i.Name == "" || i.Kind == facts.Loopback {
		return false, false
	}
	own, err := net.InterfaceByName(i.Name)
	if err != nil {
		return false, false
	}
	addresses, err := own.Addrs()
	if err != nil {
		return false, false
	}
	return isIn(addresses, target), true
}

// isIn says that one of the networks of an interface has the address. Networks of a single
// address have no neighbours.
func isIn(addresses []net.Addr, target netip.Addr) bool {
	for _, a := range addresses {
		network, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		own := network.Addr().Unmap().WithZone("")
		bits := network.Bits()
		if own.Is4() && network.Addr().Is4In6() {
			bits -= 96
		}
		if bits < own.BitLen() && netip.PrefixFrom(own, bits).Masked().Contains(target) {
			return true
		}
	}
	return false
}

// gapsOf says why each nil figure of the machine was not measured. A figure that an
// interface cannot have is no gap: the interface itself gives the reason.
func gapsOf(m facts.Machine, i adapter) []facts.NotMeasured {
	const untold = "the system did not tell"
	var gaps []facts.NotMeasured
	gap := func(got *float64, what, reason string) {
		if got == nil && reason != "" {
			gaps = append(gaps, facts.NotMeasured{What: "machine." + what, Reason: reason})
		}
	}
	gap(m.CPUBusyPercent, "cpu_busy_percent", untold)
	gap(m.MemoryMB, "memory_mb", untold)
	gap(m.Interface.Mbps, "interface.mbps", i.noMbps)
	gap(m.Interface.WifiDBM, "interface.wifi_dbm", i.noWifiDBM)
	return gaps
}

// withoutSystem keeps "windows" from being said twice.
func withoutSystem(platform, system string) string {
	if strings.EqualFold(platform, system) {
		return ""
	}
	return platform
}

// towards finds the interface by the source address that the system would
// give a datagram to the target. Connecting a UDP socket sends nothing.
func towards(ctx context.Context, target string) adapter {
	if target == "" {
		target = "192.0.2.1" // RFC 5737: routed nowhere, but by the default route
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", net.JoinHostPort(target, "9"))
	if err != nil {
		return adapter{Interface: facts.Interface{Kind: facts.Unknown}}
	}
	defer conn.Close()
	local, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		return adapter{Interface: facts.Interface{Kind: facts.Unknown}}
	}
	addr := local.Addr().Unmap().WithZone("")
	if remote, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil && isOwn(remote.Addr().Unmap().WithZone("")) {
		return within(addr)
	}
	return owner(ctx, addr)
}

// isOwn says that an address is this machine's: what goes there stays inside.
func isOwn(addr netip.Addr) bool {
	addresses, err := net.InterfaceAddrs()
	return addr.IsLoopback() || err == nil && holds(addresses, addr)
}

// within is the loopback interface, which carries what this machine sends to any
// address of its own.
func within(addr netip.Addr) adapter {
	found := adapter{Interface: facts.Interface{Kind: facts.Loopback, Address: addr.String()}, addr: addr}
	interfaces, err := net.Interfaces()
	if err != nil {
		return found
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagLoopback != 0 {
			found.Name, found.MTU = i.Name, i.MTU
		}
	}
	return found
}

// owner finds the interface that has the address.
func owner(ctx context.Context, addr netip.Addr) adapter {
	found := adapter{Interface: facts.Interface{Kind: facts.Unknown, Address: addr.String()}, addr: addr}
	interfaces, err := net.Interfaces()
	if err != nil {
		return found
	}
	for _, candidate := range interfaces {
		addresses, err := candidate.Addrs()
		if err != nil || !holds(addresses, addr) {
			continue
		}
		found.Name, found.MTU = candidate.Name, candidate.MTU
		if candidate.Flags&net.FlagLoopback != 0 {
			found.Kind = facts.Loopback
			return found
		}
		inspect(ctx, candidate, &found)
		if found.gateway.IsValid() {
			found.Gateway = found.gateway.String()
		}
		if found.Kind == facts.Unknown && looksLikeVPN(candidate) {
			found.Kind = facts.VPN
		}
		return found
	}
	return found
}

func holds(addresses []net.Addr, addr netip.Addr) bool {
	for _, a := range addresses {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Unmap().WithZone("") == addr {
			return true
		}
	}
	return false
}

// looksLikeVPN recognises tunnels: they are point to point, or have one of a few
// names.
func looksLikeVPN(i net.Interface) bool {
	if i.Flags&net.FlagPointToPoint != 0 {
		return true
	}
	name := strings.ToLower(i.Name)
	for _, start := range []string{"tun", "tap", "wg", "ppp", "utun", "ipsec", "tailscale", "zt", "vpn"} {
		if strings.HasPrefix(name, start) {
			return true
		}
	}
	return false
}

// A Load watches how busy the processors are.
type Load struct{ busy, total float64 }

// StartLoad begins to watch.
func StartLoad(ctx context.Context) Load {
	busy, total := times(ctx)
	return Load{busy, total}
}

// busyPercent is the mean over all cores since StartLoad, or nil where the
// system does not tell.
func (l Load) busyPercent(ctx context.Context) *float64 {
	busy, total := times(ctx)
	if total <= l.total || busy < l.busy {
		return nil
	}
	return new(100 * (busy - l.busy) / (total - l.total))
}

func times(ctx context.Context) (busy, total float64) {
	all, err := cpu.TimesWithContext(ctx, false)
	if err != nil || len(all) == 0 {
		return 0, 0
	}
	t := all[0]
	idle := t.Idle + t.Iowait
	// Guest time is part of User already.
	total = t.User + t.System + t.Nice + t.Irq + t.Softirq + t.Steal + idle
	return total - idle, total
}
