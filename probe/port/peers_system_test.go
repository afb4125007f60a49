//go:build system

package port_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"netready/internal/need"
	"netready/probe/facts"
	"netready/probe/ice"
	"netready/probe/internal/netlab"
	"netready/probe/internal/wire"
	"netready/probe/port"
)

// listening waits until a server of the lab has opened a port.
func listening(t *testing.T, lab *netlab.Lab, flag string, number int) {
	t.Helper()
	for range 100 {
		if lab.In(t, "s", "ss", "-Hln"+flag, fmt.Sprintf("sport = :%d", number)) != "" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("nothing listens on port %d (%s)", number, flag)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// authority writes a CA and a certificate that it has signed for the server.
func authority(t *testing.T) (ca, certificate, key string) {
	t.Helper()
	root, err := selfSigned("The lab's CA", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := selfSigned(netlab.Server, []string{netlab.Server}, &root)
	if err != nil {
		t.Fatal(err)
	}
	block := func(c tls.Certificate) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}))
	}
	der, err := x509.MarshalPKCS8PrivateKey(leaf.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "ca.pem", block(root)), write(t, "cert.pem", block(leaf)),
		write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

const sipOptions = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="OPTIONS">
<recv request="OPTIONS" crlf="true"></recv>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
`

func startPeers(t *testing.T, lab *netlab.Lab, certificate, key string) {
	t.Helper()
	lab.Start(t, "s", "", nil, need.Tool(t, "turnserver"), "-n", "-L", netlab.Server, "-p", "3478", "--realm", "lab.test", "--lt-cred-mech",
		"-u", "user:secret", "--no-tls", "--no-dtls", "--no-cli", "--min-port", "50000", "--max-port", "50100", "--log-file", "stdout", "--pidfile", write(t, "pid", ""))
	lab.Start(t, "s", "", nil, need.Tool(t, "unbound"), "-d", "-c", write(t, "unbound.conf", `server:
 interface: 10.9.2.2
 access-control: 0.0.0.0/0 allow
 username: ""
 chroot: ""
 pidfile: ""
 use-syslog: no
 do-daemonize: no
remote-control:
 control-enable: no
`))
	lab.Start(t, "s", "", nil, need.Tool(t, "dnsmasq"), "-k", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--pid-file", "--port=5353", "--listen-address="+netlab.Server, "--bind-interfaces")
	dir := t.TempDir()
	lab.Start(t, "s", "", nil, need.Tool(t, "nginx"), "-e", filepath.Join(dir, "err"), "-p", dir, "-g", "daemon off; pid "+dir+"/pid; user root;", "-c", write(t, "nginx.conf", fmt.Sprintf(`events {}
http { access_log off;
 server { listen 8080; listen 8443 ssl; ssl_certificate %s; ssl_certificate_key %s; return 204; } }
