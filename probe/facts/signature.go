package facts

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// Signature is the responder's signature of a result. It proves that the result
// is the one that the agent had at the end of its run. It does not prove that
// the agent measured honestly: for that the responder adds its own count.
type Signature struct {
	KeyID     string `json:"key_id,omitempty"`      // names the responder's signing key: SHA-256 of it (SPKI), base64url; the responder logs it at its start. Absent: not signed
	Key       string `json:"key,omitempty"`         // the signing key (Ed25519, RFC 8032), base64url
	SignedAt  string `json:"signed_at,omitempty"`   // when, by the responder's clock, as in RFC 3339
	UpPackets int64  `json:"up_packets,omitempty"`  // packets of the way up that the responder counted, of all calls together
	JSON      string `json:"json_sha256,omitempty"` // SHA-256 of the JSON without this field, in canonical form (RFC 8785), hex
	Text      string `json:"text_sha256,omitempty"` // SHA-256 of the TXT without the lines Signature and Checksum, with LF, hex
	Value     string `json:"value,omitempty"`       // the signature itself, base64url
	Holder    string `json:"holder,omitempty"`      // a second signature, of whose invite the run was made with: a responder stores the result for nobody else; base64url
	Code      string `json:"code,omitempty"`        // why there is no signature
	Reason    string `json:"reason,omitempty"`      // the same in words
}

// Values of `code` in signature.
const (
	UnsignedNoResponder = "no_responder" // no responder took part in the run
	UnsignedLocal       = "local"        // the responder of region local is this program, whose signature proves nothing
	UnsignedOld         = "old_version"  // the responder is of a version that does not sign
	UnsignedFailed      = "failed"       // the responder was asked and gave no signature that holds
)

// Digests are what a responder is asked to sign, in hex.
type Digests struct{ JSON, Text string }

// Statement is what is signed: a line for each part, so that none can be taken
// for another.
func (s Signature) Statement(runID string) []byte {
	return fmt.Appendf(nil, "netready result 1\n%s\n%s\n%d\n%s\n%s\n", runID, s.SignedAt, s.UpPackets, s.JSON, s.Text)
}

// HolderStatement is what the responder signs to say for which organisation the run was
// made; "" is the operator's own invite.
func HolderStatement(runID, org string) []byte {
	return fmt.Appendf(nil, "netready holder 1\n%s\n%s\n", runID, org)
}

// spkiEd25519 is what SubjectPublicKeyInfo puts before an Ed25519 key (RFC 8410 4).
const spkiEd25519 = "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"

// KeyID names a signing key as the pin of an invite names a certificate's.
func KeyID(key []byte) string {
	sum := sha256.Sum256(append([]byte(spkiEd25519), key...))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
