package turn

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/dtls/v3"

	"netready/probe/internal/stamp"
	"netready/probe/stream"
)

const (
	// streamBuffer holds what is written while a connection makes no progress: half a
	// minute of the largest codec's packets. So the sender never has to wait.
	streamBuffer = 512 << 10
	// longestStall is how long a write may take before the connection counts
	// as dead.
	longestStall = 20 * time.Second
)

// datagrams is a link over plain UDP, stamped by the kernel where it can.
type datagrams struct{ conn *stamp.Conn }

func (d datagrams) read(b []byte) (stamp.Arrival, error) { return d.conn.Read(b) }
func (d datagrams) write(b []byte) error                 { return d.conn.Write(b, netip.AddrPort{}) }
func (d datagrams) setDSCP(dscp int) (set int, _ string) { return d.conn.SetDSCP(dscp) }
func (d datagrams) noDSCP() string                       { return d.conn.NoDSCP() }
func (d datagrams) local() netip.AddrPort                { return d.conn.LocalAddr() }
func (d datagrams) close() error                         { return d.conn.Close() }

// streamed is a link over TCP or TLS. It stamps what it has read.
type streamed struct {
	conn   net.Conn
	reader *bufio.Reader
	mu     sync.Mutex // one writer at a time
}

func newStream(conn net.Conn) *streamed {
	return &streamed{conn: conn, reader: bufio.NewReaderSize(conn, 64<<10)}
}

// errFrame ends a stream that is not TURN.
var errFrame = errors.New("something arrived over the connection that is not TURN")

// read takes one frame (RFC 8656 12.5): a STUN message, or ChannelData, which
// is padded to four bytes here. One that is longer than b is left out.
func (s *streamed) read(b []byte) (stamp.Arrival, error) {
	for {
		head, err := s.reader.Peek(4)
		if err != nil {
			return stamp.Arrival{}, err
		}
		size, err := frameSize(head)
		if err != nil {
			return stamp.Arrival{}, err
		}
		whole := (size + 3) &^ 3
		if whole > len(b) {
			if _, err := s.reader.Discard(whole); err != nil {
				return stamp.Arrival{}, err
			}
			continue
		}
		if _, err := io.ReadFull(s.reader, b[:whole]); err != nil {
			return stamp.Arrival{}, err
		}
		return stamp.Arrival{N: size, At: stamp.Now(), DSCP: stream.NoDSCP}, nil
	}
}

// frameSize is the size of a frame, without padding, by its first four bytes.
func frameSize(head []byte) (int, error) {
	length := int(binary.BigEndian.Uint16(head[2:4]))
	switch head[0] >> 6 {
	case 0:
		return stunHeader + length, nil
	case 1:
		return channelHeader + length, nil
	}
	return 0, errFrame
}

// write sends one frame, padded.
func (s *streamed) write(b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.conn.SetWriteDeadline(time.Now().Add(longestStall))
	if _, err := s.conn.Write(padded(b)); err != nil {
		return fmt.Errorf("writing to the TURN server: %w", err)
	}
	return nil
}

// padded fills a frame up to four bytes.
func padded(b []byte) []byte {
	if rest := len(b) % 4; rest != 0 {
		return append(slices.Clip(b), make([]byte, 4-rest)...)
	}
	return b
}

func (s *streamed) setDSCP(int) (int, string) { return 0, "only packets sent by UDP are marked" }
func (s *streamed) noDSCP() string            { return "a byte stream does not show the marks of its packets" }
func (s *streamed) local() netip.AddrPort     { return addrPort(s.conn.LocalAddr()) }
func (s *streamed) close() error              { return s.conn.Close() }

func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.TCPAddr:
		return netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), a.AddrPort().Port())
	case *net.UDPAddr:
		return netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), a.AddrPort().Port())
	}
	return netip.AddrPort{}
}

// sealed is a link over DTLS. The record layer does not tell in which datagram a record
// arrived, so a record is stamped when it has been read.
type sealed struct {
	under *stamp.Conn
	conn  *dtls.Conn
}

func (s *sealed) read(b []byte) (stamp.Arrival, error) {
	n, err := s.conn.Read(b)
	return stamp.Arrival{N: n, At: stamp.Now(), DSCP: stream.NoDSCP}, err
}

// write pads, which is allowed over datagrams (RFC 8656 12.5): some servers treat DTLS
// as a byte stream.
func (s *sealed) write(b []byte) error {
	_, err := s.conn.Write(padded(b))
	return err
}

func (s *sealed) setDSCP(dscp int) (set int, reason string) { return s.under.SetDSCP(dscp) }
func (s *sealed) noDSCP() string                            { return "DTLS hides the marks of its packets" }
func (s *sealed) local() netip.AddrPort                     { return s.under.LocalAddr() }

func (s *sealed) close() error { return errors.Join(s.conn.Close(), s.under.Close()) }

// packets is a connected socket of ours as DTLS wants it.
type packets struct{ *stamp.Conn }

// ReadFrom implements net.PacketConn.
func (p *packets) ReadFrom(b []byte) (int, net.Addr, error) {
	a, err := p.Read(b)
	return a.N, net.UDPAddrFromAddrPort(a.From), err
}

// WriteTo implements net.PacketConn; the socket is connected.
func (p *packets) WriteTo(b []byte, _ net.Addr) (int, error) {
	if err := p.Write(b, netip.AddrPort{}); err != nil {
		return 0, err
	}
	return len(b), nil
}

// LocalAddr implements net.PacketConn.
func (p *packets) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(p.Conn.LocalAddr()) }

// SetDeadline implements net.PacketConn; writing never waits.
func (p *packets) SetDeadline(t time.Time) error { return p.SetReadDeadline(t) }

// SetWriteDeadline implements net.PacketConn; writing never waits.
func (p *packets) SetWriteDeadline(time.Time) error { return nil }
