package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/probe/ice"

	"github.com/pion/turn/v4"

	"netready/cmd/netready/page"
	"netready/probe"
	"netready/report"
)

const (
	turnUser = "4102444800:djE6YXJuOmF3czpraW5lc2lz" // it holds until 2100
	turnWord = "qs+Secret/Word="
)

// turnServer is a TURN server with UDP and TLS on one port, as Kinesis has
// them, and the file of its certificate.
func turnServer(t *testing.T) (port int, roots string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	roots = filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at, _ := listener.Addr().(*net.TCPAddr)
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", at.String())
	if err != nil {
		t.Skip("the port is not free for UDP too: ", err)
	}
	relays := &turn.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"}
	secure := tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12})
	server, err := turn.NewServer(turn.ServerConfig{
		Realm: "example.org",
		AuthHandler: func(user, realm string, _ net.Addr) ([]byte, bool) {
			return turn.GenerateAuthKey(user, realm, turnWord), user == turnUser
		},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: conn, RelayAddressGenerator: relays}},
		ListenerConfigs:   []turn.ListenerConfig{{Listener: secure, RelayAddressGenerator: relays}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return at.Port, roots
}

// aws is an answer of GetIceServerConfig in its documented shape: two servers,
// the first by an address of IPv6 that nobody has (RFC 3849).
func aws(port int, user, password string) string {
	return fmt.Sprintf(`{"IceServerList":[
	{"Uris":["turn:[2001:db8::7]:443?transport=udp","turns:[2001:db8::7]:443?transport=udp","turns:[2001:db8::7]:443?transport=tcp"],"Username":%[2]q,"Password":%[3]q,"Ttl":300},
	{"Uris":["turn:127.0.0.1:%[1]d?transport=udp","turns:127.0.0.1:%[1]d?transport=udp","turns:127.0.0.1:%[1]d?transport=tcp"],"Username":%[2]q,"Password":%[3]q,"Ttl":300}]}`,
		port, user, password)
}

func TestRunThroughATURNServer(t *testing.T) {
	port, roots := turnServer(t)
	good := aws(port, turnUser, turnWord)
	uri := fmt.Sprintf("turn:127.0.0.1:%d?transport=udp", port)
	for name, c := range map[string]struct {
		args  []string
		stdin string
		env   string
		exit  int
		words string // on stderr
		loops int
	}{
		"what AWS hands out":      {[]string{"--ice", "-"}, good, "", 0, "and back: 31 kB up", 3},
		"a URI and a password":    {[]string{"--turn", uri, "--turn-user", turnUser}, "", "NETREADY_TURN_PASSWORD=" + turnWord, 0, "3 streams", 1},
		"expired":                 {[]string{"--ice", "-"}, aws(port, "1600000000:djE6", turnWord), "", 2, "they expired at", 0},
		"refused":                 {[]string{"--ice", "-"}, aws(port, turnUser, "wrong"+turnWord), "", 2, "refused the credentials", 0},
		"no JSON":                 {[]string{"--ice", "-"}, "An error occurred", "", 2, "not valid JSON", 0},
		"too many calls":          {[]string{"--ice", "-", "--calls", "6"}, good, "", 2, "give 1 to 5", 0},
		"a responder as well":     {[]string{"--ice", "-", "--responder", "https://127.0.0.1:1/i#AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"}, good, "", 2, "", 0},
		"a user without a server": {[]string{"--turn-user", "x"}, "", "", 2, "go with --turn", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := t.TempDir()
			cmd := exec.CommandContext(t.Context(), "netready", append([]string{"run", "--json", "--duration", "1s", "--only", "voice,firewall", "--out", out}, c.args...)...)
			cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+roots, c.env)
			cmd.Stdin = strings.NewReader(c.stdin)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) || cmd.ProcessState.ExitCode() != c.exit || !strings.Contains(stderr.String(), c.words) {
				t.Fatalf("exit %d, %v\n%s%s", cmd.ProcessState.ExitCode(), err, stdout.String(), stderr.String())
			}
			files, _ := filepath.Glob(filepath.Join(out, "*"))
			shown := stdout.String() + stderr.String()
			for _, f := range files {
				b, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				shown += string(b)
			}
			if strings.Contains(shown, turnWord) || strings.Contains(shown, "djE6") {
				t.Error("a secret is shown")
			}
			if c.loops == 0 {
				return
			}
			var r report.Report
			if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			v := r.Voice
			if v.Mode != "relay" || r.Verdict != "ready" || v.Relay == nil || len(v.Relay.Loops) != c.loops || v.Loop == nil || v.Loop.Sent != 50 || (v.Up != nil) != (c.loops == 3) {
				t.Errorf("got %s %s, %+v", v.Mode, r.Verdict, v)
			}
			if v.Up != nil && (v.Up.Lost != 0 || v.Up.MOS == nil || v.Up.JitterMS != nil) {
				t.Errorf("up: %+v", v.Up)
			}
		})
	}
}

// What a TURN service hands out can be pasted into the page's form.
func TestPageTakesATURNServicesJSON(t *testing.T) {
	port, _ := turnServer(t)
	pasted := fmt.Sprintf(`{"iceServers":[{"urls":"turn:127.0.0.1:%d?transport=udp","username":%q,"credential":%q}]}`, port, turnUser, turnWord)
	app := &app{Ctx: t.Context(), Stdout: io.Discard, Stderr: io.Discard}
	defaults, err := app.read([]string{"run"})
	if err != nil {
		t.Fatal(err)
	}
	run := pageRunner(app, defaults.cli.Run, t.TempDir(), nil)
	r, err := run(t.Context(), page.Options{Region: "local", FarEnd: turnIn(t, pasted), Duration: time.Second, Calls: 1}, func(probe.Event) {})
	if err != nil || r.Voice.Mode != facts.ModeRelay || r.Voice.Loop == nil || r.Voice.Loop.Received != 50 {
		t.Errorf("got %s, %v", r.Voice.Mode, err)
	}
	if _, err := run(t.Context(), page.Options{Region: "local", FarEnd: turnIn(t, strings.Replace(pasted, turnWord, "wrong", 1)), Duration: time.Second, Calls: 1}, func(probe.Event) {}); err == nil || strings.Contains(err.Error(), turnUser) {
		t.Errorf("got %v", err)
	}
}

// turnIn is what the page makes of a pasted list.
func turnIn(t *testing.T, pasted string) page.FarEnd {
	t.Helper()
	servers, err := ice.Parse([]byte(pasted))
	if err != nil {
		t.Fatal(err)
	}
	return page.FarEnd{TURN: servers}
}

// Before a run fills a line that others use, it says so.
func TestLoadIsAnnounced(t *testing.T) {
	for text, p := range map[string]probe.Plan{"": {}, "--under-load fills": {UnderLoad: true}, "40 at the most (3440 kbit/s": {CallsMax: 40}} {
		var said bytes.Buffer
		announce(&app{Stderr: &said}, p)
		if !strings.Contains(said.String(), text) || text == "" && said.Len() > 0 {
			t.Errorf("%+v: %q, want %q", p, said.String(), text)
		}
	}
}
