//go:build !linux && !windows

package machine

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"strings"

	"netready/probe/facts"
)

// Why this program cannot read the link speed or the signal on this system.
const (
	speedUnread  = "this program does not read link speeds on " + runtime.GOOS
	signalUnread = "the run was stopped, or this program does not read the Wi-Fi signal on " + runtime.GOOS
)

// inspect asks the system's own commands (macOS; elsewhere they are missing
// and the kind stays unknown).
func inspect(ctx context.Context, i net.Interface, found *adapter) {
	if looksLikeVPN(i) {
		found.Kind = facts.VPN
	} else {
		found.Kind = hardwarePort(ctx, i.Name)
	}
	family := "-inet"
	if !found.addr.Is4() {
		family = "-inet6"
	}
	out, err := exec.CommandContext(ctx, "route", "-n", "get", family, "default").Output()
	if err != nil {
		return
	}
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		if value, ok := strings.CutPrefix(strings.TrimSpace(s.Text()), "gateway: "); ok {
			found.gateway, _ = netip.ParseAddr(value)
		}
	}
}

// hardwarePort reads the list of networksetup: "Hardware Port: Wi-Fi", then
// "Device: en0".
func hardwarePort(ctx context.Context, name string) string {
	out, err := exec.CommandContext(ctx, "networksetup", "-listallhardwareports").Output()
	if err != nil {
		return facts.Unknown
	}
	port := ""
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		if value, ok := strings.CutPrefix(s.Text(), "Hardware Port: "); ok {
			port = value
		}
		if value, ok := strings.CutPrefix(s.Text(), "Device: "); ok && value == name {
			switch {
			case strings.Contains(port, "Wi-Fi"), strings.Contains(port, "AirPort"):
				return facts.Wifi
			case strings.Contains(port, "Ethernet"), strings.Contains(port, "LAN"), strings.Contains(port, "Thunderbolt"):
				return facts.Wired
			}
		}
	}
	return facts.Unknown
}
