package port

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"netready/probe/internal/wire"
)

// sip sends OPTIONS (RFC 3261 11) over UDP. Any final answer that matches is
// proof that a SIP server is there.
func (t target) sip(ctx context.Context) outcome {
	own, err := ownAddress(t.addr)
	if err != nil {
		return t.blamed(err, nil)
	}
	q := t.newOptions("UDP", own)
	return t.exchange(ctx, exchange{ask: func() ([]byte, error) { return q.raw, nil }, judge: q.judge})
}

// sipStream sends OPTIONS over TCP or TLS.
func (t target) sipStream(ctx context.Context) outcome {
	secure := t.check.Protocol == "sip-tls"
	conn, verdict := t.connect(ctx, secure)
	if verdict != nil {
		return *verdict
	}
	defer conn.Close()
	defer boundTo(ctx, conn)()
	transport := map[bool]string{true: "TLS", false: "TCP"}[secure]
	q := t.newOptions(transport, conn.LocalAddr().String())
	if _, err := conn.Write(q.raw); err != nil {
		return t.blamed(err, nil)
	}
	answer, err := ReadSIP(bufio.NewReader(conn))
	if err != nil {
		return t.noSpeech(err, "SIP")
	}
	if o := q.judge(answer); o != nil {
		return *o
	}
	return *t.impostor()
}

// options is one OPTIONS request.
type options struct {
	wire.SIPOptions
	t   target
	raw []byte
}

func (t target) newOptions(transport, own string) *options {
	nonce := ""
	if t.session != nil {
		nonce = t.session.Nonce
	}
	o := wire.NewSIPOptions(transport, own, t.check.Host, int(t.addr.Port()), nonce)
	return &options{o, t, o.Marshal()}
}

func (q *options) judge(raw []byte) *outcome {
	m, err := sip.NewParser().ParseSIP(raw)
	if err != nil {
		return q.t.impostor()
	}
	r, ok := m.(*sip.Response)
	if !ok || r.CallID() == nil || r.CallID().Value() != q.CallID || r.Via() == nil {
		return q.t.impostor()
	}
	if branch, _ := r.Via().Params.Get("branch"); branch != q.Branch {
		return q.t.impostor()
	}
	if r.IsProvisional() {
		return nil
	}
	if q.t.session != nil {
		return q.judgeProof(r)
	}
	o := passed(fmt.Sprintf("answered OPTIONS with %d %s", r.StatusCode, r.Reason))
	return &o
}

func (q *options) judgeProof(r *sip.Response) *outcome {
	h := r.GetHeader(wire.SIPAnswer)
	if h == nil {
		return q.t.impostor()
	}
	genuine, unchanged := wire.CheckSIPReply(h.Value(), q.t.session.Nonce, q.CallID, q.raw)
	if !genuine {
		return q.t.impostor()
	}
	o := passed("the responder itself answered OPTIONS")
	if !unchanged {
		o.detail += "; but the message was rewritten on its way: a SIP ALG is at work, ask the network team to switch it off"
	}
	return &o
}

// ReadSIP reads one SIP message from a stream (RFC 3261 18.3).
func ReadSIP(r *bufio.Reader) ([]byte, error) {
	var b []byte
	length := 0
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if len(b) == 0 && len(strings.TrimSpace(string(line))) == 0 {
			continue // keep-alives before a message, RFC 5626
		}
		if b = append(b, line...); len(b) > maxSIP {
			return nil, fmt.Errorf("a SIP message of more than %d bytes", maxSIP)
		}
		text := strings.TrimSpace(string(line))
		if text == "" {
			break
		}
		if name, value, ok := strings.Cut(text, ":"); ok {
			if n := strings.TrimSpace(name); strings.EqualFold(n, "Content-Length") || strings.EqualFold(n, "l") {
				length, _ = strconv.Atoi(strings.TrimSpace(value))
			}
		}
	}
	if length < 0 || length > maxSIP {
		return nil, fmt.Errorf("a SIP body of %d bytes", length)
	}
	body := make([]byte, length)
	_, err := io.ReadFull(r, body)
	return append(b, body...), err
}

const maxSIP = 64 << 10

// ownAddress is the address and port that this machine would use towards another.
func ownAddress(to netip.AddrPort) (string, error) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return "", err
	}
	defer c.Close()
	return c.LocalAddr().String(), nil
}
