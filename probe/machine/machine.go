// Package machine describes the workstation that measures: its system, how
// busy it was, and the network interface that reaches the far end. It tells a
// busy PC or a weak Wi-Fi from a bad network.
package machine

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"
)

// Kinds of network interface.
const (
	Wired    = "wired"
	Wifi     = "wifi"
	VPN      = "vpn"
	Loopback = "loopback"
	Unknown  = "unknown"
)

// Facts are what does not change during a run.
type Facts struct {
	Hostname  string
	OS        string // name and version
	Arch      string
	Cores     int
	MemoryMB  *float64
	Interface Interface
}

// Interface is a network interface.
type Interface struct {
	Name    string
	Kind    string // Wired, Wifi, VPN, Loopback, Unknown
	Address netip.Addr
	MTU     int
	Gateway netip.Addr // the zero Addr where none was found
	Mbps    *float64   // link speed
	WifiDBM *float64   // signal strength

	None              string // what of the two such an interface has not, "" if it has both
	NoMbps, NoWifiDBM string // why it has one and it was not measured
}

// Describe reads the facts. target is the far end's host and names the
// interface: the one whose address packets to it carry. Without a target it
// is the one of the default route.
func Describe(ctx context.Context, target string) Facts {
	f := Facts{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU()}
	f.Hostname, _ = os.Hostname()
	if info, err := host.InfoWithContext(ctx); err == nil {
		f.OS = strings.TrimSpace(fmt.Sprintf("%s %s %s", info.OS, withoutSystem(info.Platform, info.OS), info.PlatformVersion))
	}
	if m, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		mb := float64(m.Total) / 1e6
		f.MemoryMB = &mb
	}
	f.Interface = towards(ctx, target)
	f.Interface.explain(speedUnread, signalUnread)
	return f
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
func towards(ctx context.Context, target string) Interface {
	if target == "" {
		target = "192.0.2.1" // RFC 5737: routed nowhere, but by the default route
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", net.JoinHostPort(target, "9"))
	if err != nil {
		return Interface{Kind: Unknown}
	}
	defer conn.Close()
	local, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		return Interface{Kind: Unknown}
	}
	return owner(ctx, local.Addr().Unmap().WithZone(""))
}

// owner finds the interface that has the address.
func owner(ctx context.Context, addr netip.Addr) Interface {
	found := Interface{Kind: Unknown, Address: addr}
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
			found.Kind = Loopback
			return found
		}
		inspect(ctx, candidate, &found)
		if found.Kind == Unknown && looksLikeVPN(candidate) {
			found.Kind = VPN
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

// looksLikeVPN goes by what tunnels have in common: they are point to point,
// and their names are few.
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

// BusyPercent is the mean over all cores since StartLoad, or nil where the
// system does not tell.
func (l Load) BusyPercent(ctx context.Context) *float64 {
	busy, total := times(ctx)
	if total <= l.total || busy < l.busy {
		return nil
	}
	percent := 100 * (busy - l.busy) / (total - l.total)
	return &percent
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
