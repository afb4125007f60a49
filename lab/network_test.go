//go:build (lab || system) && linux

package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"netready/internal/need"
)

// Addresses of a laboratory, see docs/lab.md.
const (
	pcAddress    = "198.18.1.2"
	farAddress   = "198.18.4.2"
	nextDoor     = "198.18.1.9" // of a far end in the PC's own network
	otherAddress = "198.18.6.2"
	dnsAddress   = "198.18.5.2"
	farName      = "far.lab.test"
)

// Namespaces of a laboratory.
const (
	pc       = "pc"
	gateway  = "gw"
	edge     = "edge" // the provider's first router
	core     = "core" // and its last
	far      = "far"
	resolver = "dns"
	other    = "other" // another PC of the office
	wires    = "wires"
)

// Links are what happens on the three links that have a wire, each way.
type Links struct{ LANUp, LANDown, LineUp, LineDown, ProviderUp, ProviderDown Harm }

var laboratories atomic.Int32

// network is one laboratory.
type network struct {
	prefix  string
	began   *beginning
	isNear  bool     // the far end is in the PC's own network
	dropper *dropper // on the line
}

// newNetwork builds a laboratory and takes it down after the test.
func newNetwork(tb testing.TB, links Links, seed uint64) *network {
	tb.Helper()
	need.Root(tb)
	need.Tool(tb, "ip")
	need.Tool(tb, "nft")
	need.Tool(tb, "chrt")
	n := &network{prefix: fmt.Sprintf("lab%d-%d", os.Getpid()%100000, laboratories.Add(1)), began: newBeginning(), dropper: &dropper{}}
	for _, ns := range []string{pc, gateway, edge, core, far, resolver, other, wires} {
		must(tb, "ip", "netns", "add", n.ns(ns))
		tb.Cleanup(func() { _ = exec.Command("ip", "netns", "del", n.ns(ns)).Run() })
		inNamespace(tb, n.ns(ns), quiet)
		must(tb, "ip", "-n", n.ns(ns), "link", "set", "lo", "up")
	}
	n.resolvConf(tb)
	n.wire(tb, 1, pc, "eth0", gateway, "lan", links.LANUp, links.LANDown, seed, nil)
	n.wire(tb, 2, gateway, "line", edge, "line", links.LineUp, links.LineDown, seed+1, n.dropper)
	n.wire(tb, 3, edge, "core", core, "edge", links.ProviderUp, links.ProviderDown, seed+2, nil)
	n.cable(tb, 4, core, "far", far, "eth0")
	n.cable(tb, 5, edge, "dns", resolver, "eth0")
	n.cable(tb, 6, gateway, "office", other, "eth0")
	n.routes(tb)
	return n
}

func (n *network) ns(name string) string { return n.prefix + name }