`, certificate, key)))
	scenario := write(t, "options.xml", sipOptions)
	for number, transport := range map[string]string{"5060": "u1", "5062": "t1"} {
		lab.Start(t, "s", "", nil, need.Tool(t, "sipp"), "-sf", scenario, "-i", netlab.Server, "-p", number, "-t", transport, "-nostdin")
	}
	for _, l := range []struct {
		flag   string
		number int
	}{{"u", 3478}, {"t", 3478}, {"u", 53}, {"t", 53}, {"u", 5353}, {"t", 8443}, {"t", 8080}, {"u", 5060}, {"t", 5062}} {
		listening(t, lab, l.flag, l.number)
	}
}

// Servers of others: coturn, unbound, dnsmasq, nginx and SIPp; and a proxy of
// our own that opens TLS.
func TestRealPeers(t *testing.T) {
	t.Parallel()
	lab := netlab.New(t)
	ca, certificate, key := authority(t)
	startPeers(t, lab, certificate, key)
	lab.Role(t, "i", "proxy", "ready", "FAR=8443")
	lab.Rules(t, ruleset(nil, []string{"ip saddr 10.9.1.2 ip daddr 10.9.2.2 tcp dport 9443 dnat to 10.9.3.2:2"}))
	checks := []struct {
		check        port.Check
		want, detail string
	}{
		{port.Check{Name: "coturn", Protocol: "stun", Port: 3478}, "", "10.9.1.2"},
		{port.Check{Name: "coturn", Protocol: "stun-tcp", Port: 3478}, "", "10.9.1.2"},
		{port.Check{Name: "coturn", Protocol: "turn", Port: 3478}, "", "lab.test"},
		{port.Check{Name: "coturn", Protocol: "turn-tcp", Port: 3478}, "", "lab.test"},
		{port.Check{Name: "coturn, relay", Protocol: "turn", Port: 3478, Username: ice.NewSecret("user"), Password: ice.NewSecret("secret")}, "", "came back through it"},
		{port.Check{Name: "coturn, relay", Protocol: "turn-tcp", Port: 3478, Username: ice.NewSecret("user"), Password: ice.NewSecret("secret")}, "", "came back through it"},
		{port.Check{Name: "coturn, wrong password", Protocol: "turn", Port: 3478, Username: ice.NewSecret("user"), Password: ice.NewSecret("guess")}, facts.ReasonProtocol, "gave no relay"},
		{port.Check{Name: "unbound", Protocol: "dns", Port: 53}, "", "answered"},
		{port.Check{Name: "unbound", Protocol: "dns-tcp", Port: 53}, "", "answered"},
		{port.Check{Name: "dnsmasq", Protocol: "dns", Port: 5353}, "", "answered"},
		{port.Check{Name: "nginx", Protocol: "tls", Port: 8443}, "", "The lab's CA"},
		{port.Check{Name: "nginx", Protocol: "https", Port: 8443}, "", "204"},
		{port.Check{Name: "nginx", Protocol: "http", Port: 8080}, "", "204"},
		{port.Check{Name: "nginx is no TLS here", Protocol: "tls", Port: 8080}, facts.ReasonIntercepted, "not with TLS"},
		{port.Check{Name: "SIPp", Protocol: "sip", Port: 5060}, "", "200 OK"},
		{port.Check{Name: "SIPp", Protocol: "sip-tcp", Port: 5062}, "", "200 OK"},
		{port.Check{Name: "intercepting proxy", Protocol: "tls", Port: 9443}, facts.ReasonIntercepted, "Inspecting Proxy CA"},
		{port.Check{Name: "intercepting proxy", Protocol: "https", Port: 9443}, facts.ReasonIntercepted, "Inspecting Proxy CA"},
	}
	var p play
	for _, c := range checks {
		c.check.Host = netlab.Server
		p.Checks = append(p.Checks, c.check)
	}
	for i, row := range ask(t, lab, p, "SSL_CERT_FILE="+ca)[0] {
		t.Logf("%-22s %-9s %-6s %-12s %s", row.Name, row.Protocol, row.Status, row.Reason, row.Detail)
		if row.Reason != checks[i].want || !strings.Contains(row.Detail, checks[i].detail) {
			t.Errorf("%s, %s: got %s, want %q and %q", row.Name, row.Protocol, row.Reason, checks[i].want, checks[i].detail)
		}
	}
}

// Beside nmap, on the same ports in the same namespaces: every port right, in no more time,
// which is printed. nmap cannot distinguish a silent UDP port from a dropped one. Not in
// parallel: the matrix of 100 runs keeps the machine so busy that a verdict may well be
// that it stood still.
func TestBesideNmap(t *testing.T) {
	nmap := need.Tool(t, "nmap")
	lab := netlab.New(t)
	// kinds in turn: open, silent, dropped, rejected, unused.
	want := map[string]map[int]string{
		"tcp": {0: "", 1: "", 2: facts.ReasonNoReply, 3: facts.ReasonRefused, 4: facts.ReasonRefused},
		"udp": {0: "", 1: facts.ReasonNotServed, 2: facts.ReasonNoReply, 3: facts.ReasonRefused, 4: ""},
	}
	p := play{Host: netlab.Server}
	var forward, open []string
	var reasons []string
	ports := map[string][]string{}
	for _, layer := range []string{"tcp", "udp"} {
		for i := range map[string]int{"tcp": 20, "udp": 10}[layer] {
			number := 20000 + i
			ports[layer] = append(ports[layer], fmt.Sprint(number))
			check := port.Check{Name: fmt.Sprintf("%s %d", layer, number), Protocol: layer, Host: netlab.Server, Port: number}
			switch i % 5 {
			case 0:
				open = append(open, fmt.Sprintf("%s:%d", layer, number))
				p.Listeners = append(p.Listeners, wire.Listener{Protocol: layer, Port: number})
			case 2:
				forward = append(forward, fmt.Sprintf("%s dport %d drop", layer, number))
			case 3:
				with := map[string]string{"tcp": "tcp reset", "udp": "icmp type port-unreachable"}[layer]
				forward = append(forward, fmt.Sprintf("%s dport %d reject with %s", layer, number, with))
			}
			p.Checks = append(p.Checks, check)
			reasons = append(reasons, want[layer][i%5])
		}
	}
	lab.Rules(t, ruleset(forward, nil))
	lab.Role(t, "s", "responder", "ready", "SPEC="+strings.Join(open, ","))
	lab.Role(t, "s", "silent", "ready")

	started := time.Now()
	rows := ask(t, lab, p)[0]
	ours := time.Since(started)
	right := map[string]int{}
	for i, row := range rows {
		if row.Reason == reasons[i] {
			right[row.Protocol]++
		} else {
			t.Errorf("%s: got %s %s, want %q", row.Name, row.Status, row.Reason, reasons[i])
		}
	}
	started = time.Now()
	out := lab.In(t, "c", nmap, "-n", "-Pn", "-sS", "-sU", "-p", "T:"+strings.Join(ports["tcp"], ",")+",U:"+strings.Join(ports["udp"], ","), netlab.Server)
	theirs := time.Since(started)
	t.Logf("netready: TCP %d of 20, UDP %d of 10, %.1f s; nmap: %.1f s\n%s", right["tcp"], right["udp"], ours.Seconds(), theirs.Seconds(), out)
}

// playSilent binds ports and never answers.
func playSilent() error {
	var held []io.Closer // or the garbage collector would close them
	for i := 1; i < 20; i += 5 {
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", 20000+i))
		if err != nil {
			return err
		}
		held = append(held, l)
		if i < 10 {
			c, err := net.ListenPacket("udp", fmt.Sprintf(":%d", 20000+i))
			if err != nil {
				return err
			}
			held = append(held, c)
		}
	}
	fmt.Println("ready")
	for { // until the lab is taken down
		time.Sleep(time.Minute)
		runtime.KeepAlive(held)
	}
}
