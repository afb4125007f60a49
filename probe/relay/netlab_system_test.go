//go:build system

package relay

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netready/internal/need"
	"netready/probe/facts"
	"netready/probe/ice"
	"netready/probe/internal/netlab"
	"netready/probe/stream"
)

// The agent is this test binary, started anew inside a namespace.
const roleAgent = "agent"

func TestMain(m *testing.M) {
	if os.Getenv(netlab.RoleVar) != roleAgent {
		os.Exit(m.Run())
	}
	var q question
	err := json.NewDecoder(os.Stdin).Decode(&q)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(q.answer())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// question is what the agent is to do.
type question struct {
	ICE      string
	Duration time.Duration
	Roots    string // PEM
}

// measured is the outcome.
type measured struct {
	Error, Kind, Reason, Peer, Software, Server string
	Complete                                    bool
	RoundTrips, Lost                            int
	Loops                                       []measuredLoop
}

type measuredLoop struct {
	Up, Down      string
	First, Second int // local ports
	Metrics       stream.Metrics
	Arrivals      []stream.Arrival
}

func (q question) answer() (m measured) {
	servers, err := ice.Parse([]byte(q.ICE))
	if err != nil {
		return measured{Error: err.Error()}
	}
	s := Settings{Servers: servers, Duration: q.Duration, Now: time.Now()}
	if q.Roots != "" {
		s.Roots = x509.NewCertPool()
		s.Roots.AppendCertsFromPEM([]byte(q.Roots))
	}
	ctx, cancel := context.WithTimeout(context.Background(), q.Duration+time.Minute)
	defer cancel()
	session, err := Open(ctx, s)
	if err != nil {
		for _, kind := range []error{ErrCredentials, ErrQuota, ErrUnreachable} {
			if strings.HasPrefix(err.Error(), kind.Error()) {
				m.Kind = kind.Error()
			}
		}
		m.Error = err.Error()
		return m
	}
	c := &calls{session: session}
	o, err := c.run(ctx)
	if err != nil {
		return measured{Error: err.Error()}
	}
	m = measured{Reason: o.Reason, Complete: o.Complete, Peer: o.Peer, Software: o.Software, Server: o.Server, RoundTrips: len(o.RoundTrips), Lost: o.Lost}
	for i, l := range o.Calls[0].Loops {
		in := c.loops()[i]
		one := measuredLoop{Up: l.UpLeg, Down: l.DownLeg, Metrics: stream.Measure(l.Trace, 60*time.Millisecond), Arrivals: l.Arrivals}
		one.First, one.Second = in.ports()
		m.Loops = append(m.Loops, one)
	}
	return m
}

// ports are this machine's, of the way up and the way down.
func (l *loop) ports() (up, down int) {
	port := func(relay int) int {
		switch {
		case relay == 0 && l.first != nil:
			return int(l.first.Local().Port())
		case relay == 1 && l.second != nil:
			return int(l.second.Local().Port())
		}
		return int(l.socket.LocalAddr().Port())
	}
	return port(0), port(1)
}

// coturn starts Debian's TURN server in the server's namespace and returns its
// certificate.
func coturn(t *testing.T, l *netlab.Lab, extra ...string) (roots string) {
	t.Helper()
	program := need.Tool(t, "turnserver")
	dir := t.TempDir()
	roots, key := certificate(t)
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, text := range map[string]string{certFile: roots, keyFile: key} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := append([]string{
		program, "-n", "--log-file", "stdout", "--no-cli", "--listening-ip", netlab.Server, "--relay-ip", netlab.Server,
		"--realm", "example.org", "--cert", certFile, "--pkey", keyFile, "--tls-listening-port", "443",
		"--pidfile", filepath.Join(dir, "pid"), "--userdb", filepath.Join(dir, "db"),
	}, extra...)
	l.Start(t, "s", "Total General servers", nil, args...)
	return roots
}

func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "turn"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(netlab.Server)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	b, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: b}))
}

// rtpChannel matches RTP in ChannelData: the first two bits of either are 01
// and 10.
const rtpChannel = "@th,64,2 1 @th,96,2 2"

// losing drops a share of each way's RTP and counts it by the agent's port.
func losing(up, down int, more string) string {
	return fmt.Sprintf(`table ip t {
 set lost_up { type inet_service; size 64; flags dynamic; counter; }
 set lost_down { type inet_service; size 64; flags dynamic; counter; }
 chain forward { type filter hook forward priority 0;
  udp dport 3478 %s numgen random mod 100 < %d add @lost_up { udp sport } drop
  udp sport 3478 %s numgen random mod 100 < %d add @lost_down { udp dport } drop
 }
 %s
}`, rtpChannel, up, rtpChannel, down, more)
}

// symmetric is a NAT that maps every destination to another random port.
const symmetric = `chain nat { type nat hook postrouting priority 100;
 oifname "f2" masquerade fully-random
}`

