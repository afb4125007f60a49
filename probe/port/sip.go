package port

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"netready/probe/facts"
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
	return q.orProvisional(t.exchange(ctx, exchange{ask: q.ask, judge: q.judge}))
}

// sipStream sends OPTIONS over TCP or TLS.
func (t target) sipStream(ctx context.Context) outcome {
	secure := t.check.Protocol == "sip-tls"
	conn, verdict := t.connect(ctx, secure)
	if verdict != nil {
		return *verdict
	}
	transport := map[bool]string{true: "TLS", false: "TCP"}[secure]
	q := t.newOptions(transport, conn.LocalAddr().String())
	return q.orProvisional(t.speak(ctx, conn, stream{name: "SIP", ask: q.ask, read: readSIP, judge: q.judge}))
}

// options is one OPTIONS request.
type options struct {
	wire.SIPOptions
	t           target
	raw         []byte
	provisional string // a response that promises a final one, in words
}

// orProvisional passes a check where a provisional response came, but no final one in
// time: that is an answer too.
func (q *options) orProvisional(o outcome) outcome {
	if o.status == facts.StatusPass || q.provisional == "" || q.t.session != nil || o.reason != facts.ReasonNoReply {
		return o
	}
	return passed("answered OPTIONS with " + q.provisional + ", and with nothing final in time: the way is open")
}

func (t target) newOptions(transport, own string) *options {
	nonce := ""
	if t.session != nil {
		nonce = t.session.Nonce
	}
	o := wire.NewSIPOptions(transport, own, t.check.Host, int(t.addr.Port()), nonce)
	return &options{SIPOptions: o, t: t, raw: o.Marshal()}
}

func (q *options) ask() ([]byte, error) { return q.raw, nil }

// judge passes any final answer to the question. A provisional response, a keep-alive
// (RFC 5626 3.5.1) or a request of the server is not an answer. Our own question sent
// back proves that no SIP server is there.
func (q *options) judge(raw []byte) *outcome {
	if len(bytes.Trim(raw, "\r\n\x00 ")) == 0 {
		return nil
	}
	answer, ok := wire.ParseSIPResponse(raw)
	switch {
	case !ok && sipRequest.Match(raw) && !bytes.Equal(raw, q.raw):
		return nil
	case !ok || !answer.Answers(q.SIPOptions):
		return q.t.impostor()
	case answer.IsProvisional():
		q.provisional = said(answer)
		return nil
	case q.t.session != nil:
		return q.judgeProof(answer)
	}
	return new(passed("answered OPTIONS with " + said(answer)))
}

// said is a response in words: 200 OK.
func said(answer wire.SIPResponse) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", answer.Status, printable([]byte(answer.Reason))))
}

// sipRequest is the first line of a request (RFC 3261 7.1).
var sipRequest = regexp.MustCompile(`^\s*[A-Z]+ \S+ SIP/2\.0\r?\n`)

func (q *options) judgeProof(answer wire.SIPResponse) *outcome {
	genuine, unchanged := wire.CheckSIPReply(answer.Header(wire.SIPAnswer), q.t.session.Nonce, q.CallID, q.raw)
	if !genuine {
		return q.t.impostor()
	}
	o := passed("the responder itself answered OPTIONS")
	if !unchanged {
		o.detail += "; but the message was rewritten on its way: a SIP ALG is at work"
	}
	return &o
}

// readSIP reads one SIP message from a stream (RFC 3261 18.3).
func readSIP(r *bufio.Reader) ([]byte, error) {
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