// quiet sets up a namespace so that it sends nothing by itself and does not limit its
// answers.
func quiet() error {
	for file, value := range map[string]string{
		"ipv6/conf/all/disable_ipv6": "1", "ipv6/conf/default/disable_ipv6": "1",
		"ipv4/ip_forward": "1", "ipv4/icmp_ratelimit": "0", "ipv4/icmp_msgs_per_sec": "100000", "ipv4/icmp_msgs_burst": "100000",
		"ipv4/ip_unprivileged_port_start": "0", "ipv4/ping_group_range": "0 2147483647",
	} {
		if err := os.WriteFile("/proc/sys/net/"+file, []byte(value), 0o600); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

// resolvConf gives the PC the laboratory's resolver.
func (n *network) resolvConf(tb testing.TB) {
	tb.Helper()
	dir := filepath.Join("/etc/netns", n.ns(pc)) // where ip netns exec looks
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.WriteFile(filepath.Join(dir, "resolv.conf"), []byte("nameserver "+dnsAddress+"\n"), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// cable joins two namespaces by a pair of interfaces in 198.18.N.0/24: .1 is on the side of
// a, except for the LAN and the line, where the PC and the gateway are .2.
func (n *network) cable(tb testing.TB, number int, a, aDev, b, bDev string) {
	tb.Helper()
	must(tb, "ip", "link", "add", aDev, "netns", n.ns(a), "type", "veth", "peer", "name", bDev, "netns", n.ns(b))
	n.up(tb, a, aDev, fmt.Sprintf("198.18.%d.1/24", number))
	n.up(tb, b, bDev, fmt.Sprintf("198.18.%d.2/24", number))
}

// wire joins two namespaces, near the PC and further from it, by a link that
// harms.
func (n *network) wire(tb testing.TB, number int, a, aDev, b, bDev string, up, down Harm, seed uint64, dropper *dropper) {
	tb.Helper()
	near, farther := fmt.Sprintf("w%da", number), fmt.Sprintf("w%db", number)
	must(tb, "ip", "link", "add", aDev, "netns", n.ns(a), "type", "veth", "peer", "name", near, "netns", n.ns(wires))
	must(tb, "ip", "link", "add", bDev, "netns", n.ns(b), "type", "veth", "peer", "name", farther, "netns", n.ns(wires))
	n.up(tb, wires, near, "")
	n.up(tb, wires, farther, "")
	n.up(tb, a, aDev, fmt.Sprintf("198.18.%d.2/24", number))
	n.up(tb, b, bDev, fmt.Sprintf("198.18.%d.1/24", number))
	newWire(tb, n.ns(wires), near, farther, up, down, seed, n.began, dropper)
}

// up gives an interface its address. It sends whole frames with a checksum, as
// a wire wants them.
func (n *network) up(tb testing.TB, ns, dev, address string) {
	tb.Helper()
	inNamespace(tb, n.ns(ns), func() error { return withoutOffload(dev) })
	if address != "" {
		must(tb, "ip", "-n", n.ns(ns), "addr", "add", address, "dev", dev)
	}
	must(tb, "ip", "-n", n.ns(ns), "link", "set", dev, "up")
}

func (n *network) routes(tb testing.TB) {
	tb.Helper()
	for _, r := range [][3]string{
		{pc, "default", "198.18.1.1"},
		{other, "default", "198.18.6.1"},
		{gateway, "default", "198.18.2.1"},
		{edge, "198.18.6.0/24", "198.18.2.2"},
		{edge, "default", "198.18.3.1"},
		{core, "default", "198.18.3.2"},
		{far, "default", "198.18.4.1"},
		{resolver, "default", "198.18.5.1"},
	} {
		must(tb, "ip", "-n", n.ns(r[0]), "route", "add", r[1], "via", r[2])
	}
	n.rules(tb, gateway, translation)
}

// translation is the gateway's NAT.
const translation = `
table ip nat {
	chain out {
		type nat hook postrouting priority srcnat
		oifname line ip saddr 198.18.1.0/24 masquerade
	}
}
`

// rules loads nftables rules into a namespace, beside those that are there.
func (n *network) rules(tb testing.TB, ns, rules string) {
	tb.Helper()
	if err := n.load(ns, rules); err != nil {
		tb.Fatal(err)
	}
}

func (n *network) load(ns, rules string) error {
	c := exec.Command("ip", "netns", "exec", n.ns(ns), "nft", "-f", "-")
	c.Stdin = strings.NewReader(rules)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w\n%s\n%s", err, out, rules)
	}
	return nil
}

// inNamespace calls f on a thread in that namespace; what it opens stays there.
func inNamespace(tb testing.TB, ns string, f func() error) {
	tb.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends in that namespace
		done <- func() error {
			fd, err := unix.Open("/run/netns/"+ns, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer func() { _ = unix.Close(fd) }()
			if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
				return err
			}
			return f()
		}()
	}()
	if err := <-done; err != nil {
		tb.Fatalf("in namespace %s: %v", ns, err)
	}
}

// withoutOffload makes an interface hand over frames as they are sent over a cable: no
// larger than its MTU, with their checksum (ethtool -K DEV tx off tso off gso off).
func withoutOffload(dev string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	for _, command := range []uint32{unix.ETHTOOL_STXCSUM, unix.ETHTOOL_STSO, unix.ETHTOOL_SGSO} {
		value := [2]uint32{command, 0}
		request := struct {
			name [unix.IFNAMSIZ]byte
			data unsafe.Pointer
			_    [16]byte
		}{data: unsafe.Pointer(&value)}
		copy(request.name[:unix.IFNAMSIZ-1], dev)
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request))); errno != 0 {
			return fmt.Errorf("offload of %s: %w", dev, errno)
		}
	}
	return nil
}

func must(tb testing.TB, command ...string) {
	tb.Helper()
	if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		tb.Fatalf("%v: %v\n%s", command, err, out)
	}
}