// dropped reads a set's counters.
func dropped(t *testing.T, l *netlab.Lab, set string) map[int]int {
	t.Helper()
	var listed struct {
		Nftables []struct {
			Set *struct {
				Elem []struct {
					Elem struct {
						Val     int
						Counter struct{ Packets int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(l.In(t, "f", "nft", "-j", "list", "set", "ip", "t", set)), &listed); err != nil {
		t.Fatal(err)
	}
	all := map[int]int{}
	for _, n := range listed.Nftables {
		if n.Set == nil {
			continue
		}
		for _, e := range n.Set.Elem {
			all[e.Elem.Val] = e.Elem.Counter.Packets
		}
	}
	return all
}

const account = `"username":"alice","credential":"a-secret-word"`

func TestCoturnBehindFirewalls(t *testing.T) {
	host := netlab.Server
	full := `{"iceServers":[{"urls":["turn:` + host + `:3478?transport=udp","turns:` + host + `:443?transport=tcp"],` + account + `}]}`
	for name, c := range map[string]struct {
		ice    string
		rules  string
		server []string
		peer   string
		loops  string
		fails  string
		isLoss bool
	}{
		"loss up":                      {full, losing(5, 0, ""), nil, facts.PeerRelayed, "udp/udp udp/tls tls/udp", "", true},
		"loss down":                    {full, losing(0, 5, ""), nil, facts.PeerRelayed, "udp/udp udp/tls tls/udp", "", true},
		"both, symmetric NAT":          {full, losing(10, 3, symmetric), nil, facts.PeerRelayed, "udp/udp udp/tls tls/udp", "", true},
		"relays denied, symmetric NAT": {full, "table ip t {\n" + symmetric + "\n}", []string{"--denied-peer-ip=" + host}, facts.PeerPublic, "udp/udp udp/tls tls/udp", "", false},
		"only TCP 443 goes out": {
			full, "table ip t {\nchain forward { type filter hook forward priority 0; policy drop;\nct state established accept\ntcp dport 443 accept\n}\n}",
			nil, facts.PeerRelayed, "tls/tls", "", false,
		},
		"wrong password": {strings.Replace(full, "a-secret-word", "another", 1), "", nil, "", "", ErrCredentials.Error(), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := netlab.New(t)
			roots := coturn(t, l, append([]string{"--lt-cred-mech", "--user", "alice:a-secret-word", "--stale-nonce=60"}, c.server...)...)
			if c.rules != "" {
				l.Rules(t, c.rules)
			}
			m := ask(t, l, question{c.ice, 5 * time.Second, roots})
			if c.fails != "" {
				if m.Kind != c.fails || strings.Contains(m.Error, "another") {
					t.Errorf("got %q", m.Error)
				}
				return
			}
			if !m.Complete || m.Peer != c.peer || !strings.Contains(m.Software, "oturn") || m.RoundTrips < 20 {
				t.Errorf("complete %v %q %s, peer %s, software %q, %d round trips", m.Complete, m.Reason, m.Error, m.Peer, m.Software, m.RoundTrips)
			}
			var up, down map[int]int
			if c.isLoss {
				up, down = dropped(t, l, "lost_up"), dropped(t, l, "lost_down")
			}
			var loops []string
			for _, one := range m.Loops {
				loops = append(loops, one.Up+"/"+one.Down)
				want := up[one.First] + down[one.Second]
				if one.Metrics.Sent != 250 || one.Metrics.Lost != want {
					t.Errorf("%s/%s: sent %d, lost %d, the firewall dropped %d", one.Up, one.Down, one.Metrics.Sent, one.Metrics.Lost, want)
				}
				t.Logf("%s/%s: lost %d, jitter %v", one.Up, one.Down, one.Metrics.Lost, *one.Metrics.Jitter)
			}
			if got := strings.Join(loops, " "); got != c.loops {
				t.Errorf("loops %s, want %s", got, c.loops)
			}
			if c.isLoss && len(up)+len(down) == 0 {
				t.Error("the firewall dropped nothing")
			}
		})
	}
}

// Credentials of a shared secret, in time and too late.
func TestCoturnSharedSecret(t *testing.T) {
	l := netlab.New(t)
	coturn(t, l, "--use-auth-secret", "--static-auth-secret", "north", "--no-tls", "--no-dtls")
	for name, c := range map[string]struct {
		now   time.Time
		fails string
	}{"in time": {time.Now(), ""}, "expired": {time.Now().Add(-24 * time.Hour), "they expired at"}} {
		user, password := ice.FromSharedSecret(ice.NewSecret("north"), "office", c.now)
		list := fmt.Sprintf(`[{"urls":"turn:%s","username":%q,"credential":%q}]`, netlab.Server, user.Reveal(), password.Reveal())
		m := ask(t, l, question{ICE: list, Duration: 200 * time.Millisecond})
		if c.fails == "" && (m.Error != "" || len(m.Loops) != 3) || !strings.Contains(m.Error, c.fails) {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func ask(t *testing.T, l *netlab.Lab, q question) (m measured) {
	t.Helper()
	b, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(l.Ask(t, "c", roleAgent, b), &m); err != nil {
		t.Fatal(err)
	}
	return m
}
