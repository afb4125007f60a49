//go:build (lab || system) && linux

package lab

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v3"
	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"
)

// DNS is how the resolver behaves.
type DNS struct {
	Dead    bool
	Slow    time.Duration // every answer comes so late
	Lost    int           // this answer is lost, counted from 1
	Refuses bool          // answers REFUSED
}

// resolve serves the laboratory's one name until the test is over.
func (n *network) resolve(tb testing.TB, d DNS) {
	tb.Helper()
	var conn net.PacketConn
	inNamespace(tb, n.ns(resolver), func() (err error) {
		conn, err = (&net.ListenConfig{}).ListenPacket(context.Background(), "udp4", dnsAddress+":53")
		return err
	})
	tb.Cleanup(func() { _ = conn.Close() })
	go func() {
		b := make([]byte, 1500)
		for count := 1; ; count++ {
			size, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			_, address := n.farHost()
			answer, err := answerTo(b[:size], address, d.Refuses)
			if err != nil || d.Dead || count == d.Lost {
				continue
			}
			time.AfterFunc(d.Slow, func() { _, _ = conn.WriteTo(answer, from) })
		}
	}()
}

// answerTo knows the far end's address, and that nothing else exists.
func answerTo(question []byte, address string, refuses bool) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil || len(m.Questions) == 0 {
		return nil, fmt.Errorf("no question: %w", err)
	}
	q := m.Questions[0]
	reply := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: m.ID, Response: true, RecursionDesired: m.RecursionDesired, RecursionAvailable: true},
		Questions: m.Questions[:1],
	}
	switch name := strings.ToLower(strings.TrimSuffix(q.Name.String(), ".")); {
	case refuses:
		reply.RCode = dnsmessage.RCodeRefused
	case name != farName:
		reply.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		reply.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60},
			Body:   &dnsmessage.AResource{A: [4]byte(net.ParseIP(address).To4())},
		}}
	}
	return reply.Pack()
}

// urgent runs the laboratory's own programs before others, so that a busy machine disturbs
// neither the far end nor the PC, except where that is the fault.
var urgent = []string{"chrt", "-r", fmt.Sprint(playersTime)}

// playersTime is their real-time priority: below that of the wires.
const playersTime = 5

// farHost is the host of the responder, and its address: in the PC's own network it is the
// gateway's that stands for another PC, since the LAN's wire lies in between.
func (n *network) farHost() (ns, address string) {
	if n.isNear {
		return gateway, nextDoor
	}
	return far, farAddress
}

// elsewhere is a STUN server of another host than the responder, until the test is over.
func (n *network) elsewhere(tb testing.TB) {
	tb.Helper()
	var udp net.PacketConn
	var tcp net.Listener
	inNamespace(tb, n.ns(resolver), func() (err error) {
		if udp, err = (&net.ListenConfig{}).ListenPacket(context.Background(), "udp4", dnsAddress+":3478"); err != nil {
			return err
		}
		tcp, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp4", dnsAddress+":3478")
		return err
	})
	tb.Cleanup(func() { _, _ = udp.Close(), tcp.Close() })
	go func() {
		b := make([]byte, 1500)
		for {
			size, from, err := udp.ReadFrom(b)
			if err != nil {
				return
			}
			if answer := bound(b[:size], from); answer != nil {
				_, _ = udp.WriteTo(answer, from)
			}
		}
	}()
	go func() {
		for {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			go func() {
				defer conn.Close()
				b := make([]byte, 1500) // a question comes in one piece here
				if size, err := conn.Read(b); err == nil {
					_, _ = conn.Write(bound(b[:size], conn.RemoteAddr()))
				}
			}()
		}
	}()
}

// bound answers a STUN binding request; nil if it is not one.
func bound(question []byte, from net.Addr) []byte {
	seen, err := netip.ParseAddrPort(from.String())
	m := &stun.Message{Raw: question}
	if err != nil || m.Decode() != nil || m.Type != stun.BindingRequest {
		return nil
	}
	reply, err := stun.Build(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess,
		&stun.XORMappedAddress{IP: seen.Addr().AsSlice(), Port: int(seen.Port())}, stun.Fingerprint)
	if err != nil {
		return nil
	}
	return reply.Raw
}

