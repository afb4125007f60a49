package ice

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the REST credentials of TURN servers are defined with it
	"encoding/base64"
	"fmt"
	"io"
	"time"
)

// A Secret is a text that no print, log or JSON shows. Only Reveal does.
type Secret struct{ word string }

// NewSecret hides a word.
func NewSecret(word string) Secret { return Secret{word} }

// Reveal is the text itself, for code that has to send it or hash it.
func (s Secret) Reveal() string { return s.word }

const hidden = "(secret)"

// String implements fmt.Stringer and hides the word.
func (s Secret) String() string { return hidden }

// Format implements fmt.Formatter, so that no verb shows the word.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalText implements encoding.TextMarshaler, which JSON uses too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// secretLife is how long credentials made from a shared secret are valid: longer than
// the longest call and the checks before it.
const secretLife = 2 * time.Hour

// FromSharedSecret makes the time-limited credentials that coturn's
// use-auth-secret takes: the user is EXPIRY:NAME in seconds since 1970, the
// password is the base64 of HMAC-SHA1(secret, user).
func FromSharedSecret(secret Secret, name string, now time.Time) (user, password Secret) {
	word := fmt.Sprint(now.Add(secretLife).Unix())
	if name != "" {
		word += ":" + name
	}
	mac := hmac.New(sha1.New, []byte(secret.word))
	mac.Write([]byte(word))
	return NewSecret(word), NewSecret(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
