package turn

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"github.com/pion/stun/v3"
)

// What can be wrong with a TURN server or its credentials.
var (
	ErrCredentials = errors.New("the TURN server refused the credentials")
	ErrForbidden   = errors.New("the TURN server forbids this peer")
	ErrQuota       = errors.New("the TURN server gives no more relays to these credentials")
	ErrCapacity    = errors.New("the TURN server has no relay left")
	ErrGone        = errors.New("the TURN server no longer knows the relay: it was restarted, or removed it")
	ErrSilent      = errors.New("the TURN server did not answer")
	ErrRefused     = errors.New("the TURN server refused")
	ErrProtocol    = errors.New("the answer of the TURN server cannot be used")
)

// kinds maps error codes (RFC 8656 19, RFC 8489 14.8) to what they mean here.
var kinds = map[stun.ErrorCode]error{
	stun.CodeUnauthorized:         ErrCredentials,
	stun.CodeWrongCredentials:     ErrCredentials,
	stun.CodeForbidden:            ErrForbidden,
	stun.CodeAllocMismatch:        ErrGone,
	stun.CodeAllocQuotaReached:    ErrQuota,
	stun.CodeInsufficientCapacity: ErrCapacity,
}

// A Refusal is an error answer of the server.
type Refusal struct {
	Code   int
	Reason string // the server's own words, made safe to print
	kind   error
}

// Error implements error.
func (r *Refusal) Error() string {
	return strings.TrimRight(fmt.Sprintf("%s (%d %s", r.kind, r.Code, r.Reason), " ") + ")"
}

// Unwrap makes errors.Is find the kind.
func (r *Refusal) Unwrap() error { return r.kind }

// withMeaning gives a refusal of one code another meaning.
func withMeaning(err error, code stun.ErrorCode, kind error) error {
	var r *Refusal
	if errors.As(err, &r) && r.Code == int(code) {
		return &Refusal{Code: r.Code, Reason: r.Reason, kind: kind}
	}
	return err
}

// alternate is a refusal that names another server (300 Try Alternate).
type alternate struct {
	address netip.AddrPort
	name    string // of its certificate, "" the same
}

func (a *alternate) Error() string {
	return "the TURN server redirects to another one, " + a.address.String()
}

// refusal reads an error answer.
func refusal(m *stun.Message) error {
	var code stun.ErrorCodeAttribute
	if err := code.GetFrom(m); err != nil {
		return fmt.Errorf("%w: an error without a code", ErrProtocol)
	}
	if code.Code == stun.CodeTryAlternate {
		var to stun.MappedAddress
		if err := to.GetFromAs(m, stun.AttrAlternateServer); err == nil {
			var name stun.TextAttribute
			_ = name.GetFromAs(m, stun.AttrAlternateDomain) // optional
			return &alternate{addrOf(to.IP, to.Port), safe(string(name))}
		}
	}
	r := &Refusal{Code: int(code.Code), Reason: safe(string(code.Reason)), kind: ErrRefused}
	if k, ok := kinds[code.Code]; ok {
		r.kind = k
	}
	return r
}

// longestWords bounds what is repeated of a server's own words.
const longestWords = 80

// safe removes from a server's words what cannot be printed safely.
func safe(words string) string {
	words = strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, words)
	return words[:min(len(words), longestWords)]
}
