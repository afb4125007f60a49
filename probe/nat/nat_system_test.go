//go:build system

package nat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"netready/probe/facts"
	"netready/probe/internal/netlab"
	"netready/probe/internal/wire"
	"netready/probe/nat"
	"netready/probe/responder/listen"
)

const nonce = "00112233445566778899aabbccddeeff"

// TestMain plays a role where the binary was started anew inside a namespace.
func TestMain(m *testing.M) {
	roles := map[string]func() error{"responder": playResponder, "client": playClient, "alg": playALG}
	role := roles[os.Getenv(netlab.RoleVar)]
	if role == nil {
		os.Exit(m.Run())
	}
	if err := role(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func playResponder() error {
	_, err := listen.Start(context.Background(), listen.Config{
		Spec: "udp:3478,udp:19302,udp:5060", Addresses: []string{netlab.Server, netlab.Server2},
		Nonce: func(id wire.KnockID) (string, bool) { return nonce, id == wire.KnockIDOf(nonce) },
	})
	if err != nil {
		return err
	}
	fmt.Println("ready")
	select {}
}

func playClient() error {
	o := nat.Options{
		Nonce: nonce, Knock: []string{netlab.Server + ":19302"},
		STUN: []nat.STUN{{Address: netlab.Server + ":3478", Nonce: nonce}}, SIP: netlab.Server + ":5060",
	}
	if os.Getenv("ONE_ADDRESS") != "" {
		o.Knock, o.STUN = []string{netlab.Server + ":19302", netlab.Server + ":3478"}, nil
	}
	r := nat.Run(context.Background(), o)
	if os.Getenv("SILENCE") != "" {
		r.Survives30s, r.Reason = nat.Silence(context.Background(), nat.SilenceOptions{
			Nonce: nonce, Knock: netlab.Server + ":19302", For: 6 * time.Second,
		})
		r.Explain()
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// playALG rewrites SIP messages on their way as a router's helper does.
func playALG() error {
	from, err := net.ListenPacket("udp", ":5060")
	if err != nil {
		return err
	}
	to, err := net.Dial("udp", netlab.Server+":5060")
	if err != nil {
		return err
	}
	fmt.Println("ready")
	b := make([]byte, 4096)
	for {
		n, client, err := from.ReadFrom(b)
		if err != nil {
			return err
		}
		_, _ = to.Write(bytes.ReplaceAll(b[:n], []byte(netlab.Client), []byte(netlab.Impostor)))
		_ = to.SetReadDeadline(time.Now().Add(time.Second))
		if n, err = to.Read(b); err == nil {
			_, _ = from.WriteTo(b[:n], client)
		}
	}
}

func postrouting(rule string) string {
	return "table ip t { chain nat { type nat hook postrouting priority 100;\noifname f2 " + rule + "\n}\n}\n"
}

func TestNATInNamespaces(t *testing.T) {
	for _, test := range []struct {
		name, rules      string
		env              []string
		timeout          string // of conntrack, seconds
		fresh            string // the same for a mapping of less than 2 s
		mapping          string
		kept, alg, lives bool
	}{
		{name: "none", mapping: facts.MappingNone, kept: true},
		{name: "masquerade", rules: postrouting("masquerade"), mapping: facts.MappingEndpointIndependent, kept: true},
		{name: "masquerade, one address to ask", rules: postrouting("masquerade"), env: []string{"ONE_ADDRESS=1"}, mapping: facts.MappingEndpointIndependent, kept: true},
		{name: "random per destination", rules: postrouting("masquerade fully-random"), mapping: facts.MappingAddressAndPortDependent},
		{name: "random, one address to ask", rules: postrouting("masquerade fully-random"), env: []string{"ONE_ADDRESS=1"}, mapping: facts.MappingAddressAndPortDependent},
		{name: "lives through silence", rules: postrouting("masquerade"), env: []string{"SILENCE=1"}, mapping: facts.MappingEndpointIndependent, kept: true, lives: true},
		{name: "forgets only what is fresh", rules: postrouting("masquerade"), env: []string{"SILENCE=1"}, timeout: "60", fresh: "3", mapping: facts.MappingEndpointIndependent, kept: true, lives: true},
		{name: "forgets in silence", rules: postrouting("masquerade"), env: []string{"SILENCE=1"}, timeout: "2", mapping: facts.MappingEndpointIndependent, kept: true},
		{
			name:    "SIP ALG",
			rules:   "table ip t { chain nat { type nat hook prerouting priority -100;\niifname f1 udp dport 5060 dnat to 10.9.3.2\n}\n}\n",
			mapping: facts.MappingNone, kept: true, alg: true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lab := netlab.New(t)
			lab.Rules(t, test.rules)
			if test.timeout != "" {
				for _, name := range []string{"nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"} {
					lab.In(t, "f", "sysctl", "-qw", "net.netfilter."+name+"="+test.timeout)
				}
			}
			if test.fresh != "" {
				lab.In(t, "f", "sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout="+test.fresh)
			}
			lab.Role(t, "s", "responder", "ready")
			lab.Role(t, "i", "alg", "ready")
			var r nat.Result
			if err := json.Unmarshal(lab.Ask(t, "c", "client", nil, test.env...), &r); err != nil {
				t.Fatal(err)
			}
			t.Logf("%s -> %s %s\n    user: %s\n    network team: %s\n    reason: %s", r.LocalAddress, r.PublicAddress, r.Mapping, r.ForUser, r.ForNetwork, r.Reason)
			if r.Mapping != test.mapping || r.PortKept == nil || *r.PortKept != test.kept || r.Behind == nil || *r.Behind != (test.mapping != facts.MappingNone) {
				t.Errorf("got %+v", r)
			}
			if r.SIPALG == nil || *r.SIPALG != test.alg {
				t.Errorf("SIP ALG: got %v, want %v", r.SIPALG, test.alg)
			}
			if asked := len(test.env) > 0 && test.env[0] == "SILENCE=1"; asked && (r.Survives30s == nil || *r.Survives30s != test.lives) {
				t.Errorf("silence: got %v, want %v", r.Survives30s, test.lives)
			}
		})
	}
}
