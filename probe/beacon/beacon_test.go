package beacon

import (
	"net"
	"strings"
	"testing"

	"netready/probe/facts"

	"github.com/pion/stun/v3"
)

// serve answers on loopback until the test ends.
func serve(t *testing.T, answer func(question []byte, from *net.UDPAddr) []byte) string {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = conn.Close(); <-done })
	go func() {
		defer close(done)
		b := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFromUDP(b)
			if err != nil {
				return
			}
			if reply := answer(b[:n], from); reply != nil {
				_, _ = conn.WriteToUDP(reply, from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

func stunAnswer(question []byte, from *net.UDPAddr) []byte {
	m := &stun.Message{Raw: question}
	if m.Decode() != nil {
		return nil
	}
	return stun.MustBuild(m, stun.BindingSuccess, &stun.XORMappedAddress{IP: from.IP, Port: from.Port}, stun.Fingerprint).Raw
}

func TestMeasure(t *testing.T) {
	echo := serve(t, func(q []byte, _ *net.UDPAddr) []byte { return q })
	stunServer := serve(t, stunAnswer)
	silent := serve(t, func([]byte, *net.UDPAddr) []byte { return nil })
	impostor := serve(t, func([]byte, *net.UDPAddr) []byte { return []byte("something else") })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	for _, test := range []struct {
		name, stun, echo, tcp, source, reason string
	}{
		{"echo first", stunServer, echo, l.Addr().String(), facts.RTTEcho, ""},
		{"TCP where there is nothing else", "", "", l.Addr().String(), facts.RTTTCP, ""},
		{"TCP, refused", "", "", "127.0.0.1:1", "", "did not answer 3 questions (tcp)"},
		{"stun alone", stunServer, "", "", facts.RTTStun, ""},
		{"silent echo", stunServer, silent, "", facts.RTTStun, ""},
		{"an impostor is no answer", "", impostor, "", "", "did not answer"},
		{"nothing there", "", "", "", "", "no public endpoint"},
		{"no such name", "no such host.invalid:1", "", "", "", "looking up"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := Measure(t.Context(), Endpoints{STUN: test.stun, Echo: test.echo, TCP: test.tcp})
			if got.Source != test.source || (test.source != "") != (len(got.Trips) == questions) || !strings.Contains(got.Reason, test.reason) {
				t.Errorf("Measure = %+v, want source %q, reason %q", got, test.source, test.reason)
			}
		})
	}
}
