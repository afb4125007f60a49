package responder

import (
	"crypto/ecdsa"
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

	"netready/probe/invite"
)

// An Identity is what an invite vouches for.
type Identity struct {
	Certificate tls.Certificate
	Token       string
}

// Pin is the SHA-256 of the certificate's key (SPKI).
func (i Identity) Pin() []byte { return invite.Pin(i.Certificate.Leaf.RawSubjectPublicKeyInfo) }

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

// selfSigned needs no name and no end: the pin says which key it is.
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
	return Identity{tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, token}, nil
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
	token, err := LoadToken(filepath.Join(dir, "token"))
	if err != nil {
		return Identity{}, notInData(err)
	}
	return selfSigned(key, token)
}

// notInData tells the way out of what the system says of a file in the data
// folder: permissions, a full disk.
func notInData(err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%w; make the data folder writable or choose another one with --data", err)
	}
	return err
}

// LoadToken reads a token from a file, or makes one there.
func LoadToken(path string) (string, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		token := newToken()
		return token, WritePrivate(path, []byte(token+"\n"))
	}
	if err != nil {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if err := invite.CheckToken(token); err != nil {
		return "", fmt.Errorf("reading the token from %s: %w; remove the file to get a fresh one", path, err)
	}
	return token, nil
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
	return key, WritePrivate(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// WritePrivate writes a file that only its owner may read, whole or not at all.
func WritePrivate(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".netready-*.tmp") // mode 0600
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// FromFiles is an identity with a certificate of the operator's own.
func FromFiles(certFile, keyFile, token string) (Identity, error) {
	certificate, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return Identity{}, fmt.Errorf("reading the certificate %s with its key %s: %w; give two PEM files that belong together with --tls-cert and --tls-key", certFile, keyFile, err)
	}
	if certificate.Leaf == nil {
		if certificate.Leaf, err = x509.ParseCertificate(certificate.Certificate[0]); err != nil {
			return Identity{}, fmt.Errorf("reading %s: %w", certFile, err)
		}
	}
	return Identity{certificate, token}, nil
}
