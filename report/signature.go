package report

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"netready/probe/facts"
)

// Signed says what the signature of a file tells.
type Signed string

// What a signature tells.
const (
	SignedWhole        Signed = "signed"       // the file is as it was when the responder signed it
	SignedNot          Signed = "unsigned"     // it has no signature
	SignedEdited       Signed = "edited"       // its signature does not fit it
	SignedContradicted Signed = "contradicted" // the agent claims more packets than the responder counted
)

// signatureLabel begins the line of a TXT's head that holds the signature.
const signatureLabel = "Signature"

// signaturePrefix begins the signature in that line.
const signaturePrefix = "sig1."

// Digests are those of the JSON and the TXT that the report will be written as,
// without a signature.
func Digests(r Report) (facts.Digests, error) {
	r.Signature = facts.Signature{}
	var document, text bytes.Buffer
	if err := WriteJSON(&document, r); err != nil {
		return facts.Digests{}, err
	}
	if err := WriteText(&text, r); err != nil {
		return facts.Digests{}, err
	}
	inJSON, err := jsonDigest(document.Bytes())
	if err != nil {
		return facts.Digests{}, fmt.Errorf("making the digest of the result: %w", err)
	}
	plain, err := Decode(text.Bytes())
	if err != nil {
		return facts.Digests{}, fmt.Errorf("making the digest of the result: %w", err)
	}
	return facts.Digests{JSON: inJSON, Text: textDigest(linesOf(plain))}, nil
}

// jsonDigest is of a result without its signature, in canonical form (RFC
// 8785): spaces, the order of fields and the way a number is written do not
// matter, and all else does.
func jsonDigest(raw []byte) (string, error) {
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(raw, &fields); err != nil {
		return "", err
	}
	delete(fields, "signature")
	b, err := json.Marshal(fields)
	if err != nil {
		return "", err
	}
	canonical := jsontext.Value(b)
	if err := canonical.Canonicalize(); err != nil {
		return "", err
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}

// textDigest is of the lines of a TXT without its signature and its checksum.
func textDigest(lines []string) string {
	sum := sha256.New()
	left := 1 // of lines with a signature: a second one is somebody's addition
	for _, line := range lines[:len(lines)-1] {
		if left > 0 && strings.HasPrefix(line, signatureLabel+"\t") {
			left--
			continue
		}
		_, _ = fmt.Fprintf(sum, "%s\n", line) // a hash takes everything
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// signedJSON says what the signature of a result tells that was read from raw.
func signedJSON(r *Report, raw []byte) Signed {
	if r.Signature.Value == "" {
		return SignedNot
	}
	digest, err := jsonDigest(raw)
	if err != nil { // a field that is there twice: nothing of ours writes it
		return SignedEdited
	}
	return signed(r, digest, r.Signature.JSON)
}

// signedText is the same of a TXT.
func signedText(r *Report, lines []string) Signed {
	if r.Signature.Value == "" {
		return SignedNot
	}
	return signed(r, textDigest(lines), r.Signature.Text)
}

// signed checks the statement, that its key is the one that it names, and that
// it is about a file with this digest.
func signed(r *Report, digest, said string) Signed {
	s := r.Signature
	key, err1 := base64.RawURLEncoding.DecodeString(s.Key)
	value, err2 := base64.RawURLEncoding.DecodeString(s.Value)
	switch {
	case err1 != nil || err2 != nil || len(key) != ed25519.PublicKeySize, digest != said, facts.KeyID(key) != s.KeyID,
		!ed25519.Verify(key, s.Statement(r.RunID), value):
		return SignedEdited
	case claimedUp(r.Voice) > s.UpPackets:
		return SignedContradicted
	}
	return SignedWhole
}

// claimedUp is how many packets of all calls the agent says to have arrived at the
// responder. A result that was read briefly has its worst call alone.
func claimedUp(v facts.Voice) int64 {
	var all, worst int64
	for _, c := range v.PerCall {
		if c.Up != nil {
			all += int64(c.Up.Received)
		}
	}
	if v.Up != nil {
		worst = int64(v.Up.Received)
	}
	return max(all, worst)
}

// signatureText is the signature as a TXT holds it.
func signatureText(s facts.Signature) string {
	if s.Value == "" {
		return strings.TrimSuffix("none: "+s.Reason, ": ")
	}
	b, err := json.Marshal(s)
	if err != nil {
		return "none: " + err.Error()
	}
	return signaturePrefix + base64.RawURLEncoding.EncodeToString(b)
}

// readSignature reads it back; what cannot be read is a signature that fits
// nothing.
func readSignature(text string) (s facts.Signature) {
	packed, ok := strings.CutPrefix(text, signaturePrefix)
	if !ok {
		_, s.Reason, _ = strings.Cut(text, "none: ")
		return s
	}
	b, err := base64.RawURLEncoding.DecodeString(packed)
	if err != nil || json.Unmarshal(b, &s) != nil || s.Value == "" {
		s.Value = "unreadable"
	}
	return s
}

// SignedWords says it in a cell: with the first letters of the key, so that runs
// can be filtered by who signed them.
func SignedWords(r Report, state Signed) string {
	if state == SignedWhole && len(r.Signature.KeyID) > 8 {
		return "signed by " + r.Signature.KeyID[:8]
	}
	return string(state)
}
