package wire

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// SIP headers of a firewall check.
const (
	// SIPAsk holds the session's KnockID and its proof over the Call-ID.
	SIPAsk = "X-Netready"
	// SIPAnswer holds the responder's proof and the SHA-256 of the message as
	// it arrived: another one than was sent means that somebody rewrote it.
	SIPAnswer = "X-Netready-Answer"
	// SIPPadding makes a question larger than its answer.
	SIPPadding = "X-Padding"
)

// sipQuestion is the value of SIPAsk.
func sipQuestion(nonce, callID string) string {
	proof := Proof(nonce, "sip question", []byte(callID))
	return KnockIDOf(nonce).String() + " " + hex.EncodeToString(proof[:])
}

// ParseSIPQuestion reads a value of SIPAsk and finds the session.
func ParseSIPQuestion(value, callID string, nonceOf NonceOf) (nonce string, ok bool) {
	first, _, _ := strings.Cut(strings.TrimSpace(value), " ")
	id, ok := ParseKnockID(first)
	if !ok {
		return "", false
	}
	nonce, ok = nonceOf(id)
	return nonce, ok && hmac.Equal([]byte(strings.TrimSpace(value)), []byte(sipQuestion(nonce, callID)))
}

// SIPReply is the value of SIPAnswer to a message as it arrived.
func SIPReply(nonce, callID string, arrived []byte) string {
	digest := sha256.Sum256(arrived)
	proof := Proof(nonce, "sip answer", []byte(callID), digest[:])
	return hex.EncodeToString(proof[:]) + " " + hex.EncodeToString(digest[:])
}

// CheckSIPReply says whether a value of SIPAnswer is the responder's, and
// whether the message arrived as it was sent.
func CheckSIPReply(value, nonce, callID string, sent []byte) (genuine, unchanged bool) {
	proof, digest, _ := strings.Cut(strings.TrimSpace(value), " ")
	raw, err := hex.DecodeString(digest)
	if err != nil || len(raw) != sha256.Size {
		return false, false
	}
	want := Proof(nonce, "sip answer", []byte(callID), raw)
	own := sha256.Sum256(sent)
	return hmac.Equal([]byte(proof), []byte(hex.EncodeToString(want[:]))), own == [32]byte(raw)
}

// SIPOptions is an OPTIONS request (RFC 3261 11). Its Via and Contact hold the sender's
// own address, which a SIP ALG on the path would rewrite.
type SIPOptions struct {
	Transport string // UDP, TCP, TLS
	Own       string // ip:port of the sender
	Host      string
	Port      int
	Branch    string
	CallID    string
	Nonce     string // of a session; "": for a server that is not a responder
}

// NewSIPOptions fills in what must be new in each request.
func NewSIPOptions(transport, own, host string, port int, nonce string) SIPOptions {
	return SIPOptions{transport, own, host, port, "z9hG4bK." + rand.Text(), rand.Text(), nonce}
}

// sipPadding makes room for the answer's own header and its Via parameters.
const sipPadding = 240

// Marshal is the request's bytes.
func (o SIPOptions) Marshal() []byte {
	at := "sip:" + net.JoinHostPort(o.Host, strconv.Itoa(o.Port))
	lines := []string{
		fmt.Sprintf("OPTIONS %s SIP/2.0", at),
		fmt.Sprintf("Via: SIP/2.0/%s %s;branch=%s;rport", o.Transport, o.Own, o.Branch),
		"Max-Forwards: 70",
		fmt.Sprintf("From: <sip:netready@%s>;tag=%s", o.Own, o.CallID[:10]),
		fmt.Sprintf("To: <%s>", at),
		"Call-ID: " + o.CallID,
		"CSeq: 1 OPTIONS",
		fmt.Sprintf("Contact: <sip:netready@%s>", o.Own),
		"Accept: application/sdp",
		"User-Agent: netready",
	}
	if o.Nonce != "" {
		lines = append(lines, SIPAsk+": "+sipQuestion(o.Nonce, o.CallID), SIPPadding+": "+strings.Repeat("x", sipPadding))
	}
	return []byte(strings.Join(append(lines, "Content-Length: 0"), "\r\n") + "\r\n\r\n")
}