// far starts the responder and returns its process and the invite.
func (n *network) far(tb testing.TB) (*os.Process, string) {
	tb.Helper()
	dir := tb.TempDir()
	host, address := n.farHost()
	invite := filepath.Join(dir, "invite")
	c := exec.Command("ip", append(append([]string{"netns", "exec", n.ns(host)}, urgent...), filepath.Join(programs, "netready-responder"),
		"--control", address+":8443", "--media", fmt.Sprintf("%s:%d", address, mediaPort), "--advertise", farName+":8443",
		"--data", dir, "--invite-file", invite)...)
	out, err := c.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = c.Process.Signal(unix.SIGCONT)
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	go func() { // it must not block
		for s := bufio.NewScanner(out); s.Scan(); {
		}
	}()
	for range 200 {
		if b, err := os.ReadFile(invite); err == nil && len(b) > 0 {
			return c.Process, invite
		}
		time.Sleep(50 * time.Millisecond)
	}
	tb.Fatal("the responder writes no invite")
	return nil, ""
}

// flood fills a line with two transfers over TCP between two hosts until the
// test is over, at most a minute.
func (n *network) flood(tb testing.TB, from, to, address string) {
	tb.Helper()
	const transfers, longest = 2, time.Minute
	var sink net.Listener
	inNamespace(tb, n.ns(to), func() (err error) {
		sink, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp4", address+":5001")
		return err
	})
	tb.Cleanup(func() { _ = sink.Close() })
	for range transfers {
		inNamespace(tb, n.ns(from), func() error {
			conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp4", address+":5001")
			if err != nil {
				return err
			}
			tb.Cleanup(func() { _ = conn.Close() })
			_ = conn.SetDeadline(time.Now().Add(longest))
			go func() {
				for b := make([]byte, 1<<14); err == nil; {
					_, err = conn.Write(b)
				}
			}()
			return nil
		})
		received, err := sink.Accept()
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = received.Close() })
		go func() { _, _ = io.Copy(io.Discard, received) }()
	}
}

// forgetMappings makes a router forget all its connections (conntrack -F).
func (n *network) forgetMappings(tb testing.TB, router string) {
	tb.Helper()
	inNamespace(tb, n.ns(router), func() error {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
		if err != nil {
			return err
		}
		defer func() { _ = unix.Close(fd) }()
		const conntrack, remove = 1, 2 // NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE of linux/netfilter/nfnetlink*.h
		m := binary.NativeEndian.AppendUint32(nil, 20)
		m = binary.NativeEndian.AppendUint16(m, conntrack<<8|remove)
		m = binary.NativeEndian.AppendUint16(m, unix.NLM_F_REQUEST)
		m = append(m, make([]byte, 8)...)    // sequence, port
		m = append(m, unix.AF_INET, 0, 0, 0) // struct nfgenmsg
		return unix.Sendto(fd, m, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	})
}

// burn keeps all processors busy until the test is over, a minute at most.
func burn(tb testing.TB, processes int) {
	tb.Helper()
	for range processes {
		c := exec.Command("timeout", "60", "sh", "-c", "while :; do :; done")
		if err := c.Start(); err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() {
			_ = c.Process.Signal(unix.SIGTERM)
			_ = c.Wait()
		})
	}
}

// quota makes a control group whose processes get this share of a processor,
// and returns the file that takes their numbers.
func quota(tb testing.TB, name string, share float64) string {
	tb.Helper()
	const period = 100000 // microseconds
	limit := fmt.Sprintf("%d", int(share*period))
	group, files, procs := "/sys/fs/cgroup/cpu/"+name, map[string]string{"cpu.cfs_period_us": fmt.Sprint(period), "cpu.cfs_quota_us": limit}, "cgroup.procs"
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		group, files = "/sys/fs/cgroup/"+name, map[string]string{"cpu.max": fmt.Sprintf("%s %d", limit, period)}
	}
	if err := os.Mkdir(group, 0o755); err != nil {
		tb.Skip("no control groups here: ", err)
	}
	tb.Cleanup(func() {
		for range 50 { // until its last process is gone
			if os.Remove(group) == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	for file, value := range files {
		if err := os.WriteFile(filepath.Join(group, file), []byte(value), 0o600); err != nil {
			tb.Skip("no quota here: ", err)
		}
	}
	return filepath.Join(group, procs)
}
