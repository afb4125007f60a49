//go:build system

package page

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/pion/turn/v4"

	"netready/probe"
	"netready/probe/facts"
	"netready/probe/regions"
	"netready/report"
)

// What a TURN service hands out, pasted into the form, and a real call through
// that server: the page says whose figures are of both ways together.
func TestBrowserPastesATURNServicesJSON(t *testing.T) {
	const user, password = "office", "a-word-of-the-day"
	udp, tcp := turnServer(t, user, password)
	list, err := regions.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := serve(t, Config{Dir: dir, Remember: filepath.Join(t.TempDir(), "page.json"), Regions: list.Regions, Run: func(ctx context.Context, o Options, progress func(probe.Event)) (report.Report, error) {
		region, err := list.Find(o.Region)
		if err != nil {
			return report.Report{}, err
		}
		r, err := probe.Run(ctx, probe.Plan{
			Region: region, Regions: list, TURN: o.FarEnd.TURN, Duration: o.Duration, Calls: o.Calls, Codec: "pcmu",
			JitterBuffer: 60 * time.Millisecond, Parts: []string{facts.PartVoice}, Progress: progress,
		})
		if err != nil {
			return report.Report{}, err
		}
		rep := judged(r)
		return rep, save(dir, rep)
	}})
	t.Log(browse(t, "pasted", s, map[string]string{"pasted": fmt.Sprintf(
		"{\n \"iceServers\": [\n  {\"urls\": [\"turn:%s?transport=udp\", \"turn:%s?transport=tcp\"],\n   \"username\": %q, \"credential\": %q}\n ]\n}",
		udp, tcp, user, password), "password": password}))
}

// turnServer is a TURN server on loopback, by UDP and TCP.
func turnServer(t *testing.T, user, password string) (udp, tcp string) {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	relays := &turn.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"}
	server, err := turn.NewServer(turn.ServerConfig{
		Realm: "example.org",
		AuthHandler: func(who, realm string, _ net.Addr) ([]byte, bool) {
			return turn.GenerateAuthKey(user, realm, password), who == user
		},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: conn, RelayAddressGenerator: relays}},
		ListenerConfigs:   []turn.ListenerConfig{{Listener: listener, RelayAddressGenerator: relays}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return conn.LocalAddr().String(), listener.Addr().String()
}
