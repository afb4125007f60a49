// Package ice reads what a TURN service gives its users: where its servers are and
// the credentials for them. It knows the W3C's list of ICE servers, the answer of
// Amazon Kinesis Video Streams, TURN URIs (RFC 7065) and coturn's shared secret.
// Nothing that it returns shows a secret when it is printed.
package ice

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// ErrInput is wrapped by every error of this package: the user's input cannot be
// used, and the error says what to give.
var ErrInput = errors.New("TURN servers and credentials")

// A Server is one set of credentials, and the transports to the server that they are
// for.
type Server struct {
	URIs     []URI
	Username Secret // in many services it holds a token
	Password Secret
	// Expires is when the credentials expire, where a user name that begins with
	// seconds since 1970 tells it. Zero: not known.
	Expires time.Time
}

// Environment variables that hold secrets, since the arguments of a program
// can be read by everyone on the machine.
const (
	PasswordVariable = "NETREADY_TURN_PASSWORD"
	SecretVariable   = "NETREADY_TURN_SECRET"
)

// A Source is where the user says that servers and credentials are.
type Source struct {
	File         string // the JSON of a TURN service; "-": Stdin
	URI          string // one server, turn: or turns:
	User         string // for URI
	PasswordFile string // for URI; "": PasswordVariable
	Stdin        io.Reader
	Getenv       func(string) string // nil: os.Getenv
	Now          time.Time           // what credentials of a shared secret count from
}

// Load reads the servers.
func (s Source) Load() ([]Server, error) {
	if s.Getenv == nil {
		s.Getenv = os.Getenv
	}
	servers, err := s.load()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	return servers, nil
}

func (s Source) load() ([]Server, error) {
	switch {
	case s.File != "" && s.URI != "":
		return nil, errors.New("give --ice or --turn, not both")
	case s.File == "" && s.URI == "":
		return nil, errors.New("give --ice FILE or --turn URI")
	case s.File != "" && (s.User != "" || s.PasswordFile != ""):
		return nil, errors.New("--turn-user and --turn-password-file go with --turn; the file of --ice contains its own credentials")
	case s.File == "-":
		return s.read(s.Stdin, "standard input")
	case s.File != "":
		f, err := os.Open(s.File)
		if err != nil {
			return nil, fmt.Errorf("opening the file of --ice: %w", err)
		}
		defer f.Close()
		return s.read(f, s.File)
	}
	return s.one()
}

// largestFile is far larger than the file of any service.
const largestFile = 256 << 10

func (s Source) read(r io.Reader, name string) ([]Server, error) {
	if r == nil {
		return nil, fmt.Errorf("%s cannot be read here", name)
	}
	data, err := io.ReadAll(io.LimitReader(r, largestFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	if len(data) > largestFile {
		return nil, fmt.Errorf("%s is larger than %d kB: that is not a list of TURN servers", name, largestFile>>10)
	}
	servers, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return servers, nil
}

// one is the server of --turn.
func (s Source) one() ([]Server, error) {
	u, err := ParseURI(strings.TrimSpace(s.URI))
	if err != nil {
		return nil, fmt.Errorf("--turn: %w", err)
	}
	user, password, err := s.credentials()
	if err != nil {
		return nil, err
	}
	return []Server{{URIs: []URI{u}, Username: user, Password: password, Expires: expiry(user.word)}}, nil
}

// credentials are those for --turn: a user and a password, or both made from a shared
// secret.
func (s Source) credentials() (user, password Secret, err error) {
	word := s.Getenv(PasswordVariable)
	secret := s.Getenv(SecretVariable)
	if s.PasswordFile != "" {
		if word, err = firstLine(s.PasswordFile); err != nil {
			return Secret{}, Secret{}, err
		}
	}
	switch {
	case word != "" && secret != "":
		err = fmt.Errorf("a password and a shared secret (%s) are both set: only one of them can be right, unset the other", SecretVariable)
	case word == "" && secret == "":
		err = fmt.Errorf("no password for --turn: set %s, or give --turn-password-file FILE, or set %s where the server shares a secret (coturn's static-auth-secret)", PasswordVariable, SecretVariable)
	case secret != "":
		user, password = FromSharedSecret(NewSecret(secret), cmp.Or(s.User, "netready"), s.Now)
		return user, password, nil
	case s.User == "":
		err = errors.New("a password and no user for --turn: give --turn-user NAME")
	}
	return NewSecret(s.User), NewSecret(word), err
}

// firstLine is the first line of a small file, in any encoding that editors use.
func firstLine(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("opening the file of --turn-password-file: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, longestWord+1))
	if err != nil {
		return "", fmt.Errorf("reading the file of --turn-password-file: %w", err)
	}
	text, err := decode(data)
	if err != nil {
		return "", fmt.Errorf("--turn-password-file: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimRight(line, "\r"); line == "" || len(data) > longestWord {
		return "", fmt.Errorf("--turn-password-file: its first line is to be the password, of 1 to %d characters", longestWord)
	}
	return line, nil
}

// expiry is the expiry that a user name contains: EXPIRY or EXPIRY:NAME, in seconds
// since 1970, as coturn, Kinesis and others write it.
func expiry(user string) time.Time {
	word, _, _ := strings.Cut(user, ":")
	// Ten digits: from 2001 to 2286.
	seconds, err := strconv.ParseInt(word, 10, 64)
	if err != nil || len(word) != 10 || seconds < 1e9 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
