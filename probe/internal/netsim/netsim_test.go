package netsim

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"netready/probe/internal/stamp"
)

var (
	here  = netip.MustParseAddrPort("10.0.0.1:1000")
	there = netip.MustParseAddrPort("192.0.2.1:2000")
	seen  = netip.MustParseAddrPort("203.0.113.1:3000")
)

// pair opens two joined sockets, the first connected to the second.
func pair(t *testing.T, n *Network) (near, far *Conn) {
	t.Helper()
	near, err := n.Dial(here, there)
	if err != nil {
		t.Fatal(err)
	}
	far, err = n.Listen(there)
	if err != nil {
		t.Fatal(err)
	}
	return near, far
}

// drain reads until nothing comes for a second.
func drain(c *Conn) (bytes []byte, at []time.Duration, from netip.AddrPort) {
	b := make([]byte, 2000)
	for {
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		a, err := c.Read(b)
		if err != nil {
			return bytes, at, from
		}
		bytes, at, from = append(bytes, b[0]), append(at, a.At), a.From
	}
}

func TestPaths(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		path Path
		want []byte
		last time.Duration // of the last arrival
	}{
		{"zero", Path{}, []byte{0, 1, 2, 3}, 30 * ms},
		{"delay", Path{Delay: 100 * ms}, []byte{0, 1, 2, 3}, 130 * ms},
		{"dead", Path{Dead: true}, nil, 0},
		{"all lost", Path{Loss: 1}, nil, 0},
		{"all doubled", Path{Duplicate: 1}, []byte{0, 0, 1, 1, 2, 2, 3, 3}, 30 * ms},
		{"one dropped", Path{Drop: func(b []byte) bool { return b[0] == 2 }}, []byte{0, 1, 3}, 30 * ms},
		{"slow", Path{Rate: 5000}, []byte{0, 1, 2, 3}, 80 * ms},
		{"slow with a short queue", Path{Rate: 5000, Queue: 15 * ms}, []byte{0, 1, 3}, 60 * ms},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := New(1)
			near, far := pair(t, n)
			n.Set(here.Addr(), there.Addr(), c.path)
			start := stamp.Now()
			for i := range byte(4) {
				stamp.SleepPlain(start + time.Duration(i)*10*ms)
				if err := near.Write(append([]byte{i}, make([]byte, 99)...), netip.AddrPort{}); err != nil {
					t.Fatal(err)
				}
			}
			got, at, _ := drain(far)
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			}
			if len(at) > 0 && at[len(at)-1]-start != c.last {
				t.Errorf("%s: last came after %v, want %v", c.name, at[len(at)-1]-start, c.last)
			}
		})
	}
}

func TestReorder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(1)
		near, far := pair(t, n)
		n.Set(here.Addr(), there.Addr(), Path{Reorder: 1, ReorderBy: time.Second / 2})
		_ = near.Write([]byte{1}, netip.AddrPort{})
		n.Set(here.Addr(), there.Addr(), Path{})
		_ = near.Write([]byte{2}, netip.AddrPort{})
		if got, _, _ := drain(far); !slices.Equal(got, []byte{2, 1}) {
			t.Errorf("got %v", got)
		}
	})
}

func TestTranslation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(1)
		near, far := pair(t, n)
		n.Translate(here, seen)
		_ = near.Write([]byte{1}, netip.AddrPort{})
		if _, _, from := drain(far); from != seen {
			t.Errorf("seen as %v, want %v", from, seen)
		}
		_ = far.Write([]byte{2}, seen)
		if got, _, from := drain(near); !slices.Equal(got, []byte{2}) || from != there {
			t.Errorf("back: %v from %v", got, from)
		}
		n.Translate(here, netip.MustParseAddrPort("203.0.113.1:3001"))
		_ = far.Write([]byte{3}, seen)
		if got, _, _ := drain(near); got != nil {
			t.Errorf("the old mapping still delivers %v", got)
		}
	})
}

func TestConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(1)
		near, far := pair(t, n)
		if _, err := n.Listen(there); err == nil {
			t.Error("an address was opened twice")
		}
		near.SetDSCP(46)
		_ = near.Write([]byte{1}, netip.AddrPort{})
		if a, err := far.Read(make([]byte, 1)); err != nil || a.DSCP != 46 {
			t.Errorf("got %+v, %v", a, err)
		}
		_ = far.SetReadDeadline(time.Now().Add(time.Second))
		if _, err := far.Read(nil); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		_ = far.SetReadDeadline(time.Time{})
		time.AfterFunc(time.Minute, func() { _ = far.Close() })
		if _, err := far.Read(nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
		if err := far.Write([]byte{1}, here); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
		stranger, err := n.Listen(seen)
		if err != nil {
			t.Fatal(err)
		}
		_ = stranger.Write([]byte{9}, here)
		if got, _, _ := drain(near); got != nil {
			t.Errorf("a connected socket heard a stranger: %v", got)
		}
	})
}
