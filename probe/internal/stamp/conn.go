package stamp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Buffer sizes that are requested from the system: an overflow would look like loss on
// the path. A socket that many clients share gets more, since a flood from one affects
// all: 16 MB hold a fifth of a second of 100,000 small datagrams a second. Buffer returns
// what the system granted.
const (
	readBuffer   = 4 << 20
	sharedBuffer = 16 << 20
	// writeBuffer keeps a paced sender from waiting for the network card.
	writeBuffer = 4 << 20
)

// MaxDatagram is large enough for every datagram that agent and responder exchange.
const MaxDatagram = 2048

// An Arrival is what is known of a datagram that was read.
type Arrival struct {
	N    int            // bytes
	From netip.AddrPort // IPv4 as IPv4, never mapped into IPv6
	At   time.Duration  // on the clock of Now
	DSCP int            // or stream.NoDSCP
	// Dropped is the count of Drops that this datagram brought.
	Dropped uint32
	// Waited is how long the datagram lay in the socket until it was read, 0 where
	// the kernel does not stamp.
	Waited time.Duration
}

// A PacketConn is a UDP socket that stamps what it reads: a Conn, or an end of
// a simulated network. One goroutine reads; any may write.
type PacketConn interface {
	// Read waits for a datagram. ICMP errors of a connected socket are counted and not
	// returned: a call does not end because one packet was refused.
	Read(b []byte) (Arrival, error)
	// Write sends a datagram; to is the zero AddrPort on a connected socket.
	Write(b []byte, to netip.AddrPort) error
	// SetDSCP marks what is sent from now on. It returns the mark that the
	// system accepted, and why the packets may still leave with another.
	SetDSCP(dscp int) (set int, reason string)
	// WriteMarked sends one datagram with its own mark, on a socket that many share; if
	// the system cannot do that, the datagram is sent without a mark.
	WriteMarked(b []byte, to netip.AddrPort, dscp int) error
	// NoMark is why WriteMarked sets no mark here, "" if it does.
	NoMark() string
	// Drops is how many datagrams this socket has dropped for lack of buffer space
	// since it was opened; 0 where the system does not tell.
	Drops() uint32
	// NoDSCP is why marks of arrivals cannot be read here, "" if they can.
	NoDSCP() string
	SetReadDeadline(t time.Time) error
	LocalAddr() netip.AddrPort
	Close() error
}

// A Conn is a real UDP socket.
type Conn struct {
	udp       *net.UDPConn
	connected bool
	asked     int // bytes of its buffer
	platform      // reads and stamps
}

// Dial opens a connected socket to host:port.
func Dial(ctx context.Context, address string) (*Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "udp", address)
	if err != nil {
		return nil, fmt.Errorf("opening a UDP socket to %s: %w", address, err)
	}
	udp, ok := c.(*net.UDPConn)
	if !ok {
		return nil, fmt.Errorf("opening a UDP socket to %s: got a %T", address, c)
	}
	return newConn(udp, true)
}

// Listen opens a socket that hears everybody, on host:port; an empty host is
// every address of both families.
func Listen(ctx context.Context, address string) (*Conn, error) {
	return listenWith(ctx, net.ListenConfig{}, address)
}

func listenWith(ctx context.Context, l net.ListenConfig, address string) (*Conn, error) {
	c, err := l.ListenPacket(ctx, "udp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for UDP on %s: %w", address, err)
	}
	udp, ok := c.(*net.UDPConn)
	if !ok {
		return nil, fmt.Errorf("listening for UDP on %s: got a %T", address, c)
	}
	return newConn(udp, false)
}

func newConn(udp *net.UDPConn, connected bool) (*Conn, error) {
	c := &Conn{udp: udp, connected: connected}
	c.asked = sharedBuffer
	if connected {
		c.asked = readBuffer
	}
	// The system may grant a smaller buffer; what it drops is counted.
	_ = udp.SetReadBuffer(c.asked)
	_ = udp.SetWriteBuffer(writeBuffer)
	if err := c.prepare(udp); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing a UDP socket: %w", err), udp.Close())
	}
	return c, nil
}

// Read implements PacketConn.
func (c *Conn) Read(b []byte) (Arrival, error) {
	for {
		a, err := c.read(c.udp, b)
		if err == nil {
			a.From = netip.AddrPortFrom(a.From.Addr().Unmap(), a.From.Port())
			return a, nil
		}
		if !passing(err) {
			return Arrival{}, err
		}
	}
}

// Write implements PacketConn.
func (c *Conn) Write(b []byte, to netip.AddrPort) error {
	return c.tried(func() error {
		if c.connected {
			_, err := c.udp.Write(b)
			return err
		}
		_, err := c.udp.WriteToUDPAddrPort(b, to)
		return err
	})
}

// tried sends. An ICMP error that waits in the socket makes a send fail without
// sending, so a failed one is tried again.
func (c *Conn) tried(send func() error) error {
	var err error
	for range 3 {
		if err = send(); err == nil || !passing(err) {
			return err
		}
	}
	return err
}

// WriteMarked implements PacketConn.
func (c *Conn) WriteMarked(b []byte, to netip.AddrPort, dscp int) error {
	return c.tried(func() error { return c.writeMarked(c.udp, b, to, dscp) })
}

// Drops implements PacketConn.
func (c *Conn) Drops() uint32 { return c.drops(c.udp) }

// Buffer is how many bytes the socket may hold until they are read, as asked
// for and as the system granted it; 0 where it does not tell.
func (c *Conn) Buffer() (asked, granted int) { return c.asked, c.granted(c.udp) }

// SetReadDeadline implements PacketConn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.udp.SetReadDeadline(t) }

// LocalAddr implements PacketConn.
func (c *Conn) LocalAddr() netip.AddrPort {
	a, ok := c.udp.LocalAddr().(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := a.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// Close implements PacketConn.
func (c *Conn) Close() error { return c.udp.Close() }
