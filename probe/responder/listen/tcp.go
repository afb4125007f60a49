package listen

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v3"

	"netready/probe/internal/wire"
)

// patience is how long a connection may take for its one question.
const patience = 10 * time.Second

func (s *Set) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			if s.ctx.Err() != nil {
				return
			}
			time.Sleep(50 * time.Millisecond) // out of descriptors, most likely
			continue
		}
		select {
		case s.slots <- struct{}{}:
		case <-s.ctx.Done():
			_ = conn.Close()
			return
		}
		s.wg.Go(func() {
			defer func() { <-s.slots }()
			s.converse(conn)
		})
	}
}

// converse answers the questions of one connection.
func (s *Set) converse(conn net.Conn) {
	defer conn.Close()
	stop := make(chan struct{})
	defer close(stop)
	s.wg.Go(func() { // Close of the set must not wait for a peer
		select {
		case <-s.ctx.Done():
			_ = conn.SetDeadline(time.Unix(1, 0))
		case <-stop:
		}
	})
	_ = conn.SetDeadline(time.Now().Add(patience))
	r := bufio.NewReaderSize(conn, 4096)
	for range 4 {
		answer := s.converseOnce(conn, r)
		if len(answer) == 0 {
			return
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}

// converseOnce reads a question, in whichever protocol, and makes its answer.
func (s *Set) converseOnce(conn net.Conn, r *bufio.Reader) []byte {
	head, err := r.Peek(8)
	if err != nil {
		return nil
	}
	switch {
	case string(head[:4]) == "NRK1":
		return s.knock(conn, r)
	case isSIP(head):
		raw, err := readSIP(r)
		if err != nil {
			return nil
		}
		return s.sip(raw, conn.RemoteAddr().String())
	case binary.BigEndian.Uint32(head[4:]) == 0x2112A442: // STUN's magic cookie
		raw := make([]byte, 20+int(binary.BigEndian.Uint16(head[2:])))
		if len(raw) > 2048 || !full(r, raw) || !stun.IsMessage(raw) {
			return nil
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
func (s *Set) knock(conn net.Conn, r io.Reader) []byte {
	b := make([]byte, wire.KnockSize)
	if !full(r, b) {
		return nil
	}
	k, nonce, ok := wire.ParseKnock(b, s.config.Nonce)
	if !ok {
		return nil
	}
	from, port := ends(conn)
	answer := k.Answer(from, port)
	if secure, ok := conn.(*tls.Conn); ok {
		state := secure.ConnectionState()
		material, err := state.ExportKeyingMaterial(wire.TLSBinding, nil, len(answer.Binding))
		if err != nil {
			return nil
		}
		answer.Binding = [16]byte(material)
	}
	return answer.Marshal(nonce)
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
func (s *Set) dnsStream(r io.Reader) []byte {
	var size [2]byte
	if !full(r, size[:]) {
		return nil
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	if len(b) > 2048 || !full(r, b) {
		return nil
	}
	answer := s.dns(b)
	if answer == nil {
		return nil
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)
}
