package port

import (
	"context"
	"errors"
	"net"
	"strconv"
	"testing"

	"netready/probe/facts"
	"netready/probe/internal/control"
	"netready/probe/internal/wire"
)

// place is the port of a listener, and its session.
func place(t *testing.T, a net.Addr, protocol string, load wire.Load) (int, *Session) {
	t.Helper()
	_, text, err := net.SplitHostPort(a.String())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range load.Dropped {
		if load.Dropped[i] == 0 {
			load.Dropped[i] = port
		}
	}
	return port, &Session{
		Nonce: "00112233445566778899aabbccddeeff", Host: "127.0.0.1", Media: "127.0.0.1:9",
		Listeners: []wire.Listener{{Protocol: protocol, Port: port}},
		Load:      func(context.Context) (wire.Load, error) { return load, nil },
	}
}

// cutter accepts connections and cuts them, as a full responder does.
func cutter(t *testing.T, says string) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte(says))
			_ = c.Close()
		}
	}()
	return l.Addr()
}

// A responder that itself says that it was full is not a firewall; one that does not say
// so, or in whose place somebody else answered, is judged as before.
func TestFullResponderIsNoFirewall(t *testing.T) {
	t.Parallel()
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	alien := make([]byte, 256) // long enough for every answer
	for _, test := range []struct {
		name, protocol string
		at             net.Addr
		load           wire.Load
		want           string
	}{
		{"TCP cut", "tcp", cutter(t, ""), wire.Load{TurnedAway: true}, facts.ReasonFarBusy},
		{"TLS cut", "tls", cutter(t, ""), wire.Load{TurnedAway: true}, facts.ReasonFarBusy},
		{"STUN cut", "stun-tcp", cutter(t, ""), wire.Load{TurnedAway: true}, facts.ReasonFarBusy},
		{"SIP cut", "sip-tcp", cutter(t, ""), wire.Load{TurnedAway: true}, facts.ReasonFarBusy},
		{"DNS cut", "dns-tcp", cutter(t, ""), wire.Load{TurnedAway: true}, facts.ReasonFarBusy},
		{"UDP dropped", "udp", silent.LocalAddr(), wire.Load{Dropped: []int{0}}, facts.ReasonFarBusy},
		{"STUN dropped", "stun", silent.LocalAddr(), wire.Load{Dropped: []int{0}}, facts.ReasonFarBusy},
		{"others were turned away", "tcp", cutter(t, ""), wire.Load{Anyone: true}, ""},
		{"nobody was", "tcp", cutter(t, ""), wire.Load{}, ""},
		{"TCP was full, UDP was not", "udp", silent.LocalAddr(), wire.Load{TurnedAway: true, Dropped: []int{1}}, facts.ReasonNoReply},
		{"full, but another one answers", "tcp", cutter(t, string(alien)), wire.Load{TurnedAway: true}, facts.ReasonHijacked},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			port, session := place(t, test.at, test.protocol, test.load)
			row := Run(t.Context(), []Check{{Name: test.name, Protocol: test.protocol, Port: port}}, Options{Session: session})[0]
			if test.want == "" && row.Status == facts.StatusFail { // closed or reset, depending on the system
				return
			}
			if row.Reason != test.want || (row.Status == facts.StatusNotMeasured) != (test.want == facts.ReasonFarBusy) {
				t.Errorf("got %s %s (%s), want %s", row.Status, row.Reason, row.Detail, test.want)
			}
		})
	}
}

// Behind a proxy the responder sees the agent with another address: then its report about
// any address counts.
func TestFullResponderBehindAProxy(t *testing.T) {
	t.Parallel()
	port, session := place(t, cutter(t, ""), "tcp", wire.Load{Anyone: true})
	session.ViaProxy = true
	row := Run(t.Context(), []Check{{Name: "tcp", Protocol: "tcp", Port: port}}, Options{Session: session})[0]
	if row.Status != facts.StatusNotMeasured || row.Reason != facts.ReasonFarBusy {
		t.Errorf("got %s %s (%s)", row.Status, row.Reason, row.Detail)
	}
}

// A responder that opens no more ports says so, in an error or in its answer.
func TestNoMorePortsIsBusy(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(context.Context, wire.PortsRequest) (wire.PortsGrant, error){
		"refused": func(context.Context, wire.PortsRequest) (wire.PortsGrant, error) {
			return wire.PortsGrant{}, &control.Busy{Sentence: "all ports are open"}
		},
		"none granted": func(_ context.Context, r wire.PortsRequest) (wire.PortsGrant, error) {
			return wire.PortsGrant{Failed: map[int]string{r.Ports[0]: "too many are open"}, Busy: true}, nil
		},
		"broken": func(context.Context, wire.PortsRequest) (wire.PortsGrant, error) {
			return wire.PortsGrant{}, errors.New("the control connection was cut")
		},
	} {
		session := &Session{Nonce: "00", Host: "127.0.0.1", Media: "127.0.0.1:9", Open: open}
		want := map[bool]string{true: facts.ReasonNotServed, false: facts.ReasonFarBusy}[name == "broken"]
		for _, row := range Run(t.Context(), []Check{
			{Name: "range", Protocol: "udp-range", Ports: "20000-20010"}, {Name: "one", Protocol: "udp", Port: 20000},
		}, Options{Session: session}) {
			if row.Status != facts.StatusNotMeasured || row.Reason != want {
				t.Errorf("%s, %s: got %s %s, want %s", name, row.Name, row.Status, row.Reason, want)
			}
		}
	}
}
