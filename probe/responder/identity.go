package responder

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"netready/internal/atomicfile"
	"netready/probe/invite"
)

// An Identity is the key, the certificate and the tokens of a responder, which an invite
// names.
type Identity struct {
	Certificate tls.Certificate
	Token       string             // of the invite
	Others      []string           // tokens that are accepted beside it: those of earlier invites
	own         bool               // the certificate is made anew at each start, and says nothing but its key
	signer      ed25519.PrivateKey // results are signed with it
	further     [][]byte           // pins of keys that may be shown in the certificate's place
}

// Pin is the SHA-256 of the certificate's key (SPKI).
func (i Identity) Pin() []byte { return invite.Pin(i.Certificate.Leaf.RawSubjectPublicKeyInfo) }

// Pins are those of an invite: of the certificate's key, and of the keys that may
// be shown in its place.
func (i Identity) Pins() [][]byte { return append([][]byte{i.Pin()}, i.further...) }

// WithIssued is an identity that shows a certificate from an authority. The key
// that it had before stays good: it is shown where no valid certificate can be had.
func (i Identity) WithIssued(c tls.Certificate) Identity {
	i.further = [][]byte{i.Pin()}
	i.Certificate, i.own = c, false
	return i
}

// NewIdentity makes a key, a self-signed certificate and a token.
func NewIdentity() (Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Identity{}, fmt.Errorf("making a key: %w", err)
	}
	return selfSigned(key, newToken())
}

// newToken is 128 random bits.
func newToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// selfSigned makes an identity with a certificate of its own. Name and end do not matter,
// since the pin names the key.
func selfSigned(key *ecdsa.PrivateKey, token string) (Identity, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return Identity{}, fmt.Errorf("making a certificate: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "netready-responder"},
		DNSNames:     []string{"netready-responder"},
		NotBefore:    time.Now().Add(-24 * time.Hour), // agents' clocks differ
		NotAfter:     time.Now().AddDate(20, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return Identity{}, fmt.Errorf("making a certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return Identity{}, fmt.Errorf("making a certificate: %w", err)
	}
	signer, err := signerOf(key)
	return Identity{Certificate: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, Token: token, signer: signer, own: true}, err
}

// LoadIdentity reads key and token from a folder, or makes and keeps them
// there, so that an invite outlives a restart.
func LoadIdentity(dir string) (Identity, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Identity{}, fmt.Errorf("making the data folder: %w; choose another one with --data", err)
	}
	key, err := loadKey(filepath.Join(dir, "responder.key"))
	if err != nil {
		return Identity{}, notInData(err)
	}
	tokens, err := loadTokens(filepath.Join(dir, "token"))
	if err != nil {
		return Identity{}, notInData(err)
	}
	identity, err := selfSigned(key, tokens[0])
	identity.Others = tokens[1:]
	return identity, err
}

// notInData adds what to do about an error with a file in the data folder: permissions, a
// full disk.
func notInData(err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%w; make the data folder writable or choose another one with --data", err)
	}
	return err
}

// RereadIdentity is LoadIdentity for a responder that runs: a missing file is an error, and
// nothing new is made.
func RereadIdentity(dir string) (Identity, error) {
	for _, name := range []string{"responder.key", "token"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return Identity{}, fmt.Errorf("reading the data folder again: %w; put the file back, or restart to get a fresh one", err)
		}
	}
	return LoadIdentity(dir)
}

// mostTokens bounds the tokens of a file: each request is compared with all.
const mostTokens = 64

// loadTokens is ReadTokens where a token is made if there is no file.
func loadTokens(path string) ([]string, error) {
	tokens, err := ReadTokens(path)
	if errors.Is(err, fs.ErrNotExist) {
		token := newToken()
		return []string{token}, atomicfile.Private(path, []byte(token+"\n"))
	}
	return tokens, err
}

// ReadTokens reads the tokens of a file, one a line, # before a comment. The
// first is the invite's.
func ReadTokens(path string) ([]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the token: %w", err)
	}
	var tokens []string
	number := 0
	for line := range strings.Lines(string(b)) {
		number++
		token := strings.TrimSpace(line)
		if token == "" || strings.HasPrefix(token, "#") {
			continue
		}
		if err := invite.CheckToken(token); err != nil {
			return nil, fmt.Errorf("reading the token from %s, line %d: %w; correct the line", path, number, err)
		}
		tokens = append(tokens, token)
	}
	if len(tokens) == 0 || len(tokens) > mostTokens {
		return nil, fmt.Errorf("reading the token from %s: it has %d tokens; give 1 to %d, one a line", path, len(tokens), mostTokens)
	}
	return tokens, nil
}

func loadKey(path string) (*ecdsa.PrivateKey, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key: %w", err)
	}
	damaged := func(why error) error {
		return fmt.Errorf("reading the key from %s: %w; remove the file to get a fresh one (old invites then end)", path, why)
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, damaged(errors.New("it is not PEM"))
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, damaged(err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, damaged(fmt.Errorf("it holds a %T", parsed))
	}
	return key, nil
}

func createKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return key, atomicfile.Private(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// WithTokens is an identity with the tokens of a file of the operator's own.
func (i Identity) WithTokens(path string) (Identity, error) {
	tokens, err := ReadTokens(path)
	if err != nil {
		return Identity{}, fmt.Errorf("%w; give a file with a token with --token-file", err)
	}
	i.Token, i.Others = tokens[0], tokens[1:]
	return i, nil
}

// WithFiles is an identity with a certificate of the operator's own.
func (i Identity) WithFiles(certFile, keyFile string) (Identity, error) {
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return Identity{}, fmt.Errorf("reading the certificate %s with its key %s: %w; give two PEM files that belong together with --tls-cert and --tls-key", certFile, keyFile, err)
	}
	if certificate.Leaf == nil {
		if certificate.Leaf, err = x509.ParseCertificate(certificate.Certificate[0]); err != nil {
			return Identity{}, fmt.Errorf("reading %s: %w", certFile, err)
		}
	}
	i.Certificate, i.own = certificate, false
	i.signer, err = signerOf(certificate.PrivateKey)
	return i, err
}
