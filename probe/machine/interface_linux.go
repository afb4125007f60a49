package machine

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"netready/probe/facts"
)

// Why this program cannot read the link speed or the signal on this system: it can.
const speedUnread, signalUnread = "", ""

// inspect reads what /sys and /proc say of an interface.
func inspect(_ context.Context, i net.Interface, found *adapter) {
	sys := filepath.Join("/sys/class/net", i.Name)
	switch {
	case exists(filepath.Join(sys, "wireless")), exists(filepath.Join(sys, "phy80211")):
		found.Kind = facts.Wifi
		found.WifiDBM = signal(i.Name)
	case exists(filepath.Join(sys, "tun_flags")), looksLikeVPN(i):
		found.Kind = facts.VPN
	case linkType(sys) == 1: // ARPHRD_ETHER
		found.Kind = facts.Wired
	}
	if mbps, err := strconv.ParseFloat(line(filepath.Join(sys, "speed")), 64); err == nil && mbps > 0 {
		found.Mbps = &mbps
	}
	if duplex := line(filepath.Join(sys, "duplex")); found.Kind == facts.Wired && (duplex == facts.DuplexFull || duplex == facts.DuplexHalf) {
		found.Duplex = duplex
	}
	if found.addr.Is4() {
		found.gateway = gateway4(i.Name)
	} else {
		found.gateway = gateway6(i.Name)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func line(path string) string {
	b, _ := os.ReadFile(path)
	return strings.TrimSpace(string(b))
}

func linkType(sys string) int {
	n, _ := strconv.Atoi(line(filepath.Join(sys, "type")))
	return n
}

// signal reads the level column of /proc/net/wireless, in dBm.
func signal(name string) *float64 {
	for _, fields := range table("/proc/net/wireless") {
		if len(fields) > 3 && strings.TrimSuffix(fields[0], ":") == name {
			if dbm, err := strconv.ParseFloat(strings.TrimSuffix(fields[3], "."), 64); err == nil && dbm < 0 {
				return &dbm
			}
		}
	}
	return nil
}

// gateway4 reads the default route of an interface: little-endian hex words.
func gateway4(name string) netip.Addr {
	for _, f := range table("/proc/net/route") {
		if len(f) < 8 || f[0] != name || f[1] != "00000000" || f[7] != "00000000" {
			continue
		}
		if word, err := strconv.ParseUint(f[2], 16, 32); err == nil && word != 0 {
			var b [4]byte
			binary.NativeEndian.PutUint32(b[:], uint32(word))
			return netip.AddrFrom4(b)
		}
	}
	return netip.Addr{}
}

// gateway6 reads the default route of an interface: 32 hex digits.
func gateway6(name string) netip.Addr {
	for _, f := range table("/proc/net/ipv6_route") {
		if len(f) < 10 || f[9] != name || f[1] != "00" || strings.Trim(f[0], "0") != "" {
			continue
		}
		if b, err := hex.DecodeString(f[4]); err == nil && len(b) == 16 {
			if addr, _ := netip.AddrFromSlice(b); !addr.IsUnspecified() {
				if addr.IsLinkLocalUnicast() {
					addr = addr.WithZone(name)
				}
				return addr
			}
		}
	}
	return netip.Addr{}
}

// table splits a file of /proc into the fields of its lines.
func table(path string) [][]string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	var rows [][]string
	for s := bufio.NewScanner(f); s.Scan(); {
		rows = append(rows, strings.Fields(s.Text()))
	}
	return rows
}
