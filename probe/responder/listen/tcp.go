package listen

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v3"

	"netready/probe/internal/wire"
	"netready/probe/responder/share"
)

// Times that a connection may take. The agent's question follows its handshake at once. On
// a path of more than a second TCP repeats what was lost after 3 s, and then after 6 s (RFC
// 6298 5.7); there is also a handshake before the question. Who comes newly never waits for
// those times: the door closes the oldest for him.
const (
	firstByte = 8 * time.Second
	proofTime = 20 * time.Second
	patience  = 25 * time.Second // for the whole connection
)

// newDoor bounds the TCP connections. An office of sixty workstations behind one
// address has about a hundred handshakes at once; an agent has about twenty
// connections at once.
func newDoor() share.Door {
	return share.Door{
		Strangers: share.Caps{128, 256, 384}, Unproved: 448, Total: 1024, Owner: 64,
		First: firstByte, Proof: proofTime,
	}
}

func (s *Set) accept(l stream) {
	for {
		conn, err := l.Accept()
		if err != nil {
			if s.ctx.Err() != nil {
				return
			}
			s.door.Turned.Note(netip.Addr{}) // probably out of descriptors: it is not known which client waits
			time.Sleep(50 * time.Millisecond)
			continue
		}
		from, _ := ends(conn)
		guest, ok := s.door.Enter(from.Addr(), func() { _ = conn.Close() })
		if !ok {
			_ = conn.Close()
			continue
		}
		s.wg.Go(func() {
			defer guest.Closed()
			s.serveConn(conn, guest, l.secure)
		})
	}
}

// heard tells the door when the first bytes of a connection have arrived.
type heard struct {
	net.Conn
	guest *share.Guest
	once  bool // one goroutine reads
}

func (h *heard) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	if n > 0 && !h.once {
		h.once = true
		h.guest.Spoke()
	}
	return n, err
}

// serveConn answers the questions of one connection.
func (s *Set) serveConn(raw net.Conn, guest *share.Guest, secure bool) {
	defer raw.Close()
	// Close of the set must not wait for a peer.
	defer context.AfterFunc(s.ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })()
	_ = raw.SetDeadline(time.Now().Add(patience))
	conn := net.Conn(&heard{Conn: raw, guest: guest})
	if secure {
		conn = tls.Server(conn, s.config.TLS)
	}
	r := bufio.NewReaderSize(conn, 4096)
	for range 4 {
		answer, id := s.converseOnce(conn, r)
		if len(answer) == 0 {
			return
		}
		guest.Prove(id.String())
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

// converseOnce reads a question, in whichever protocol, and makes its answer
// for the session that it is of.
func (s *Set) converseOnce(conn net.Conn, r *bufio.Reader) ([]byte, wire.KnockID) {
	head, err := r.Peek(8)
	if err != nil {
		return nil, wire.KnockID{}
	}
	switch {
	case wire.BeginsKnock(head):
		return s.knock(conn, r)
	case isSIP(head):
		raw, err := readSIP(r)
		if err != nil {
			return nil, wire.KnockID{}
		}
		return s.sip(raw, conn.RemoteAddr().String(), netip.AddrPort{})
	case binary.BigEndian.Uint32(head[4:]) == wire.STUNCookie:
		raw := make([]byte, 20+int(binary.BigEndian.Uint16(head[2:])))
		if len(raw) > 2048 || !full(r, raw) || !stun.IsMessage(raw) {
			return nil, wire.KnockID{}
		}
		return s.stunStream(raw, conn)
	default:
		return s.dnsStream(r)
	}
}

func full(r io.Reader, b []byte) bool {
	_, err := io.ReadFull(r, b)
	return err == nil
}

// knock answers a knock; over TLS the answer is tied to this connection.
func (s *Set) knock(conn net.Conn, r io.Reader) ([]byte, wire.KnockID) {
	b := make([]byte, wire.KnockSize)
	if !full(r, b) {
		return nil, wire.KnockID{}
	}
	k, nonce, ok := wire.ParseKnock(b, s.config.Nonce)
	if !ok {
		return nil, wire.KnockID{}
	}
	from, port := ends(conn)
	answer := k.Answer(from, port)
	if secure, ok := conn.(*tls.Conn); ok {
		state := secure.ConnectionState()
		material, err := state.ExportKeyingMaterial(wire.TLSBinding, nil, len(answer.Binding))
		if err != nil {
			return nil, wire.KnockID{}
		}
		answer.Binding = [16]byte(material)
	}
	return answer.Marshal(nonce), k.ID
}

func ends(conn net.Conn) (from netip.AddrPort, port int) {
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		from = a.AddrPort()
	}
	if a, ok := conn.LocalAddr().(*net.TCPAddr); ok {
		port = a.Port
	}
	return from, port
}

// dnsStream reads a question with its length before it (RFC 1035 4.2.2).
func (s *Set) dnsStream(r io.Reader) ([]byte, wire.KnockID) {
	var size [2]byte
	if !full(r, size[:]) {
		return nil, wire.KnockID{}
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	if len(b) > 2048 || !full(r, b) {
		return nil, wire.KnockID{}
	}
	answer, id := s.dns(b, netip.AddrPort{})
	if answer == nil {
		return nil, id
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...), id
}
